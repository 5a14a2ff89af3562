package io.meltemi.controlplane.push;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * That one proxy has not been told of the latest world yet.
 *
 * @param triggers why
 * @param sinceNanos when the oldest change arrived (monotonic clock)
 */
public record PushRequest(Set<PushTrigger> triggers, long sinceNanos) {
  public PushRequest {
    triggers = Collections.unmodifiableSet(EnumSet.copyOf(triggers));
  }

  /** Both, as one. */
  public PushRequest merge(PushRequest later) {
    EnumSet<PushTrigger> all = EnumSet.copyOf(triggers);
    all.addAll(later.triggers);
    return new PushRequest(all, Math.min(sinceNanos, later.sinceNanos));
  }
}
