package io.meltemi.proxy;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.parse.ApiSource.Target;
import io.meltemi.proxy.parse.MessageTypes;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * Channels to the servers of configuration that a bootstrap names: clusters with a static endpoint,
 * a Unix domain socket among them, or addresses that gRPC resolves. Any thread.
 */
final class GrpcChannels {
  private static final int RESPONSE_BYTES_MAX = 256 << 20;
  private static final String UNIX = "unix:";

  private final List<Cluster> clusters;
  private final Workers workers;

  /**
   * @param clusters of the bootstrap
   */
  GrpcChannels(List<Cluster> clusters, Workers workers) {
    this.clusters = List.copyOf(clusters);
    this.workers = workers;
  }

  /** What is wrong with a target; empty when it can be dialled. */
  Optional<String> problem(Target target) {
    return switch (target) {
      case Target.UriTarget(String uri) ->
          uri.isEmpty() ? Optional.of("no target_uri") : Optional.empty();
      case Target.ClusterTarget(String name, _) -> {
        Optional<Cluster> cluster = cluster(name);
        if (cluster.isEmpty() || endpoint(cluster.get()).isEmpty()) {
          yield Optional.of("cluster " + name);
        }
        if (isSecured(cluster.get())) {
          yield Optional.of("cluster " + name + " with a transport_socket");
        }
        if (workers.isEpoll() && endpoint(cluster.get()).get().hasPipe()) {
          yield Optional.of("a pipe in cluster " + name + " with epoll");
        }
        yield Optional.empty();
      }
    };
  }

  private Optional<Cluster> cluster(String name) {
    return clusters.stream().filter(cluster -> cluster.getName().equals(name)).findFirst();
  }

  /** Dialling it in plain text would give away what TLS was asked for to keep. */
  private static boolean isSecured(Cluster cluster) {
    return cluster.getTransportSocketMatchesCount() > 0
        || (cluster.hasTransportSocket()
            && !MessageTypes.holds(cluster.getTransportSocket().getTypedConfig(), RawBuffer.class));
  }

  private static Optional<Address> endpoint(Cluster cluster) {
    return cluster.getLoadAssignment().getEndpointsList().stream()
        .flatMap(locality -> locality.getLbEndpointsList().stream())
        .map(endpoint -> endpoint.getEndpoint().getAddress())
        .filter(address -> address.hasSocketAddress() || address.hasPipe())
        .findFirst();
  }

  /**
   * A channel that connects at first use; the caller's to shut down.
   *
   * @throws IllegalArgumentException when {@link #problem} has something to say
   */
  ManagedChannel dial(Target target) {
    NettyChannelBuilder builder =
        switch (target) {
          case Target.UriTarget(String uri) ->
              uri.startsWith(UNIX) ? pipe(path(uri)) : tcp(NettyChannelBuilder.forTarget(uri));
          case Target.ClusterTarget(String name, String authority) -> {
            Address address =
                cluster(name)
                    .flatMap(GrpcChannels::endpoint)
                    .orElseThrow(() -> new IllegalArgumentException("cluster " + name));
            NettyChannelBuilder made =
                address.hasPipe()
                    ? pipe(address.getPipe().getPath())
                    : tcp(
                        NettyChannelBuilder.forAddress(
                            address.getSocketAddress().getAddress(),
                            address.getSocketAddress().getPortValue()));
            yield authority.isEmpty() ? made : made.overrideAuthority(authority);
          }
        };
    return builder
        .usePlaintext()
        .eventLoopGroup(workers.group())
        .maxInboundMessageSize(RESPONSE_BYTES_MAX)
        .build();
  }

  private NettyChannelBuilder tcp(NettyChannelBuilder builder) {
    return builder.channelFactory(workers.clients());
  }

  private static String path(String uri) {
    String path = uri.substring(UNIX.length());
    return path.startsWith("//") ? path.substring(2) : path;
  }

  private static NettyChannelBuilder pipe(String path) {
    SocketAddress address = UnixDomainSocketAddress.of(path);
    return NettyChannelBuilder.forAddress(address)
        .channelFactory(NioDomainSocketChannel::new)
        .overrideAuthority("localhost");
  }
}
