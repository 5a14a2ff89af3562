package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.cluster.HealthCheck;
import io.meltemi.proxy.cluster.HealthCheck.Kind;
import io.meltemi.proxy.cluster.HealthProbe;
import io.meltemi.proxy.cluster.HealthProbes;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Probes over the event loops that carry traffic, but on connections of their own. */
public final class HostProbes implements HealthProbes {
  private final Connector connector;
  private final EventLoopGroup group;
  private final Loops loops;

  public HostProbes(Connector connector, EventLoopGroup group, Loops loops) {
    this.connector = connector;
    this.group = group;
    this.loops = loops;
  }

  @Override
  public HealthProbe make(Cluster cluster, HealthCheck check, Host host) {
    LoopContext loop = loops.get(group.next());
    Cluster shadow = cluster.shadow(settings(cluster.settings(), check));
    Host target = target(host);
    return switch (check.kind()) {
      case Kind.Tcp tcp -> new TcpProbe(loop, connector, shadow, target, tcp);
      case Kind.Http http ->
          new HttpProbe(
              new HttpProbe.Place(loop, connector, shadow, target, check.reuseConnection()),
              HttpQuestion.of(http, authority(http.host(), host, cluster)));
      case Kind.Grpc grpc ->
          new HttpProbe(
              new HttpProbe.Place(loop, connector, shadow, target, check.reuseConnection()),
              HttpQuestion.of(grpc, authority(grpc.authority(), host, cluster)));
    };
  }

  /** The cluster's settings with the check's time and version. */
  private static ClusterSettings settings(ClusterSettings settings, HealthCheck check) {
    boolean http2 =
        switch (check.kind()) {
          case Kind.Http http -> http.http2();
          case Kind.Grpc _ -> true;
          case Kind.Tcp _ -> false;
        };
    ClusterSettings.Connection connection = settings.connection();
    return new ClusterSettings(
        settings.name(),
        settings.statName(),
        settings.discovery(),
        settings.balancing(),
        new ClusterSettings.Connection(
            check.times().timeout(),
            connection.bufferLimitBytes(),
            connection.keepalive(),
            connection.source(),
            ClusterSettings.Preconnect.NONE),
        ClusterSettings.Http.DEFAULT.withProtocol(http2 ? Protocol.HTTP2 : Protocol.HTTP1),
        ClusterSettings.Breakers.DEFAULT);
  }

  /** A host of its own, so that what checks do is not counted as the host's traffic. */
  private static Host target(Host host) {
    SocketAddress address = host.address();
    int port = host.checkTarget().port();
    if (port != 0 && address instanceof InetSocketAddress inet) {
      address = new InetSocketAddress(inet.getAddress(), port);
    }
    return host.twin(address);
  }

  private static String authority(String configured, Host host, Cluster cluster) {
    if (!host.checkTarget().hostname().isEmpty()) {
      return host.checkTarget().hostname();
    }
    return configured.isEmpty() ? cluster.name() : configured;
  }
}
