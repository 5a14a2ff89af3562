package io.meltemi.proxy.listener;

/**
 * What holds for all listeners of a proxy.
 *
 * @param drainNanos how long connections of a removed listener or chain may go on
 * @param connectionsMax of one listener at a time; further ones are closed at once
 */
public record ListenerSettings(long drainNanos, long connectionsMax) {
  /** Envoy's ten minutes; no limit on connections, as Envoy has none by default. */
  public static final ListenerSettings DEFAULT =
      new ListenerSettings(600_000_000_000L, Long.MAX_VALUE);

  public ListenerSettings {
    if (drainNanos < 0 || connectionsMax < 0) {
      throw new IllegalArgumentException(
          "drain: " + drainNanos + " connections: " + connectionsMax + " (expected: >= 0)");
    }
  }
}
