package io.meltemi.proxy.bootstrap;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.meltemi.proxy.parse.ApiSource;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a bootstrap asks for. Listeners, clusters and secrets are parsed by their own rooms.
 *
 * @param admin where the admin server listens; empty for none
 * @param grpcClusters clusters that are used by the proxy's own gRPC services
 * @param message the whole bootstrap as bytes, for {@code /config_dump}
 */
public record BootstrapConfig(
    Node node,
    Optional<InetSocketAddress> admin,
    Dynamic dynamic,
    List<Cluster> clusters,
    List<Listener> listeners,
    List<Secret> secrets,
    Set<String> grpcClusters,
    ByteString message) {
  public BootstrapConfig {
    clusters = List.copyOf(clusters);
    listeners = List.copyOf(listeners);
    secrets = List.copyOf(secrets);
    grpcClusters = Set.copyOf(grpcClusters);
  }

  /**
   * Where configuration comes from while running.
   *
   * @param ads the aggregated stream, when there is one
   */
  public record Dynamic(Optional<ApiSource> ads, Source listeners, Source clusters) {}

  /** The source of one type of resource. */
  public sealed interface Source {
    /** There is none. */
    record None() implements Source {}

    /** The aggregated stream. */
    record Aggregated() implements Source {}

    /**
     * A file with a {@code DiscoveryResponse}, read again when it changes.
     *
     * @param path of the file
     */
    record PathSource(String path) implements Source {}
  }
}
