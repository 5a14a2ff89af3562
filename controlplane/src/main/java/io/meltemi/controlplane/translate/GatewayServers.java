package io.meltemi.controlplane.translate;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
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
import java.util.Optional;
import java.util.Set;

/**
 * The servers of all Gateway resources that select one gateway proxy, merged by the port they stand
 * on.
 *
 * <p>Plain-text HTTP servers of one port share one listener and its routes; servers for TLS that is
 * passed through share one listener whose chains are told apart by server name. What cannot stand
 * beside an older server is left out and reported.
 *
 * <p>Differs from Istio: servers that end TLS come with security; until then they are left out and
 * reported.
 *
 * @param ports by listener, in order of precedence
 * @param problems servers that were left out, and why
 */
public record GatewayServers(List<Port> ports, List<Violation> problems) {
  public GatewayServers {
    ports = List.copyOf(ports);
    problems = List.copyOf(problems);
  }

  /** What a port speaks; servers of different kinds cannot share it. */
  public enum Kind {
    HTTP,
    TCP,
    TLS_PASSTHROUGH
  }

  /**
   * One listener.
   *
   * @param bind where it stands
   * @param routeName of the route configuration; empty unless for HTTP
   * @param servers at least one
   */
  public record Port(HostPort bind, Kind kind, String routeName, List<Server> servers) {
    public Port {
      servers = List.copyOf(servers);
    }
  }

  /** A server and the resource it is part of. */
  public record Server(Gateway.Server spec, Resource<Gateway> gateway, String path) {
    /** {@code namespace/name} of the Gateway, as virtual services name it. */
    public String gatewayName() {
      return gateway.id().toString();
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
        merge.add(new Server(gateway.spec().servers().get(i), gateway, "spec.servers[" + i + ']'));
      }
    }
    return merge.finish();
  }

  /** The servers that share a route configuration; empty when there is none of the name. */
  public List<Server> ofRoute(String routeName) {
    return ports.stream()
        .filter(port -> port.kind() == Kind.HTTP && port.routeName().equals(routeName))
        .flatMap(port -> port.servers().stream())
        .toList();
  }

  /** Collects servers port by port. */
  private static final class Merge {
    private final ProxyNode node;
    private final List<ServiceInstance> instances;
    private final Map<Key, Port> ports = new LinkedHashMap<>();
    private final Map<Key, Set<String>> passthroughHosts = new LinkedHashMap<>();
    private final List<Violation> problems = new ArrayList<>();

    /** A workload port and the written bind address, which may be empty. */
    private record Key(int port, String bind) {}

    Merge(ProxyNode node, List<ServiceInstance> instances) {
      this.node = node;
      this.instances = instances;
    }

    void add(Server server) {
      Optional<Kind> kind = kind(server);
      if (kind.isEmpty()) {
        return;
      }
      if (server.spec().bind().startsWith("unix://")) {
        problem(server, ".bind", server.spec().bind(), "an IP address; Unix sockets come later");
        return;
      }
      int port = workloadPort(server.port());
      if (port < 1024 && node.metadata().unprivilegedPod() && node.placement().isEmpty()) {
        problem(
            server,
            ".port.number",
            Integer.toString(port),
            "1024 or higher: the proxy's pod may not bind lower ports");
        return;
      }
      Key key = new Key(port, server.spec().bind());
      Port present = ports.get(key);
      if (present == null) {
        ports.put(
            key,
            new Port(
                bind(server, port),
                kind.get(),
                routeName(server, port, kind.get()),
                List.of(server)));
        passthroughHosts.put(key, new LinkedHashSet<>(hosts(server)));
        return;
      }
      if (present.kind() != kind.get() || kind.get() == Kind.TCP) {
        problem(
            server,
            ".port",
            server.spec().port().protocol().name(),
            "a protocol that can share the port with " + present.servers().getFirst().gateway());
        return;
      }
      if (kind.get() == Kind.TLS_PASSTHROUGH && !takeHosts(server, key)) {
        return;
      }
      List<Server> servers = new ArrayList<>(present.servers());
      servers.add(server);
      ports.put(key, new Port(present.bind(), present.kind(), present.routeName(), servers));
    }

    GatewayServers finish() {
      return new GatewayServers(List.copyOf(ports.values()), problems);
    }

    private Optional<Kind> kind(Server server) {
      Protocol protocol = server.spec().port().protocol();
      Optional<ServerTls> tls = server.spec().tls();
      if (protocol.isHttp()) {
        return Optional.of(Kind.HTTP);
      }
      if (tls.isEmpty()) {
        return Optional.of(Kind.TCP);
      }
      if (tls.get().mode() == ServerTls.Mode.PASSTHROUGH) {
        return Optional.of(Kind.TLS_PASSTHROUGH);
      }
      problem(
          server,
          ".tls.mode",
          tls.get().mode().name(),
          "PASSTHROUGH; ending TLS is not available yet, so the server is left out");
      return Optional.empty();
    }

    /** Servers name the service's port; the listener stands on the one behind it. */
    private int workloadPort(int port) {
      return instances.stream()
          .filter(instance -> instance.port().number() == port)
          .map(instance -> instance.endpoint().port())
          .findFirst()
          .orElse(port);
    }

    private HostPort bind(Server server, int port) {
      if (node.placement().isPresent()) {
        HostPort placed = node.placement().get().gateway().get(server.port());
        return placed != null ? placed : node.placement().get().gatewayBind(port);
      }
      String written = server.spec().bind();
      return new HostPort(written.isEmpty() ? MeshService.ANY_ADDRESS : written, port);
    }

    private static String routeName(Server server, int port, Kind kind) {
      if (kind != Kind.HTTP) {
        return "";
      }
      String bind = server.spec().bind();
      return "http." + port + (bind.isEmpty() ? "" : '.' + bind);
    }

    private boolean takeHosts(Server server, Key key) {
      Set<String> taken = passthroughHosts.computeIfAbsent(key, _ -> new LinkedHashSet<>());
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
          new Violation(server.gateway().origin(), server.path() + field, found, expected));
    }
  }
}
