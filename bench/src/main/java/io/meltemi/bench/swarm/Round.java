package io.meltemi.bench.swarm;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** A change that is on its way to every sidecar. Any thread. */
final class Round {
  private final List<Awaited> awaited;
  private final CountDownLatch missing;
  private final AtomicLong lastNanos = new AtomicLong();

  /** A resource with new bytes that a sidecar must get. */
  static final class Awaited {
    private final Kind kind;
    private final byte[] name;
    private final byte[] text;

    /**
     * A resource.
     *
     * @param name empty for any
     * @param text what its bytes must hold; empty for anything
     */
    Awaited(Kind kind, String name, String text) {
      this.kind = kind;
      this.name = name.getBytes(StandardCharsets.UTF_8);
      this.text = text.getBytes(StandardCharsets.UTF_8);
    }

    private boolean is(Kind given, Resource resource) {
      return kind == given
          && (name.length == 0
              || Slices.equal(resource.bytes, resource.nameFrom, resource.nameTo, name))
          && Slices.contains(resource.bytes, resource.bodyFrom, resource.bodyTo, text);
    }
  }

  Round(List<Awaited> awaited, int sidecars) {
    this.awaited = List.copyOf(awaited);
    this.missing = new CountDownLatch(sidecars);
  }

  /**
   * What a sidecar has of it now.
   *
   * @param had bits, one for each that is awaited
   * @param resource with new bytes
   */
  int had(int had, Kind kind, Resource resource) {
    int now = had;
    for (int i = 0; i < awaited.size(); i++) {
      if ((now & 1 << i) == 0 && awaited.get(i).is(kind, resource)) {
        now |= 1 << i;
      }
    }
    if (now != had && now == (1 << awaited.size()) - 1) {
      lastNanos.accumulateAndGet(System.nanoTime(), Math::max);
      missing.countDown();
    }
    return now;
  }

  CountDownLatch missing() {
    return missing;
  }

  /** When the last sidecar so far had everything, as {@link System#nanoTime}. */
  long lastNanos() {
    return lastNanos.get();
  }
}
