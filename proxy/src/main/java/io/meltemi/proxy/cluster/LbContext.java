package io.meltemi.proxy.cluster;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a load balancer may ask about the stream it chooses for. Used on the stream's event loop.
 */
public interface LbContext {
  /** Fresh random bits; every call gives others. */
  long random();

  /** Where the client really connected to, for original-destination clusters; null when unknown. */
  default @Nullable SocketAddress originalDestination() {
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
}
