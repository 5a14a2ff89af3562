package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Decorator;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.HttpRetry;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.MutualTls;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RetryTerms;
import io.meltemi.controlplane.translate.TlsContexts;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The listeners through which a sidecar's workload is called: {@code virtualInbound} with chains
 * per port, or with a {@link LocalPlacement} one bound listener per port.
 *
 * <p>Differs from Istio: a proxy without certificates takes plain text on every port, whatever
 * policies say.
 */
final class InboundListeners {
  private static final String CATCH_ALL = "virtualInbound";
  private static final String CATCH_ALL_HTTP = "virtualInbound-catchall-http";
  private static final String RESET_BEFORE_REQUEST = "reset-before-request";
  private static final int RETRIES = 2;

  private final ProxyNode node;
  private final PushContext context;
  private final SidecarScope scope;
  private final ConnectionManagers managers;
  private final TcpProxies proxies;
  private final MutualTls mutualTls;
  private final NetworkGuards guards;

  InboundListeners(ProxyNode node, PushContext context, SidecarScope scope) {
    this.node = node;
    this.context = context;
    this.scope = scope;
    this.managers = new ConnectionManagers(node, context);
    this.proxies = new TcpProxies(node, context);
    this.guards = new NetworkGuards(node, context);
    this.mutualTls =
        node.hasCertificates() ? context.mutualTls(node.namespace(), node.labels()) : MutualTls.OFF;
  }

  /** The listeners of a sidecar whose traffic is captured; without capture only bound ports. */
  List<GeneratedResource> listeners() {
    List<GeneratedResource> listeners = new ArrayList<>();
    List<InboundPort> captured = new ArrayList<>();
    for (InboundPort port : InboundPort.of(node, context, scope)) {
      if (port.bindToPort()) {
        listeners.add(bound(port, port.bind()));
      } else {
        captured.add(port);
      }
    }
    if (node.metadata().interceptionMode() != ProxyNode.InterceptionMode.NONE) {
      listeners.add(virtualInbound(captured));
    }
    return listeners;
  }

  /** One listener for every port of the placement, with or without a service. */
  List<GeneratedResource> local(LocalPlacement placement) {
    List<InboundPort> known = InboundPort.of(node, context, scope);
    List<GeneratedResource> listeners = new ArrayList<>();
    new TreeMap<>(placement.inbound())
        .forEach(
            (number, where) -> {
              InboundPort port =
                  known.stream()
                      .filter(candidate -> candidate.port() == number)
                      .findFirst()
                      .orElseGet(() -> withoutService(number));
              listeners.add(bound(port, where.bind()));
            });
    return listeners;
  }

  private static InboundPort withoutService(int port) {
    return new InboundPort(
        new HostPort(MeshService.ANY_ADDRESS, port),
        true,
        Protocol.UNSUPPORTED,
        "",
        port,
        Metadata.getDefaultInstance(),
        Origin.BUILT_IN);
  }

  private GeneratedResource bound(InboundPort port, HostPort bind) {
    Listener.Builder listener = OutboundListeners.base(bind, TrafficDirection.INBOUND, true);
    waitForBytes(listener);
    List<Filter> tcp = bytes(port.port(), ClusterNames.inbound(port.port()));
    String name = OutboundListeners.name(port.bind());
    if (port.protocol().isHttp()) {
      listener.addFilterChains(
          chain(name, FilterChainMatch.getDefaultInstance(), http(port), port));
    } else if (port.protocol().isUnsupported()) {
      listener
          .addListenerFilters(ListenerFilters.HTTP_INSPECTOR)
          .addFilterChains(chain(name, FilterChains.HTTP, http(port), port))
          .setDefaultFilterChain(chain(name, FilterChainMatch.getDefaultInstance(), tcp, port));
    } else {
      listener.addFilterChains(chain(name, FilterChainMatch.getDefaultInstance(), tcp, port));
    }
    return new GeneratedResource(listener.getName(), listener.build(), List.of(port.origin()));
  }

  private GeneratedResource virtualInbound(List<InboundPort> ports) {
    int own = context.mesh().listeners().inboundPort();
    Listener.Builder listener =
        Listener.newBuilder()
            .setName("virtualInbound")
            .setAddress(OutboundListeners.address(new HostPort(MeshService.ANY_ADDRESS, own)))
            .setTrafficDirection(TrafficDirection.INBOUND)
            .setMaxConnectionsToAcceptPerSocketEvent(ProtoValues.uint32(1))
            .addAllAccessLog(AccessLogs.ofListener(context.mesh()));
    waitForBytes(listener);
    if (node.metadata().interceptionMode() == ProxyNode.InterceptionMode.TPROXY) {
      listener.setTransparent(ProtoValues.TRUE);
    }
    listener.addFilterChains(
        FilterChains.named(
            "virtualInbound-blackhole",
            FilterChains.forPort(FilterChainMatch.getDefaultInstance(), own),
            List.of(proxies.toCluster(ClusterNames.BLACK_HOLE))));
    catchAll().forEach(listener::addFilterChains);
    Set<Origin> origins = new LinkedHashSet<>();
    for (InboundPort port : ports) {
      captured(port).forEach(listener::addFilterChains);
      origins.add(port.origin());
    }
    listener.addListenerFilters(ListenerFilters.ORIGINAL_DST);
    List<FilterChain> chains = listener.getFilterChainsList();
    ListenerFilters.where(ListenerFilters.TLS_INSPECTOR, chains, FilterChains::needsTlsInspector)
        .ifPresent(listener::addListenerFilters);
    ListenerFilters.where(ListenerFilters.HTTP_INSPECTOR, chains, FilterChains::needsHttpInspector)
        .ifPresent(listener::addListenerFilters);
    return new GeneratedResource(listener.getName(), listener.build(), List.copyOf(origins));
  }

  private void waitForBytes(Listener.Builder listener) {
    listener
        .setListenerFiltersTimeout(
            ProtoValues.duration(context.mesh().listeners().protocolDetectionTimeout()))
        .setContinueOnListenerFiltersTimeout(true);
  }

  /** Connections to ports that no service is known for. */
  private List<FilterChain> catchAll() {
    List<Filter> http =
        guards.requests(
            ListenerClass.SIDECAR_INBOUND,
            0,
            managers.withRoutes(
                0,
                ClusterNames.INBOUND_PASSTHROUGH + ';',
                routes(ClusterNames.INBOUND_PASSTHROUGH, "", 0, Protocol.UNSUPPORTED),
                false));
    List<Filter> tcp = bytes(0, ClusterNames.INBOUND_PASSTHROUGH);
    return detected(mutualTls.mode()).stream()
        .map(kind -> kind.chain(kind.http() ? CATCH_ALL_HTTP : CATCH_ALL, http, tcp))
        .toList();
  }

  private List<FilterChain> captured(InboundPort port) {
    PeerAuthentication.Mode mode = mutualTls.of(port.port());
    List<Kind> kinds =
        port.protocol().isUnsupported()
            ? detected(mode)
            : port.protocol().isHttp() ? http(mode) : bytes(mode);
    List<Filter> http = http(port);
    List<Filter> tcp = bytes(port.port(), ClusterNames.inbound(port.port()));
    return kinds.stream()
        .map(
            kind ->
                withMetadata(
                    kind.forPort(port.port()).chain(OutboundListeners.name(port.bind()), http, tcp),
                    port))
        .toList();
  }

  /**
   * A kind of connection to a port.
   *
   * @param http it carries requests
   * @param ended mutual TLS ends here
   */
  private record Kind(FilterChainMatch match, boolean http, Optional<TransportSocket> ended) {
    Kind forPort(int port) {
      return new Kind(FilterChains.forPort(match, port), http, ended);
    }

    FilterChain chain(String name, List<Filter> requests, List<Filter> bytes) {
      FilterChain chain = FilterChains.named(name, match, http ? requests : bytes);
      return ended
          .map(socket -> chain.toBuilder().setTransportSocket(socket).build())
          .orElse(chain);
    }
  }

  private Kind mutualHttp(FilterChainMatch match) {
    return new Kind(
        match, true, Optional.of(TlsContexts.inbound(context.mesh(), TlsContexts.ALPN_HTTP)));
  }

  private Kind mutualBytes(FilterChainMatch match) {
    return new Kind(
        match, false, Optional.of(TlsContexts.inbound(context.mesh(), TlsContexts.ALPN_TCP)));
  }

  private static Kind plainHttp(FilterChainMatch match) {
    return new Kind(match, true, Optional.empty());
  }

  private static Kind plainBytes(FilterChainMatch match) {
    return new Kind(match, false, Optional.empty());
  }

  /** The kinds of a port whose protocol is found out. */
  private List<Kind> detected(PeerAuthentication.Mode mode) {
    return switch (mode) {
      case STRICT ->
          List.of(mutualHttp(FilterChains.MUTUAL_AROUND_HTTP), mutualBytes(FilterChains.ANY_TLS));
      case DISABLE -> List.of(plainHttp(FilterChains.HTTP), plainBytes(FilterChains.PLAIN));
      case PERMISSIVE, UNSET ->
          List.of(
              mutualHttp(FilterChains.MUTUAL_AROUND_HTTP),
              plainHttp(FilterChains.HTTP),
              mutualBytes(FilterChains.MUTUAL_AROUND_BYTES),
              plainBytes(FilterChains.PLAIN),
              plainBytes(FilterChains.ANY_TLS));
    };
  }

  private List<Kind> http(PeerAuthentication.Mode mode) {
    return switch (mode) {
      case STRICT -> List.of(mutualHttp(FilterChains.ANY_TLS));
      case DISABLE -> List.of(plainHttp(FilterChains.PLAIN));
      case PERMISSIVE, UNSET ->
          List.of(mutualHttp(FilterChains.MUTUAL), plainHttp(FilterChains.PLAIN));
    };
  }

  private List<Kind> bytes(PeerAuthentication.Mode mode) {
    return switch (mode) {
      case STRICT -> List.of(mutualBytes(FilterChains.ANY_TLS));
      case DISABLE -> List.of(plainBytes(FilterChains.PLAIN));
      case PERMISSIVE, UNSET ->
          List.of(
              mutualBytes(FilterChains.MUTUAL),
              plainBytes(FilterChains.ANY_TLS),
              plainBytes(FilterChains.PLAIN));
    };
  }

  /** Bytes to a cluster, from those who may send them. */
  private List<Filter> bytes(int port, String cluster) {
    return guards.bytes(ListenerClass.SIDECAR_INBOUND, port, List.of(proxies.toCluster(cluster)));
  }

  private static FilterChain chain(
      String name, FilterChainMatch match, List<Filter> filters, InboundPort port) {
    return withMetadata(FilterChains.named(name, match, filters), port);
  }

  private static FilterChain withMetadata(FilterChain chain, InboundPort port) {
    return port.metadata().getFilterMetadataCount() == 0
        ? chain
        : chain.toBuilder().setMetadata(port.metadata()).build();
  }

  private List<Filter> http(InboundPort port) {
    return guards.requests(
        ListenerClass.SIDECAR_INBOUND,
        port.port(),
        managers.withRoutes(
            port.port(),
            "inbound_" + OutboundListeners.name(port.bind()) + ';',
            routes(
                ClusterNames.inbound(port.port()),
                port.host(),
                port.servicePort(),
                port.protocol()),
            port.protocol().isHttp2()));
  }

  private RouteConfiguration routes(
      String cluster, String host, int servicePort, Protocol protocol) {
    RouteAction.Builder action =
        RouteAction.newBuilder()
            .setCluster(cluster)
            .setTimeout(Duration.getDefaultInstance())
            .setMaxStreamDuration(
                RouteAction.MaxStreamDuration.newBuilder()
                    .setMaxStreamDuration(Duration.getDefaultInstance())
                    .setGrpcTimeoutHeaderMax(Duration.getDefaultInstance()));
    if (protocol != Protocol.GRPC && protocol != Protocol.GRPC_WEB) {
      retryPolicy(context.mesh()).ifPresent(action::setRetryPolicy);
    }
    return RouteConfiguration.newBuilder()
        .setName(cluster)
        .setValidateClusters(ProtoValues.FALSE)
        .addVirtualHosts(
            VirtualHost.newBuilder()
                .setName("inbound|http|" + servicePort)
                .addDomains("*")
                .addRoutes(
                    Route.newBuilder()
                        .setName("default")
                        .setMatch(RouteMatch.newBuilder().setPrefix("/"))
                        .setRoute(action)
                        .setDecorator(
                            Decorator.newBuilder().setOperation(host + ':' + servicePort + "/*"))))
        .build();
  }

  /** A request that the workload has not seen may be sent again. */
  private static Optional<RetryPolicy> retryPolicy(MeshConfig mesh) {
    Optional<HttpRetry> written = mesh.upstream().defaultInboundHttpRetryPolicy();
    if (written.isPresent() && written.get().attempts() == 0) {
      return Optional.empty();
    }
    RetryPolicy.Builder policy =
        RetryPolicy.newBuilder()
            .setRetryOn(RESET_BEFORE_REQUEST)
            .setNumRetries(ProtoValues.uint32(written.map(HttpRetry::attempts).orElse(RETRIES)));
    written
        .map(HttpRetry::retryOn)
        .filter(terms -> !terms.isEmpty())
        .ifPresent(terms -> RetryTerms.apply(policy, terms));
    written
        .flatMap(HttpRetry::backoff)
        .ifPresent(
            base ->
                policy.setRetryBackOff(
                    RetryPolicy.RetryBackOff.newBuilder()
                        .setBaseInterval(ProtoValues.duration(base))));
    return Optional.of(policy.build());
  }
}
