package io.meltemi.proxy.network;

import java.util.Set;

/** A network filter's parsed configuration in a chain. Shared by event loops. */
public interface NetworkFilterConfig {
  /**
   * Adds the filter's handler at the end of the connection's pipeline. The channel is active and
   * does not read; the filter that ends the chain reads, or turns auto-read on, when it wants
   * bytes. Bytes that listener filters have peeked at come as the first {@code channelRead}, right
   * after every filter was added and whether or not anyone reads. Event loop of the connection.
   */
  void install(DownstreamConnection connection);

  /** Names of the RDS resources this filter waits for; empty when it needs none. */
  default Set<String> routeNames() {
    return Set.of();
  }

  /** It is to be put in force: what it needs is asked for. Once; on the configuration thread. */
  default void hold() {}

  /** Whether what it needs, but for routes, is still to come. */
  default boolean isWaiting() {
    return false;
  }

  /** No new connections come; those there are go on. After {@link #hold}; on the same thread. */
  default void close() {}
}
