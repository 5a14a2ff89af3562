package io.meltemi.proxy.http;

/** A filter's parsed configuration in a chain. Immutable; shared by event loops. */
public interface HttpFilterConfig {
  /** A new filter for one slot of streams; never shared between event loops. */
  HttpFilter newFilter(HttpFilterContext context);

  /** It is to be put in force: what it needs is asked for. Once; on the configuration thread. */
  default void hold() {}

  /** Whether what it needs is still to come, so that its listener waits. */
  default boolean isWaiting() {
    return false;
  }

  /** No new streams come; those that run go on. After {@link #hold}; on the same thread. */
  default void close() {}
}
