package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.controlplane.translate.cluster.ClusterGenerator;
import io.meltemi.controlplane.translate.endpoint.EndpointGenerator;
import io.meltemi.controlplane.translate.envoyfilter.ExtensionConfigGenerator;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.names.NameTableGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is shared and kept is what would be made for each proxy alone, in every world. */
class TranslationsTest {
  private static final int STEPS = 60;
  private static final List<String> NAMESPACES = List.of("shop", "pay", "istio-system");
  private static final List<String> HOSTS = List.of("a", "b", "c", "d");

  private static final List<ResourceGenerator> GENERATORS =
      List.of(
          new PatchedGenerator(new ClusterGenerator()),
          new EndpointGenerator(),
          new PatchedGenerator(new ListenerGenerator()),
          new PatchedGenerator(new RouteGenerator()),
          new ExtensionConfigGenerator(),
          new NameTableGenerator());

  private final YamlWorld world = new YamlWorld();
  private final ResourceMaker maker =
      new ResourceMaker(GENERATORS, PushEvents.NONE, new FakeTicker());

  private static ProxyNode node(
      ProxyNode.Type type,
      String namespace,
      String ip,
      String zone,
      Map<String, String> labels,
      boolean certificates) {
    return new ProxyNode(
        type,
        "pod-" + ip + "." + namespace,
        namespace + ".svc.cluster.local",
        List.of(ip),
        new Locality("eu", zone, ""),
        new ProxyNode.Metadata(
            namespace,
            Labels.of(labels),
            "default",
            "Kubernetes",
            "",
            "node-" + zone,
            ProxyNode.InterceptionMode.REDIRECT,
            0,
            false,
            false,
            false,
            "1.30.0",
            certificates,
            Optional.empty(),
            Map.of("ISTIO_VERSION", "1.30.0", "CLUSTER_ID", "Kubernetes")),
        Optional.empty());
  }

  private static ProxyNode sidecar(String namespace, String app, int number, String zone) {
    return node(
        ProxyNode.Type.SIDECAR,
        namespace,
        "10.0." + HOSTS.indexOf(app) + "." + number,
        zone,
        Map.of("app", app, "version", "v" + number, "team", "red"),
        number % 2 == 1);
  }

  private static final List<ProxyNode> NODES =
      List.of(
          sidecar("shop", "a", 1, "eu-1"),
          sidecar("shop", "a", 2, "eu-2"),
          sidecar("shop", "b", 1, "eu-1"),
          sidecar("pay", "c", 1, "eu-1"),
          sidecar("pay", "d", 2, "eu-2"),
          node(
              ProxyNode.Type.ROUTER,
              "istio-system",
              "10.1.0.1",
              "eu-1",
              Map.of("istio", "ingressgateway"),
              true));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whatIsKeptIsWhatWouldBeMadeNow(long seed) {
    Random random = new Random(seed);
    Translations latest = new Translations(world.context(), "0", maker);
    for (int step = 0; step < STEPS; step++) {
      int edits = 1 + random.nextInt(3);
      List<String> edited = new ArrayList<>();
      for (int i = 0; i < edits; i++) {
        edited.add(edit(random));
      }
      WorldBuilder.World next = world.next();
      Set<View> used = new HashSet<>();
      for (ProxyNode node : NODES) {
        for (ResourceGenerator generator : GENERATORS) {
          // of some proxies and types nobody asks in this world
          if (random.nextInt(3) > 0) {
            used.addAll(generator.views(node, latest.context().views()));
          }
        }
      }
      latest = latest.next(next.context(), "" + step, next.change(), used);
      PushContext anew = world.anew();
      for (ProxyNode node : NODES) {
        if (random.nextInt(3) > 0) {
          compare(node, latest, anew, "seed " + seed + ", step " + step + ", " + edited);
        }
      }
    }
  }

  private void compare(ProxyNode node, Translations latest, PushContext anew, String when) {
    Map<String, String> clusters =
        compare(TypeUrl.CLUSTER, node, NameSet.EMPTY, latest, anew, when);
    compare(
        TypeUrl.ENDPOINT, node, NameSet.of(new TreeSet<>(clusters.keySet())), latest, anew, when);
    compare(TypeUrl.LISTENER, node, NameSet.EMPTY, latest, anew, when);
    List<String> routes = new ArrayList<>(List.of("80", "9080", "http.80", "15010"));
    HOSTS.forEach(host -> routes.add(host + ".shop.svc.cluster.local:9080"));
    compare(TypeUrl.ROUTE, node, NameSet.of(routes), latest, anew, when);
    compare(TypeUrl.EXTENSION_CONFIG, node, NameSet.of(List.of("shop.w")), latest, anew, when);
    compare(TypeUrl.NAME_TABLE, node, NameSet.EMPTY, latest, anew, when);
  }

  /** Compares with what all views of the whole proxy give. */
  private Map<String, String> compare(
      TypeUrl type,
      ProxyNode node,
      NameSet names,
      Translations latest,
      PushContext anew,
      String when) {
    ResourceGenerator generator =
        GENERATORS.stream().filter(one -> one.type().equals(type)).findFirst().orElseThrow();
    List<View> views = generator.views(node, latest.context().views());
    Map<String, String> kept = new TreeMap<>();
    for (ResourceGroup group : latest.groups(type, views, names).orElseThrow()) {
      for (EncodedResource resource : group.resources()) {
        kept.put(resource.name(), resource.version());
      }
    }
    Map<String, String> fresh = new TreeMap<>();
    for (View view : views) {
      for (GeneratedResource made : generator.generate(new View(view.part(), node), anew, names)) {
        fresh.putIfAbsent(made.name(), EncodedResource.encode(made.name(), made.body()).version());
      }
    }
    assertEquals(fresh, kept, () -> type.shortName() + " of " + node.id() + ", " + when);
    return fresh;
  }

  // ---- random configuration

  private static <T> T one(Random random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Changes one file; tells which. */
  private String edit(Random random) {
    String namespace = one(random, NAMESPACES.subList(0, 2));
    String host = one(random, HOSTS);
    int number = random.nextInt(3);
    String kind =
        one(
            random,
            List.of(
                "service", "service", "slice", "slice", "entry", "route", "route", "rule",
                "sidecar", "peer", "policy", "filter", "gateway", "wasm", "pod", "mesh"));
    String file = kind + "-" + namespace + "-" + (kind.equals("filter") ? "" : host) + ".yaml";
    if (kind.equals("mesh")) {
      if (random.nextInt(4) == 0) {
        otherMesh = !otherMesh;
        world.mesh(
            otherMesh
                ? mesh("{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}")
                : MeshConfig.DEFAULT);
      }
      return "mesh";
    }
    String text =
        random.nextInt(5) == 0 ? "" : text(kind, random, namespace, host, number).stripIndent();
    // what stands before it moves it
    world.write(file, "# moved\n".repeat(random.nextInt(3)) + text);
    return file + (text.isEmpty() ? " emptied" : "");
  }

  private boolean otherMesh;

  private static MeshConfig mesh(String yaml) {
    return MeshConfigParser.parse(yaml, "mesh.yaml").orElseThrow();
  }

  private static String text(
      String kind, Random random, String namespace, String host, int number) {
    String meta = "metadata: {name: %s, namespace: %s}\n".formatted(host, namespace);
    return switch (kind) {
      case "service" ->
          "apiVersion: v1\nkind: Service\n"
              + "metadata: {name: %s, namespace: %s%s}\n"
                  .formatted(
                      host,
                      namespace,
                      number == 2 ? ", annotations: {networking.istio.io/exportTo: .}" : "")
              + "spec: {clusterIP: %s, %sselector: {app: %s}, ports: [{name: %s, port: 9080}]}\n"
                  .formatted(
                      random.nextInt(4) == 0 ? "None" : "10.9.0." + (1 + HOSTS.indexOf(host)),
                      random.nextInt(5) == 0 ? "internalTrafficPolicy: Local, " : "",
                      host,
                      one(random, List.of("http", "tcp", "grpc")));
      case "slice" -> {
        StringBuilder ends = new StringBuilder();
        for (int i = 0; i <= number; i++) {
          ends.append(
              "- {addresses: [10.0.%d.%d], zone: eu-%d, nodeName: node-eu-%d, conditions: {ready: true}, targetRef: {kind: Pod, name: %s-%d}}\n"
                  .formatted(
                      HOSTS.indexOf(host), i + 1, 1 + random.nextInt(2), 1 + i % 2, host, i + 1));
        }
        yield "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
            + "metadata: {name: %s, namespace: %s, labels: {kubernetes.io/service-name: %s}}\n"
                .formatted(host, namespace, host)
            + "addressType: IPv4\nports: [{name: http, port: 9080}]\nendpoints:\n"
            + ends;
      }
      case "pod" ->
          "apiVersion: v1\nkind: Pod\n"
              + "metadata: {name: %s-1, namespace: %s, labels: {app: %s, version: v%d, security.istio.io/tlsMode: istio}}\n"
                  .formatted(host, namespace, host, number)
              + "spec: {serviceAccountName: sa-%d, containers: [{name: a, image: a}]}\nstatus: {podIP: 10.0.%d.1, phase: Running}\n"
                  .formatted(number, HOSTS.indexOf(host));
      case "entry" ->
          "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              + meta
              + "spec: {hosts: [%s.example.com], resolution: %s, ports: [{number: 80, name: http, protocol: HTTP}]%s%s}\n"
                  .formatted(
                      host,
                      number == 0 ? "DNS" : "STATIC",
                      number == 0
                          ? ""
                          : ", endpoints: [{address: 10.2.0.%d}]".formatted(1 + random.nextInt(3)),
                      random.nextBoolean() ? "" : ", exportTo: [.]");
      case "route" ->
          "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
              + meta
              + "spec: {hosts: [%s], gateways: %s, http: [{%sroute: [{destination: {host: %s%s}}], timeout: %ds}]}\n"
                  .formatted(
                      host,
                      one(random, List.of("[mesh]", "[mesh, shop/a]", "[pay/b]")),
                      one(
                          random,
                          List.of(
                              "",
                              "match: [{sourceLabels: {version: v1}}], ",
                              "match: [{sourceNamespace: pay}], ")),
                      one(random, HOSTS),
                      number == 0 ? "" : ", subset: v" + number,
                      1 + number);
      case "rule" ->
          "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
              + meta
              + "spec:\n  host: %s\n  subsets: [{name: v1, labels: {version: v1}}, {name: v%d, labels: {version: v%d}}]\n%s%s"
                  .formatted(
                      host,
                      2 + number,
                      number,
                      random.nextInt(3) == 0
                          ? "  workloadSelector: {matchLabels: {version: v1}}\n"
                          : "",
                      one(
                          random,
                          List.of(
                              "",
                              "  trafficPolicy: {loadBalancer: {simple: RANDOM}}\n",
                              "  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}, loadBalancer: {localityLbSetting: {failoverPriority: [version, team]}}}\n",
                              "  trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x}}}\n")));
      case "sidecar" ->
          "apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
              + meta
              + "spec: {%segress: [{hosts: ['%s']}]}\n"
                  .formatted(
                      number == 0 ? "workloadSelector: {labels: {app: %s}}, ".formatted(host) : "",
                      one(random, List.of("./*", "*/*", "shop/*", "~/*")));
      case "peer" ->
          "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
              + meta
              + "spec: {%smtls: {mode: %s}}\n"
                  .formatted(
                      number == 0 ? "selector: {matchLabels: {app: %s}}, ".formatted(host) : "",
                      one(random, List.of("STRICT", "DISABLE", "PERMISSIVE")));
      case "policy" ->
          "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
              + meta
              + "spec: {%saction: %s, rules: [{from: [{source: {namespaces: [n%d]}}]}]}\n"
                  .formatted(
                      number == 0 ? "selector: {matchLabels: {app: %s}}, ".formatted(host) : "",
                      one(random, List.of("ALLOW", "DENY")),
                      number);
      case "filter" ->
          "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n"
              + "metadata: {name: f, namespace: %s}\n".formatted(one(random, NAMESPACES))
              + "spec:\n%s  configPatches:\n%s"
                  .formatted(
                      number == 0
                          ? "  workloadSelector: {labels: {app: %s}}\n".formatted(host)
                          : "",
                      one(
                          random,
                          List.of(
                              "  - {applyTo: CLUSTER, match: {context: ANY}, patch: {operation: MERGE, value: {connect_timeout: 7s}}}\n",
                              "  - {applyTo: CLUSTER, match: {context: ANY, proxy: {proxyVersion: '^1.30.*'}}, patch: {operation: ADD, value: {name: added, type: STATIC}}}\n",
                              "  - {applyTo: LISTENER, match: {context: ANY}, patch: {operation: ADD, value: {name: added, address: {socket_address: {address: 127.0.0.1, port_value: 7}}}}}\n",
                              "  - {applyTo: VIRTUAL_HOST, match: {context: SIDECAR_OUTBOUND}, patch: {operation: MERGE, value: {request_headers_to_remove: [x]}}}\n",
                              "  - {applyTo: CLUSTER, match: {context: SIDECAR_INBOUND}, patch: {operation: REMOVE}}\n")));
      case "gateway" ->
          "apiVersion: networking.istio.io/v1\nkind: Gateway\n"
              + meta
              + "spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['%s']}]}\n"
                  .formatted(one(random, List.of("*", "shop/*", "a.example.com")));
      case "wasm" ->
          "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n"
              + "metadata: {name: w, namespace: %s}\n".formatted(namespace)
              + "spec: {%surl: 'file:///tmp/%d.wasm'}\n"
                  .formatted(
                      number == 0 ? "selector: {matchLabels: {app: %s}}, ".formatted(host) : "",
                      number);
      default -> throw new IllegalArgumentException(kind);
    };
  }

  // ---- sharing

  private static final String SERVICES =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: a, namespace: shop}
      spec: {clusterIP: 10.9.0.1, selector: {app: a}, ports: [{name: http, port: 9080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: c, namespace: pay}
      spec: {clusterIP: 10.9.0.3, selector: {app: c}, ports: [{name: http, port: 9080}]}
      """;

  private ResourceGroup reached(Translations latest, ProxyNode node) {
    return latest
        .groups(
            TypeUrl.CLUSTER,
            GENERATORS.getFirst().views(node, latest.context().views()),
            NameSet.EMPTY)
        .orElseThrow()
        .getFirst();
  }

  @Test
  void proxiesThatDifferInWhatDoesNotMatterShareOneGroup() {
    world.write("services.yaml", SERVICES);
    Translations latest = new Translations(world.context(), "1", maker);
    ProxyNode one =
        node(ProxyNode.Type.SIDECAR, "shop", "10.0.0.1", "eu-1", Map.of("x", "1"), true);
    ProxyNode other =
        node(ProxyNode.Type.SIDECAR, "shop", "10.0.0.2", "eu-1", Map.of("x", "2"), true);
    assertSame(reached(latest, one), reached(latest, other));

    world.write(
        "rule.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: r, namespace: shop}
        spec:
          host: c.pay.svc.cluster.local
          workloadSelector: {matchLabels: {x: "1"}}
          trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}
        """);
    WorldBuilder.World next = world.next();
    latest = latest.next(next.context(), "2", next.change(), Set.of());
    ResourceGroup first = reached(latest, one);
    ResourceGroup second = reached(latest, other);
    assertEquals(
        List.of("outbound|9080||c.pay.svc.cluster.local"),
        first.since(second).changed().stream().map(EncodedResource::name).toList());
    assertSame(
        first.get("outbound|9080||a.shop.svc.cluster.local"),
        second.get("outbound|9080||a.shop.svc.cluster.local"),
        "what is the same in both is the very same bytes");
  }

  @Test
  void aGroupThatComesOutTheSameIsTheSame() throws Exception {
    world.write("services.yaml", SERVICES);
    Translations first = new Translations(world.context(), "1", maker);
    ProxyNode node = NODES.getFirst();
    ResourceGroup before = reached(first, node);
    world.write("services.yaml", "# a line more\n" + SERVICES);
    WorldBuilder.World moved = world.next();
    assertTrue(moved.change().isEmpty(), "nothing but line numbers changed");
    world
        .mesh(MeshConfig.DEFAULT)
        .write("pay.yaml", SERVICES.replace("a, namespace: shop", "e, namespace: pay"));
    WorldBuilder.World next = world.next();
    Translations second =
        first.next(
            next.context(),
            "2",
            next.change(),
            new HashSet<>(GENERATORS.getFirst().views(node, first.context().views())));
    ResourceGroup after = reached(second, node);
    assertEquals(
        List.of("outbound|9080||e.pay.svc.cluster.local"),
        after.since(before).changed().stream().map(EncodedResource::name).toList());
    EncodedResource added = after.get("outbound|9080||e.pay.svc.cluster.local");
    assertEquals(
        "outbound|9080||e.pay.svc.cluster.local",
        Cluster.parseFrom(added == null ? null : added.bytes()).getName());
  }
}
