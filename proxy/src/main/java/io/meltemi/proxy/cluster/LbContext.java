package io.meltemi.proxy.cluster;

import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a load balancer may ask about the stream it chooses for. Used on the stream's event loop.
 */
public interface LbContext {
  /** Fresh random bits; every call gives others. */
  long random();

  /**
   * Whether the request has a {@link #hash}. Asked only by policies that hash, because a cookie may
   * be made for it.
   */
  default boolean hasHash() {
    return false;
  }

  /** What consistent hashing goes by; asked after {@link #hasHash}. */
  default long hash() {
    return 0;
  }

  /** Where the client really connected to, for original-destination clusters; null when unknown. */
  default @Nullable SocketAddress originalDestination() {
    return null;
  }

  /**
   * What the metadata of the client's connection say; null for nothing.
   *
   * @param key namespace and path
   */
  default @Nullable Object connectionMetadata(List<String> key) {
    return null;
  }

  /** The name, or address, that the request is for, perhaps with a port; null when unknown. */
  default @Nullable String requestedHost() {
    return null;
  }

  /** True when this host must not be taken again (retry host predicates). */
  default boolean rejects(Host host) {
    return false;
  }

  /** How often another host is tried after {@link #rejects}; the last one is then taken. */
  default int hostSelectionAttemptsMax() {
    return 1;
  }

  /** Whether priorities shall be {@link #avoids avoided} (retry priority). */
  default boolean avoidsPriorities() {
    return false;
  }

  /** Whether hosts of this priority shall not be taken while another one has any. */
  default boolean avoids(int priority) {
    return false;
  }

  /** No priority is left: all are to be tried anew. */
  default void avoidNoPriority() {}

  /** The hosts that the request names there; null when it names none. */
  default @Nullable String wantedHosts(HostSource source) {
    return null;
  }

  /** How many hosts were tried for the request. */
  default int attempt() {
    return 0;
  }
}
