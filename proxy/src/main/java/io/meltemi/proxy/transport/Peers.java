package io.meltemi.proxy.transport;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.proxy.telemetry.Stats;

/** What the peers of one proxy and the proxy tell each other of themselves. */
public record Peers(PeerMetadata own, PeerExchange.Stats stats) {
  /** Those of a node. */
  public static Peers of(Node node, Stats stats) {
    return new Peers(
        PeerMetadata.of(node), PeerExchange.Stats.of(stats.scope("metadata_exchange.")));
  }
}
