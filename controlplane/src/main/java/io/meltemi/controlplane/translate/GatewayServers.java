package io.meltemi.controlplane.translate;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.registry.HostNames;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceInstance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The servers of all Gateway resources that select one gateway proxy, merged by the port they stand
 * on.
 *
 * <p>Plain-text HTTP servers of one port share one listener and its routes; TLS servers share one
 * listener whose chains are told apart by server name. What cannot stand beside an older server is
 * left out and reported.
 *
 * @param ports by listener, in order of precedence
 * @param problems servers that were left out, and why
 */
public record GatewayServers(List<Port> ports, List<Problem> problems) {
  public GatewayServers {
    ports = List.copyOf(ports);
    problems = List.copyOf(problems);
  }

  /** What a port speaks; servers of different kinds cannot share it. */
  public enum Kind {
    HTTP,
    TCP,
    /** Passed through by server name, or ended here. */
    TLS
  }

  /**
   * One listener.
   *
   * @param bind where it stands
   * @param servers at least one
   */
  public record Port(HostPort bind, Kind kind, List<Server> servers) {
    public Port {
      servers = List.copyOf(servers);
    }
  }

  /**
   * A server and the resource it is part of.
   *
   * @param path of the server in the resource
   * @param routeName of its route configuration; empty unless for HTTP
   */
  public record Server(
      Gateway.Server spec, Resource<Gateway> gateway, String path, String routeName) {
    /** {@code namespace/name} of the Gateway, as virtual services name it. */
    public String gatewayName() {
      return gateway.id().toString();
    }

    /** What is done with TLS; PASSTHROUGH for a server that has none. */
    public ServerTls.Mode tlsMode() {
      return spec.tls().map(ServerTls::mode).orElse(ServerTls.Mode.PASSTHROUGH);
    }

    /** True when connections are opened here. */
    public boolean endsTls() {
      return switch (tlsMode()) {
        case PASSTHROUGH, AUTO_PASSTHROUGH -> false;
        case SIMPLE, MUTUAL, ISTIO_MUTUAL, OPTIONAL_MUTUAL -> true;
      };
    }

    /** The written hosts, in lower case. */
    public List<String> hosts() {
      return spec.hosts().stream().map(host -> host.host().toLowerCase(Locale.ROOT)).toList();
    }

    /** The port that clients ask for. */
    public int port() {
      return spec.port().number();
    }

    public boolean redirectsToHttps() {
      return spec.tls().map(ServerTls::httpsRedirect).orElse(false);
    }

    /**
     * The hosts that both the server and a virtual service are for, each the narrower of the two.
     */
    public Set<String> hostsOf(Resource<VirtualService> rule) {
      Set<String> both = new LinkedHashSet<>();
      for (String own : hostsFor(rule.namespace())) {
        for (String host : rule.spec().hosts()) {
          if (HostNames.isSubsetOf(own, host)) {
            both.add(own);
          } else if (HostNames.isSubsetOf(host, own)) {
            both.add(host);
          }
        }
      }
      return both;
    }

    /** The hosts that virtual services of a namespace may bind to. */
    private List<String> hostsFor(String namespace) {
      return spec.hosts().stream()
          .filter(
              host ->
                  switch (host.namespace()) {
                    case "*" -> true;
                    case "." -> gateway.namespace().equals(namespace);
                    default -> host.namespace().equals(namespace);
                  })
          .map(host -> host.host().toLowerCase(Locale.ROOT))
          .toList();
    }
  }

  /** The ports of a gateway proxy. */
  public static GatewayServers of(ProxyNode node, PushContext context) {
    Merge merge = new Merge(node, context.instancesOf(node));
    for (Resource<Gateway> gateway : context.gatewaysOf(node)) {
      for (int i = 0; i < gateway.spec().servers().size(); i++) {
        merge.add(gateway, i);
      }
    }
    return merge.finish();
  }

  /** The servers that pass mutual TLS on to the service that it asks for. */
  public List<Server> automaticPassthrough() {
    return ports.stream()
        .flatMap(port -> port.servers().stream())
        .filter(server -> server.tlsMode() == ServerTls.Mode.AUTO_PASSTHROUGH)
        .toList();
  }

  /** The servers that share a route configuration; empty when there is none of the name. */
  public List<Server> ofRoute(String routeName) {
    return ports.stream()
        .flatMap(port -> port.servers().stream())
        .filter(server -> !routeName.isEmpty() && server.routeName().equals(routeName))
        .toList();
  }

  /** Collects servers port by port. */
  private static final class Merge {
    private final ProxyNode node;
    private final List<ServiceInstance> instances;
    private final Map<Key, Port> ports = new LinkedHashMap<>();
    private final Map<Key, Set<String>> tlsHosts = new LinkedHashMap<>();
    private final List<Problem> problems = new ArrayList<>();

    /** A workload port and the written bind address, which may be empty. */
    private record Key(int port, String bind) {}

    Merge(ProxyNode node, List<ServiceInstance> instances) {
      this.node = node;
      this.instances = instances;
    }

    void add(Resource<Gateway> gateway, int index) {
      Gateway.Server spec = gateway.spec().servers().get(index);
      int port = workloadPort(spec.port().number());
      Kind kind = kind(spec);
      Server server =
          new Server(
              spec, gateway, "spec.servers[" + index + ']', routeName(spec, gateway, kind, port));
      if (spec.bind().startsWith("unix://")) {
        problem(server, ".bind", spec.bind(), "an IP address; Unix sockets come later");
        return;
      }
      if (port < 1024 && node.metadata().unprivilegedPod() && !placed(server.port())) {
        problem(
            server,
            ".port.number",
            Integer.toString(port),
            "1024 or higher: the proxy's pod may not bind lower ports");
        return;
      }
      Key key = new Key(port, spec.bind());
      Port present = ports.get(key);
      if (present != null && (present.kind() != kind || kind == Kind.TCP)) {
        problem(
            server,
            ".port",
            spec.port().protocol().name(),
            "a protocol that can share the port with " + present.servers().getFirst().gateway());
        return;
      }
      if (server.tlsMode() == ServerTls.Mode.ISTIO_MUTUAL && !node.hasCertificates()) {
        problem(
            server,
            ".tls.mode",
            "ISTIO_MUTUAL",
            "a mode with certificates of its own: the proxy " + node.id() + " has none");
        return;
      }
      if (kind == Kind.TLS && !takeHosts(server, key)) {
        return;
      }
      List<Server> servers = new ArrayList<>(present == null ? List.of() : present.servers());
      servers.add(server);
      ports.put(
          key, new Port(present == null ? bind(server, port) : present.bind(), kind, servers));
    }

    GatewayServers finish() {
      return new GatewayServers(List.copyOf(ports.values()), problems);
    }

    private static Kind kind(Gateway.Server server) {
      if (server.port().protocol().isHttp()) {
        return Kind.HTTP;
      }
      return server.tls().isEmpty() ? Kind.TCP : Kind.TLS;
    }

    /** Servers name the service's port; the listener stands on the one behind it. */
    private int workloadPort(int port) {
      return instances.stream()
          .filter(instance -> instance.port().number() == port)
          .map(instance -> instance.endpoint().port())
          .findFirst()
          .orElse(port);
    }

    /** Somebody decided where the port is served instead. */
    private boolean placed(int serverPort) {
      return node.placement().filter(found -> found.gateway().containsKey(serverPort)).isPresent();
    }

    private HostPort bind(Server server, int port) {
      if (node.placement().isPresent()) {
        HostPort placed = node.placement().get().gateway().get(server.port());
        return placed != null ? placed : node.placement().get().gatewayBind(port);
      }
      String written = server.spec().bind();
      return new HostPort(written.isEmpty() ? MeshService.ANY_ADDRESS : written, port);
    }

    private static String routeName(
        Gateway.Server server, Resource<Gateway> gateway, Kind kind, int port) {
      String bind = server.bind().isEmpty() ? "" : '.' + server.bind();
      if (kind == Kind.HTTP) {
        return "http." + port + bind;
      }
      boolean ended =
          server
              .tls()
              .filter(
                  tls ->
                      tls.mode() != ServerTls.Mode.PASSTHROUGH
                          && tls.mode() != ServerTls.Mode.AUTO_PASSTHROUGH)
              .isPresent();
      return ended && server.port().protocol() == Protocol.HTTPS
          ? String.join(
                  ".",
                  "https",
                  Integer.toString(server.port().number()),
                  server.port().name(),
                  gateway.name(),
                  gateway.namespace())
              + bind
          : "";
    }

    private boolean takeHosts(Server server, Key key) {
      Set<String> taken = tlsHosts.computeIfAbsent(key, _ -> new LinkedHashSet<>());
      for (String host : hosts(server)) {
        if (taken.contains(host)) {
          problem(server, ".hosts", host, "a host that no other server on the port has");
          return false;
        }
      }
      taken.addAll(hosts(server));
      return true;
    }

    private static List<String> hosts(Server server) {
      return server.spec().hosts().stream().map(Gateway.Host::host).toList();
    }

    private void problem(Server server, String field, String found, String expected) {
      problems.add(
          new Problem(
              Problem.Severity.WARNING,
              server.gateway().toString(),
              new Violation(server.gateway().origin(), server.path() + field, found, expected)));
    }
  }
}
