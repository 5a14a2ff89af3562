package io.meltemi.controlplane.push;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What one proxy has not been told yet.
 *
 * @param change between the world it was told and the world now
 * @param triggers why
 * @param full everything is compared, whatever the change says
 * @param sinceNanos when the oldest change arrived (monotonic clock)
 */
public record PushRequest(
    WorldChange change, Set<PushTrigger> triggers, boolean full, long sinceNanos) {
  public PushRequest {
    triggers = Collections.unmodifiableSet(EnumSet.copyOf(triggers));
  }

  /** Both, as one. */
  public PushRequest merge(PushRequest later) {
    EnumSet<PushTrigger> all = EnumSet.copyOf(triggers);
    all.addAll(later.triggers);
    return new PushRequest(
        change.merge(later.change),
        all,
        full || later.full,
        Math.min(sinceNanos, later.sinceNanos));
  }
}
