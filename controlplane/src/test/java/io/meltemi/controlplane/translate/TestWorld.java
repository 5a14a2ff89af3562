package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.HeaderOperations;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.Port;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.EndpointIndex;
import io.meltemi.controlplane.registry.ExportTo;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.controlplane.registry.ServicePort;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A small world built in code: services in order of age, rules, gateways. */
public final class TestWorld {
  private static final String DOMAIN = "cluster.local";

  private final List<MeshService> services = new ArrayList<>();
  private final Map<ServiceKey, List<ServiceEndpoint>> endpoints = new LinkedHashMap<>();
  private final List<Resource<VirtualService>> virtualServices = new ArrayList<>();
  private final List<Resource<Gateway>> gateways = new ArrayList<>();
  private MeshConfig mesh = MeshConfig.DEFAULT;

  public TestWorld mesh(MeshConfig value) {
    mesh = value;
    return this;
  }

  /** A Kubernetes service of namespace default; an empty address makes none. */
  public TestWorld service(String name, String address, ServicePort... ports) {
    return service(name + ".default.svc." + DOMAIN, address, MeshService.Source.KUBERNETES, ports);
  }

  /** A ServiceEntry of namespace default. */
  public TestWorld external(String host, String address, ServicePort... ports) {
    return service(host, address, MeshService.Source.SERVICE_ENTRY, ports);
  }

  private TestWorld service(
      String host, String address, MeshService.Source source, ServicePort... ports) {
    services.add(
        new MeshService(
            new ServiceKey(host, "default"),
            Arrays.asList(ports),
            Resolution.ENDPOINTS,
            address.isEmpty() ? List.of() : List.of(address),
            ExportTo.EVERYONE,
            new MeshService.Attributes(
                source,
                host,
                Labels.EMPTY,
                Labels.EMPTY,
                Instant.ofEpochSecond(services.size()),
                source == MeshService.Source.SERVICE_ENTRY,
                false,
                "",
                false,
                "",
                List.of(),
                List.of()),
            Origin.of("services.yaml").at(services.size() + 1, 1)));
    return this;
  }

  /** An endpoint of the latest service. */
  public TestWorld endpoint(String address, int port, String portName) {
    endpoints
        .computeIfAbsent(services.getLast().key(), _ -> new ArrayList<>())
        .add(
            new ServiceEndpoint(
                address,
                port,
                portName,
                ServiceEndpoint.Health.HEALTHY,
                1,
                Locality.UNKNOWN,
                new ServiceEndpoint.Workload("w", "default", Labels.EMPTY, "", "", "", "", "")));
    return this;
  }

  public TestWorld virtualService(String name, VirtualService spec) {
    virtualServices.add(
        new Resource<>(
            Kinds.VIRTUAL_SERVICE,
            Metadata.of("default", name),
            spec,
            Origin.of(name + ".yaml").at(1, 1)));
    return this;
  }

  public TestWorld gateway(String name, Gateway.Server... servers) {
    gateways.add(
        new Resource<>(
            Kinds.GATEWAY,
            Metadata.of("default", name),
            new Gateway(Labels.EMPTY, Arrays.asList(servers)),
            Origin.of(name + ".yaml").at(1, 1)));
    return this;
  }

  public PushContext context() {
    return new PushContext(
        new PushContext.Inputs(
            mesh,
            DOMAIN,
            services,
            new EndpointIndex(endpoints),
            new PushContext.Traffic(
                virtualServices,
                List.of(),
                gateways,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of())));
  }

  public static ServicePort port(String name, int number, Protocol protocol) {
    return new ServicePort(name, number, protocol);
  }

  public static ProxyNode sidecar(String ip) {
    return node(ProxyNode.Type.SIDECAR, ip, Optional.empty());
  }

  public static ProxyNode sidecar(String ip, LocalPlacement placement) {
    return node(ProxyNode.Type.SIDECAR, ip, Optional.of(placement));
  }

  public static ProxyNode router(String ip) {
    return node(ProxyNode.Type.ROUTER, ip, Optional.empty());
  }

  public static ProxyNode router(String ip, LocalPlacement placement) {
    return node(ProxyNode.Type.ROUTER, ip, Optional.of(placement));
  }

  private static ProxyNode node(
      ProxyNode.Type type, String ip, Optional<LocalPlacement> placement) {
    return new ProxyNode(
        type,
        "w.default",
        "default.svc." + DOMAIN,
        List.of(ip),
        Locality.UNKNOWN,
        new ProxyNode.Metadata(
            "default",
            Labels.EMPTY,
            "",
            "",
            "",
            "",
            ProxyNode.InterceptionMode.REDIRECT,
            0,
            false,
            false,
            false,
            "",
            placement.isEmpty(),
            Optional.empty(),
            Map.of()),
        placement);
  }

  public static HostPort at(String address) {
    return HostPort.parse(address);
  }

  public static VirtualService http(List<String> hosts, List<String> gateways, HttpRoute... http) {
    return new VirtualService(
        hosts, gateways, Arrays.asList(http), List.of(), List.of(), List.of());
  }

  public static VirtualService tcp(List<String> hosts, TcpRoute... tcp) {
    return new VirtualService(
        hosts, List.of(), List.of(), List.of(), Arrays.asList(tcp), List.of());
  }

  public static VirtualService tls(List<String> hosts, List<String> gateways, TlsRoute... tls) {
    return new VirtualService(hosts, gateways, List.of(), Arrays.asList(tls), List.of(), List.of());
  }

  /** Everything to one host. */
  public static HttpRoute to(String host, String subset) {
    return route(List.of(), forward(host, subset));
  }

  public static HttpRoute route(List<HttpMatch> match, HttpAction action) {
    return new HttpRoute("", match, action, HttpRoute.Policy.NONE);
  }

  public static HttpAction forward(String host, String subset) {
    return new HttpAction.Forward(
        List.of(
            new HttpAction.WeightedDestination(
                new Destination(host, subset, OptionalInt.empty()), 0, HeaderOperations.NONE)));
  }

  public static List<TcpRoute.WeightedDestination> destination(String host, int port) {
    return List.of(
        new TcpRoute.WeightedDestination(new Destination(host, "", OptionalInt.of(port)), 0));
  }

  public static HttpMatch prefix(String path) {
    return new HttpMatch(
        "",
        new HttpMatch.Request(
            Optional.of(new StringMatch.Prefix(path)),
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            Map.of(),
            Map.of()),
        SourceMatch.ANY,
        OptionalInt.empty(),
        "");
  }

  public static Gateway.Server server(
      int port, Protocol protocol, Optional<ServerTls> tls, String... hosts) {
    return new Gateway.Server(
        new Port(port, protocol, "p" + port, OptionalInt.empty()),
        "",
        Arrays.stream(hosts).map(host -> new Gateway.Host("*", host)).toList(),
        tls,
        "",
        "");
  }

  public static ServerTls tls(ServerTls.Mode mode, boolean httpsRedirect) {
    return new ServerTls(
        httpsRedirect,
        mode,
        new ServerTls.Credentials(
            new ServerTls.Files("", "", ""), List.of(), "", List.of(), "", ""),
        new ServerTls.Peer(List.of(), List.of(), List.of(), Optional.empty()),
        ServerTls.ProtocolVersion.TLS_AUTO,
        ServerTls.ProtocolVersion.TLS_AUTO,
        List.of(),
        List.of());
  }
}
