package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServicePort;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The listeners through which a sidecar's workload reaches others: one per port for HTTP, one per
 * address and port for byte streams, and {@code virtualOutbound} that hands connections over to
 * them by their original destination.
 *
 * <p>Services that want the same address and port share one listener: HTTP services by its routes,
 * byte streams by their filter chains, of which the older service's stays when two match alike.
 */
final class OutboundListeners {
  private static final String LOCALHOST = "127.0.0.1";
  private static final String UNIX_PREFIX = "unix://";

  private final ProxyNode node;
  private final PushContext context;
  private final SidecarScope scope;
  private final RuleScope rules;
  private final ConnectionManagers managers;
  private final TcpProxies proxies;
  private final NetworkGuards guards;
  private final Map<HostPort, Entry> entries = new LinkedHashMap<>();

  OutboundListeners(ProxyNode node, PushContext context, SidecarScope scope) {
    this.node = node;
    this.context = context;
    this.scope = scope;
    this.rules = RuleScope.mesh(node);
    this.managers = new ConnectionManagers(node, context);
    this.proxies = new TcpProxies(node, context);
    this.guards = new NetworkGuards(node, context);
  }

  /** A listener while services are added to it. */
  private static final class Entry {
    final HostPort bind;
    final boolean bindToPort;
    final List<FilterChain> chains = new ArrayList<>();
    final Set<Origin> origins = new LinkedHashSet<>();
    Protocol protocol;

    /** Made by an egress entry with a port, which no later entry adds to. */
    boolean locked;

    Entry(HostPort bind, boolean bindToPort, Protocol protocol) {
      this.bind = bind;
      this.bindToPort = bindToPort;
      this.protocol = protocol;
    }
  }

  /**
   * A service port that asks for a listener.
   *
   * @param bind empty lets the protocol decide
   * @param port the listener's port and protocol, which an egress entry may set apart from the
   *     service's
   */
  private record Request(
      MeshService service,
      ServicePort port,
      String bind,
      boolean bindToPort,
      List<Resource<VirtualService>> virtualServices) {}

  /** All listeners of a sidecar whose traffic is captured, or that applications are pointed at. */
  List<GeneratedResource> listeners() {
    for (SidecarScope.EgressListener egress : scope.egress()) {
      Optional<Sidecar.Egress> config = egress.config();
      if (config.isPresent() && config.get().port().isPresent()) {
        addPort(egress, config.get());
      } else {
        entries.values().forEach(entry -> entry.locked = true);
        addAllPorts(egress, config);
      }
    }
    List<GeneratedResource> listeners = new ArrayList<>();
    entries.values().forEach(entry -> listeners.add(listener(entry)));
    httpProxy().ifPresent(listeners::add);
    if (node.metadata().interceptionMode() != ProxyNode.InterceptionMode.NONE) {
      listeners.add(virtualOutbound());
    }
    return listeners;
  }

  /**
   * The listeners of a sidecar that shares its machine: its HTTP proxy, and one per placed service
   * port. A placed port whose service the sidecar does not see gets none.
   */
  List<GeneratedResource> local(LocalPlacement placement) {
    List<GeneratedResource> listeners = new ArrayList<>();
    placement.httpProxy().ifPresent(bind -> listeners.add(httpProxy(bind)));
    Map<HostPort, HostPort> sorted = new TreeMap<>(Comparator.comparing(HostPort::toString));
    sorted.putAll(placement.outbound());
    sorted.forEach(
        (target, bind) ->
            scope
                .service(target.host())
                .flatMap(
                    service -> service.port(target.port()).map(port -> placed(service, port, bind)))
                .ifPresent(listeners::add));
    return listeners;
  }

  /** One service port on an address of its own, so that the address alone tells the service. */
  private GeneratedResource placed(MeshService service, ServicePort port, HostPort bind) {
    Entry entry = new Entry(bind, true, port.protocol());
    String routes = service.hostname() + ':' + port.number();
    if (port.protocol().isHttp()) {
      entry.chains.add(
          httpChain(FilterChainMatch.getDefaultInstance(), bind, port.number(), routes));
    } else {
      if (port.protocol().isUnsupported()) {
        entry.chains.add(httpChain(FilterChains.HTTP, bind, port.number(), routes));
      }
      entry.chains.addAll(
          new TcpChains(rules, proxies, guards)
              .of(service, port, List.of(), false, virtualServices()));
    }
    entry.origins.add(service.origin());
    return listener(entry);
  }

  private List<Resource<VirtualService>> virtualServices() {
    return scope.egress().stream()
        .flatMap(egress -> egress.virtualServices().stream())
        .distinct()
        .toList();
  }

  private void addPort(SidecarScope.EgressListener egress, Sidecar.Egress config) {
    io.meltemi.config.traffic.Port port = config.port().orElseThrow();
    boolean bindToPort = binds(Optional.of(config)) || config.bind().startsWith(UNIX_PREFIX);
    String bind = config.bind().isEmpty() && bindToPort ? LOCALHOST : config.bind();
    ServicePort listenPort = new ServicePort(port.name(), port.number(), port.protocol());
    for (MeshService service : egress.services()) {
      if (service.resolution() == Resolution.ALIAS) {
        continue;
      }
      add(new Request(service, listenPort, bind, bindToPort, egress.virtualServices()));
    }
  }

  private void addAllPorts(SidecarScope.EgressListener egress, Optional<Sidecar.Egress> config) {
    boolean bindToPort = binds(config);
    String written = config.map(Sidecar.Egress::bind).orElse("");
    String bind = written.isEmpty() && bindToPort ? LOCALHOST : written;
    for (MeshService service : egress.services()) {
      for (ServicePort port : service.ports()) {
        if (service.resolution() == Resolution.ALIAS
            || port.protocol() == Protocol.UDP
            || (bindToPort && !canBind(port.number()))) {
          continue;
        }
        Request request = new Request(service, port, bind, bindToPort, egress.virtualServices());
        if (bind.isEmpty() && standsPerEndpoint(service, port)) {
          addPerEndpoint(request);
        } else {
          add(request);
        }
      }
    }
  }

  private boolean binds(Optional<Sidecar.Egress> config) {
    return node.metadata().interceptionMode() == ProxyNode.InterceptionMode.NONE
        || config.map(egress -> egress.captureMode() == Sidecar.CaptureMode.NONE).orElse(false);
  }

  private boolean canBind(int port) {
    return port >= 1024 || !node.metadata().unprivilegedPod();
  }

  /** Byte streams to a service without an address can only be told apart by their endpoints. */
  private boolean standsPerEndpoint(MeshService service, ServicePort port) {
    return service.resolution() == Resolution.PASSTHROUGH
        && service.defaultAddress(node.metadata().dnsCapture()).equals(MeshService.ANY_ADDRESS)
        && (port.protocol().isTcp() || port.protocol().isTls() || port.protocol().isUnsupported());
  }

  private void addPerEndpoint(Request request) {
    MeshService service = request.service();
    List<ServiceEndpoint> endpoints = context.endpoints().endpoints(service.key(), request.port());
    if (endpoints.isEmpty()
        && service.attributes().source() == MeshService.Source.SERVICE_ENTRY
        && service.attributes().selector().isEmpty()) {
      // a ServiceEntry without endpoints will never have any: every address is meant
      add(request);
      return;
    }
    for (ServiceEndpoint endpoint : endpoints) {
      if (!endpoint.isUnixSocket() && !endpoint.address().equals(node.ip())) {
        add(
            new Request(
                service,
                request.port(),
                endpoint.address(),
                request.bindToPort(),
                request.virtualServices()));
      }
    }
  }

  private void add(Request request) {
    ServicePort port = request.port();
    boolean http = port.protocol().isHttp();
    String address = request.service().defaultAddress(node.metadata().dnsCapture());
    List<String> ranges = List.of();
    String bind = request.bind();
    if (bind.isEmpty()) {
      if (http) {
        bind = MeshService.ANY_ADDRESS;
      } else if (address.indexOf('/') >= 0) {
        bind = MeshService.ANY_ADDRESS;
        ranges = request.service().addresses(node.metadata().dnsCapture());
      } else {
        bind = address;
      }
    }
    if (isOwnPort(request, bind)) {
      return;
    }
    HostPort key = new HostPort(bind, port.number());
    Entry entry = entries.get(key);
    if (entry != null && entry.locked) {
      return;
    }
    if (entry == null) {
      entry = new Entry(key, request.bindToPort(), port.protocol());
      entry.chains.addAll(chains(request, key, ranges));
      entries.put(key, entry);
    } else if (http && !entry.protocol.isTcp() && !entry.protocol.isTls()) {
      // the chain for HTTP is there; the routes tell services apart
      entry.protocol = entry.protocol.isHttp() ? entry.protocol : Protocol.UNSUPPORTED;
    } else {
      merge(entry, chains(request, key, ranges));
      if (http != entry.protocol.isHttp() || port.protocol().isUnsupported()) {
        entry.protocol = Protocol.UNSUPPORTED;
      }
    }
    entry.origins.add(request.service().origin());
  }

  /** Captured connections to the proxy's own ports would run in a circle. */
  private boolean isOwnPort(Request request, String bind) {
    int port = request.port().number();
    return !request.bindToPort()
        && bind.equals(MeshService.ANY_ADDRESS)
        && (port == context.mesh().listeners().outboundPort()
            || port == context.mesh().listeners().inboundPort());
  }

  private static void merge(Entry entry, List<FilterChain> incoming) {
    for (FilterChain chain : incoming) {
      boolean taken =
          entry.chains.stream()
              .anyMatch(old -> old.getFilterChainMatch().equals(chain.getFilterChainMatch()));
      if (!taken) {
        entry.chains.add(chain);
      }
    }
  }

  private List<FilterChain> chains(Request request, HostPort bind, List<String> ranges) {
    Protocol protocol = request.port().protocol();
    List<FilterChain> chains = new ArrayList<>();
    boolean wildcard = bind.host().equals(MeshService.ANY_ADDRESS);
    if (protocol.isHttp()) {
      FilterChainMatch match = wildcard ? FilterChains.HTTP : FilterChainMatch.getDefaultInstance();
      String routes =
          bind.host().startsWith(UNIX_PREFIX) ? bind.host() : Integer.toString(bind.port());
      chains.add(httpChain(match, bind, bind.port(), routes));
      return chains;
    }
    if (protocol.isUnsupported()) {
      String routes =
          wildcard
              ? Integer.toString(bind.port())
              : request.service().hostname() + ':' + bind.port();
      chains.add(httpChain(FilterChains.HTTP, bind, bind.port(), routes));
    }
    chains.addAll(
        new TcpChains(rules, proxies, guards)
            .of(request.service(), request.port(), ranges, wildcard, request.virtualServices()));
    return chains;
  }

  private FilterChain httpChain(FilterChainMatch match, HostPort bind, int port, String routeName) {
    return FilterChains.of(
        match,
        guards.requests(
            ListenerClass.SIDECAR_OUTBOUND,
            port,
            managers.withRds(
                ListenerClass.SIDECAR_OUTBOUND,
                port,
                "outbound_" + name(bind) + ';',
                routeName,
                Http1ProtocolOptions.getDefaultInstance())));
  }

  private GeneratedResource listener(Entry entry) {
    Listener.Builder listener = base(entry.bind, TrafficDirection.OUTBOUND, entry.bindToPort);
    listener
        .setListenerFiltersTimeout(
            ProtoValues.duration(context.mesh().listeners().protocolDetectionTimeout()))
        .setContinueOnListenerFiltersTimeout(true);
    if (FilterChains.needTlsInspector(entry.chains)) {
      listener.addListenerFilters(ListenerFilters.TLS_INSPECTOR);
    }
    if (FilterChains.needHttpInspector(entry.chains)) {
      listener.addListenerFilters(ListenerFilters.HTTP_INSPECTOR);
    }
    List<FilterChain> chains = FilterChains.distinct(entry.chains);
    if (chains.size() == 1 && FilterChains.matchesAll(chains.getFirst())) {
      listener.addFilterChains(chains.getFirst());
    } else {
      FilterChain rest = passthroughChain();
      for (FilterChain chain : chains) {
        if (FilterChains.matchesAll(chain)) {
          rest = chain;
        } else {
          listener.addFilterChains(chain);
        }
      }
      listener.setDefaultFilterChain(rest);
    }
    return new GeneratedResource(listener.getName(), listener.build(), List.copyOf(entry.origins));
  }

  private FilterChain passthroughChain() {
    return FilterChain.newBuilder()
        .setName("PassthroughFilterChain")
        .setFilterChainMatch(FilterChainMatch.getDefaultInstance())
        .addAllFilters(toUnknown())
        .build();
  }

  private List<Filter> toUnknown() {
    return guards.bytes(
        ListenerClass.SIDECAR_OUTBOUND, 0, List.of(proxies.toCluster(unknownTrafficCluster())));
  }

  private String unknownTrafficCluster() {
    OutboundTrafficPolicy policy = scope.outboundTrafficPolicy();
    if (policy.mode() == OutboundTrafficPolicy.Mode.REGISTRY_ONLY) {
      return ClusterNames.BLACK_HOLE;
    }
    return policy
        .egressProxy()
        .filter(proxy -> proxy.port().isPresent())
        .map(proxy -> ClusterNames.outbound(proxy.port().getAsInt(), proxy.subset(), proxy.host()))
        .orElse(ClusterNames.PASSTHROUGH);
  }

  private GeneratedResource virtualOutbound() {
    int port = context.mesh().listeners().outboundPort();
    Listener.Builder listener =
        Listener.newBuilder()
            .setName("virtualOutbound")
            .setAddress(address(new HostPort(MeshService.ANY_ADDRESS, port)))
            .setTrafficDirection(TrafficDirection.OUTBOUND)
            .setUseOriginalDst(ProtoValues.TRUE)
            .setMaxConnectionsToAcceptPerSocketEvent(ProtoValues.uint32(1))
            .addAllAccessLog(AccessLogs.ofListener(context.mesh()))
            .addFilterChains(
                FilterChains.named(
                    "virtualOutbound-blackhole",
                    FilterChains.forPort(FilterChainMatch.getDefaultInstance(), port),
                    List.of(proxies.toCluster(ClusterNames.BLACK_HOLE))))
            .addFilterChains(
                FilterChains.named(
                    "virtualOutbound-catchall-tcp",
                    FilterChainMatch.getDefaultInstance(),
                    toUnknown()));
    if (node.metadata().interceptionMode() == ProxyNode.InterceptionMode.TPROXY) {
      listener.setTransparent(ProtoValues.TRUE);
    }
    return new GeneratedResource(listener.getName(), listener.build(), List.of(Origin.BUILT_IN));
  }

  /** The listener that applications use as their HTTP proxy, when there is a port for it. */
  private Optional<GeneratedResource> httpProxy() {
    int port =
        node.metadata().httpProxyPort() != 0
            ? node.metadata().httpProxyPort()
            : context.mesh().listeners().httpProxyPort();
    return port == 0 ? Optional.empty() : Optional.of(httpProxy(new HostPort(LOCALHOST, port)));
  }

  private GeneratedResource httpProxy(HostPort bind) {
    Listener.Builder listener =
        base(bind, TrafficDirection.OUTBOUND, true)
            .addFilterChains(
                FilterChains.of(
                    FilterChainMatch.getDefaultInstance(),
                    List.of(
                        managers.withRds(
                            ListenerClass.SIDECAR_OUTBOUND,
                            0,
                            "outbound_" + name(bind) + ';',
                            "http_proxy",
                            Http1ProtocolOptions.newBuilder()
                                .setAllowAbsoluteUrl(ProtoValues.TRUE)
                                .build()))));
    return new GeneratedResource(listener.getName(), listener.build(), List.of(Origin.BUILT_IN));
  }

  static Listener.Builder base(HostPort bind, TrafficDirection direction, boolean bindToPort) {
    Listener.Builder listener =
        Listener.newBuilder()
            .setName(name(bind))
            .setAddress(address(bind))
            .setTrafficDirection(direction);
    if (bindToPort) {
      listener.setMaxConnectionsToAcceptPerSocketEvent(ProtoValues.uint32(1));
    } else {
      listener.setBindToPort(ProtoValues.FALSE);
    }
    return listener;
  }

  static String name(HostPort bind) {
    return bind.host() + '_' + bind.port();
  }

  static Address address(HostPort bind) {
    if (bind.host().startsWith(UNIX_PREFIX)) {
      return Address.newBuilder()
          .setPipe(Pipe.newBuilder().setPath(bind.host().substring(UNIX_PREFIX.length())))
          .build();
    }
    return Address.newBuilder()
        .setSocketAddress(
            SocketAddress.newBuilder().setAddress(bind.host()).setPortValue(bind.port()))
        .build();
  }
}
