package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PushContextTest {
  private static final String SERVICES =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 9080}, {name: admin, port: 8000}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: ratings, namespace: default}
      spec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 9080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: details, namespace: other}
      spec: {clusterIP: 10.96.0.3, ports: [{name: http, port: 9080}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: secret, namespace: other, annotations: {networking.istio.io/exportTo: '.'}}
      spec: {clusterIP: 10.96.0.4, ports: [{name: http, port: 80}]}
      ---
      """;

  private static ProxyNode node(ProxyNode.Type type, String namespace, Map<String, String> labels) {
    return new ProxyNode(
        type,
        "p." + namespace,
        namespace + ".svc.cluster.local",
        List.of("10.0.0.1"),
        Locality.UNKNOWN,
        new ProxyNode.Metadata(
            namespace,
            Labels.of(labels),
            "",
            "Kubernetes",
            "",
            "",
            ProxyNode.InterceptionMode.REDIRECT,
            0,
            false,
            false,
            false,
            "",
            true,
            Optional.empty(),
            Map.of()),
        Optional.empty());
  }

  private static ProxyNode sidecar(String namespace) {
    return node(ProxyNode.Type.SIDECAR, namespace, Map.of("app", "client"));
  }

  private static List<String> names(SidecarScope scope) {
    return scope.allServices().stream().map(service -> service.attributes().name()).toList();
  }

  @Test
  void withoutSidecarEverythingExportedIsSeen() {
    PushContext context = YamlWorld.of(SERVICES);
    SidecarScope scope = context.sidecarScope(sidecar("default"));
    assertEquals(List.of("details", "ratings", "reviews"), names(scope));
    assertEquals(OutboundTrafficPolicy.Mode.ALLOW_ANY, scope.outboundTrafficPolicy().mode());
    assertEquals(
        List.of("details", "ratings", "reviews", "secret"),
        names(context.sidecarScope(sidecar("other"))));
    assertTrue(
        context.sees(
            sidecar("default"), new ServiceKey("reviews.default.svc.cluster.local", "default")));
  }

  @Test
  void theMostFittingSidecarIsChosen() {
    PushContext context =
        YamlWorld.of(
            SERVICES
                + """
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: a-for-all, namespace: default}
                spec: {egress: [{hosts: ['./*']}]}
                ---
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: b-for-client, namespace: default}
                spec:
                  workloadSelector: {labels: {app: client}}
                  egress: [{hosts: ['*/details.other.svc.cluster.local']}]
                ---
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: root, namespace: istio-system}
                spec: {egress: [{hosts: ['~/*']}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
                """);
    assertEquals(List.of("details"), names(context.sidecarScope(sidecar("default"))));
    assertEquals(
        List.of("ratings", "reviews"),
        names(
            context.sidecarScope(
                node(ProxyNode.Type.SIDECAR, "default", Map.of("app", "unknown")))));
    SidecarScope root = context.sidecarScope(sidecar("third"));
    assertEquals(List.of(), names(root));
    assertEquals(OutboundTrafficPolicy.Mode.REGISTRY_ONLY, root.outboundTrafficPolicy().mode());
    assertEquals(
        List.of("details", "ratings", "reviews"),
        names(context.sidecarScope(node(ProxyNode.Type.ROUTER, "default", Map.of()))));
  }

  @Test
  void egressPortsNarrowServicesAndRulesBringTheirDestinations() {
    PushContext context =
        YamlWorld.of(
            SERVICES
                + """
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: reviews, namespace: default}
                spec:
                  hosts: [reviews]
                  http:
                  - route: [{destination: {host: details.other.svc.cluster.local}}]
                ---
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: s, namespace: default}
                spec:
                  egress:
                  - port: {number: 8000, name: admin, protocol: HTTP}
                    hosts: ['default/reviews.default.svc.cluster.local']
                  - hosts: ['./*', '~default/ratings.default.svc.cluster.local']
                """);
    SidecarScope scope = context.sidecarScope(sidecar("default"));
    SidecarScope.EgressListener first = scope.egress().getFirst();
    assertEquals(
        List.of(8000), first.services().getFirst().ports().stream().map(p -> p.number()).toList());
    assertEquals(
        List.of("reviews"),
        scope.egress().get(1).services().stream().map(s -> s.attributes().name()).toList());
    assertEquals(
        2, scope.service("reviews.default.svc.cluster.local").orElseThrow().ports().size());
    assertTrue(scope.service("details.other.svc.cluster.local").isPresent());
    assertTrue(scope.service("ratings.default.svc.cluster.local").isEmpty());
  }

  @Test
  void virtualServicesComePrivateThenExportedThenPublicOldestFirst() {
    String rule =
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: %s, namespace: %s, creationTimestamp: '%s-01-01T00:00:00Z'}
        spec:
          hosts: [reviews]
          gateways: %s
          exportTo: %s
          http: [{route: [{destination: {host: reviews}}]}]
        ---
        """;
    PushContext context =
        YamlWorld.of(
            rule.formatted("public-young", "default", 2022, "[mesh, gw]", "['*']")
                + rule.formatted("public-old", "other", 2001, "[mesh]", "['*']")
                + rule.formatted("exported", "other", 2000, "[mesh]", "[default]")
                + rule.formatted("private", "default", 2023, "[mesh, other/gw]", "['.']")
                + rule.formatted("hidden", "other", 1999, "[mesh]", "['.']"));
    List<Resource<VirtualService>> rules =
        context.virtualServices(VirtualService.MESH_GATEWAY, "default");
    assertEquals(
        List.of("private", "exported", "public-old", "public-young"),
        rules.stream().map(Resource::name).toList());
    assertEquals(List.of("reviews.default.svc.cluster.local"), rules.getFirst().spec().hosts());
    assertEquals(
        List.of("public-young"),
        context.virtualServices("default/gw", "default").stream().map(Resource::name).toList());
    assertEquals(
        List.of("private"),
        context.virtualServices("other/gw", "default").stream().map(Resource::name).toList());
  }

  private static String rule(String name, String namespace, String host, String extra) {
    return """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: %s, namespace: %s}
        spec:
          host: '%s'
          trafficPolicy: {loadBalancer: {simple: RANDOM}}
        %s
        ---
        """
        .formatted(name, namespace, host, extra.indent(2));
  }

  private static String chosen(PushContext context, ProxyNode node) {
    MeshService details =
        context.service(new ServiceKey("details.other.svc.cluster.local", "other")).orElseThrow();
    return context
        .destinationRule(node, details)
        .map(found -> found.oldest().name())
        .orElse("none");
  }

  @Test
  void destinationRulesOfTheClientBeforeTheServiceBeforeTheRoot() {
    String host = "details.other.svc.cluster.local";
    String root = rule("root", "istio-system", "*.svc.cluster.local", "");
    String service = rule("service", "other", "details", "");
    String client = rule("client", "default", host, "");
    ProxyNode node = sidecar("default");
    assertEquals("none", chosen(YamlWorld.of(SERVICES), node));
    assertEquals("root", chosen(YamlWorld.of(SERVICES + root), node));
    assertEquals("service", chosen(YamlWorld.of(SERVICES + root + service), node));
    assertEquals("client", chosen(YamlWorld.of(SERVICES + root + service + client), node));
    assertEquals(
        "root",
        chosen(
            YamlWorld.of(SERVICES + root + rule("service", "other", "details", "exportTo: ['.']")),
            node));
  }

  @Test
  void theMostSpecificHostAndTheSelectedWorkloadWin() {
    String host = "details.other.svc.cluster.local";
    String wide = rule("wide", "default", "*.other.svc.cluster.local", "");
    String exact = rule("exact", "default", host, "");
    String selected =
        rule("selected", "default", host, "workloadSelector: {matchLabels: {app: client}}");
    PushContext context = YamlWorld.of(SERVICES + wide + exact + selected);
    assertEquals("selected", chosen(context, sidecar("default")));
    assertEquals(
        "exact",
        chosen(context, node(ProxyNode.Type.SIDECAR, "default", Map.of("app", "unknown"))));
    assertEquals("wide", chosen(YamlWorld.of(SERVICES + wide), sidecar("default")));
  }

  @Test
  void rulesOfOneHostAreMerged() {
    String subsets = "subsets: [{name: v1, labels: {version: %s}}, {name: %s}]";
    PushContext context =
        YamlWorld.of(
            SERVICES
                + rule("a", "other", "details", subsets.formatted("first", "v2"))
                + rule("b", "other", "details", subsets.formatted("second", "v3")));
    MeshService details =
        context.service(new ServiceKey("details.other.svc.cluster.local", "other")).orElseThrow();
    MeshDestinationRule merged = context.destinationRule(sidecar("default"), details).orElseThrow();
    assertEquals(
        List.of("v1=first", "v2=", "v3="),
        merged.rule().subsets().stream()
            .map(subset -> subset.name() + "=" + subset.labels().get("version", ""))
            .toList());
    assertEquals(2, merged.from().size());
  }

  @Test
  void aChangeConcernsOnlyProxiesThatSeeIt() {
    YamlWorld world =
        new YamlWorld()
            .write("services.yaml", SERVICES)
            .write(
                "sidecar.yaml",
                """
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: s, namespace: default}
                spec: {egress: [{hosts: ['./ratings.default.svc.cluster.local']}]}
                """);
    PushContext before = world.context();
    WorldBuilder.World after =
        world
            .write(
                "endpoints.yaml",
                """
                apiVersion: v1
                kind: Endpoints
                metadata: {name: reviews, namespace: default}
                subsets: [{addresses: [{ip: 10.0.0.9}], ports: [{name: http, port: 80}]}]
                """)
            .next();
    assertEquals(Set.of(), stale(sidecar("default"), before, after).hosts());
    Stale other = stale(sidecar("other"), before, after);
    assertEquals(Set.of("reviews.default.svc.cluster.local"), other.hosts());
    assertFalse(other.clusters() || other.endpoints() || other.others());

    WorldBuilder.World gateway =
        world
            .write(
                "gateway.yaml",
                """
                apiVersion: networking.istio.io/v1
                kind: Gateway
                metadata: {name: g, namespace: default}
                spec:
                  selector: {istio: ingressgateway}
                  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
                """)
            .next();
    Stale sidecar = stale(sidecar("other"), after.context(), gateway);
    assertFalse(sidecar.clusters() || sidecar.endpoints() || sidecar.others());
    ProxyNode router = node(ProxyNode.Type.ROUTER, "other", Map.of("istio", "ingressgateway"));
    assertTrue(
        Stale.of(
                gateway.context().views().whole(router),
                after.context(),
                gateway.context(),
                gateway.change())
            .clusters());
    assertEquals(1, gateway.context().gatewaysOf(router).size());
  }

  /** What of its destinations a proxy must be told anew. */
  private static Stale stale(ProxyNode node, PushContext before, WorldBuilder.World after) {
    return Stale.of(
        after.context().views().destinations(node), before, after.context(), after.change());
  }
}
