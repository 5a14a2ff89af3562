package io.meltemi.controlplane.translate.route;

import static io.meltemi.controlplane.translate.TestWorld.at;
import static io.meltemi.controlplane.translate.TestWorld.forward;
import static io.meltemi.controlplane.translate.TestWorld.http;
import static io.meltemi.controlplane.translate.TestWorld.port;
import static io.meltemi.controlplane.translate.TestWorld.prefix;
import static io.meltemi.controlplane.translate.TestWorld.route;
import static io.meltemi.controlplane.translate.TestWorld.router;
import static io.meltemi.controlplane.translate.TestWorld.server;
import static io.meltemi.controlplane.translate.TestWorld.sidecar;
import static io.meltemi.controlplane.translate.TestWorld.tls;
import static io.meltemi.controlplane.translate.TestWorld.to;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.translate.TestWorld;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RouteGeneratorTest {
  private static final ProxyNode SIDECAR = sidecar("10.1.0.1");
  private static final ProxyNode GATEWAY = router("10.1.0.9");

  private static final LocalPlacement PLACEMENT =
      new LocalPlacement(Map.of(), Map.of(), Optional.of(at("127.1.0.4:15002")), Map.of());

  private static TestWorld bookinfo() {
    return new TestWorld()
        .service("reviews", "10.0.0.1", port("http", 9080, Protocol.HTTP))
        .service(
            "web",
            "10.0.0.2",
            port("http", 80, Protocol.HTTP),
            port("admin", 8080, Protocol.UNSUPPORTED))
        .service("db", "10.0.0.3", port("tcp", 5432, Protocol.TCP));
  }

  @Test
  void theHttpProxyKnowsEveryHttpPortByHostAndPort() {
    RouteConfiguration routes = one(sidecar("10.1.0.1", PLACEMENT), bookinfo(), "http_proxy");

    assertFalse(routes.getIgnorePortInHostMatching());
    assertEquals(
        "outbound|9080||reviews.default.svc.cluster.local", clusterFor(routes, "reviews:9080"));
    assertEquals(
        "outbound|9080||reviews.default.svc.cluster.local",
        clusterFor(routes, "reviews.default.svc.cluster.local:9080"));
    assertEquals("outbound|80||web.default.svc.cluster.local", clusterFor(routes, "web"));
    assertEquals("outbound|80||web.default.svc.cluster.local", clusterFor(routes, "web:80"));
    assertEquals("outbound|8080||web.default.svc.cluster.local", clusterFor(routes, "web:8080"));
    // without a port it is port 80, on which reviews does not listen
    assertEquals("*", virtualHost(routes, "reviews").getDomains(0));
    assertEquals("*", virtualHost(routes, "db:5432").getDomains(0));
  }

  @Test
  void theHttpProxyFollowsVirtualServicesOnEveryPort() {
    TestWorld world =
        bookinfo()
            .virtualService(
                "reviews",
                http(
                    List.of("reviews"),
                    List.of(),
                    route(List.of(prefix("/v2")), forward("reviews", "v2")),
                    to("reviews", "v1")));
    RouteConfiguration routes = one(sidecar("10.1.0.1", PLACEMENT), world, "http_proxy");

    VirtualHost reviews = virtualHost(routes, "reviews:9080");
    assertEquals(
        List.of(
            "outbound|9080|v2|reviews.default.svc.cluster.local",
            "outbound|9080|v1|reviews.default.svc.cluster.local"),
        reviews.getRoutesList().stream().map(route -> route.getRoute().getCluster()).toList());
  }

  @Test
  void aPlacedProxySaysThatItDoesNotKnowAHostInsteadOfPassingItOn() {
    Route placed =
        virtualHost(one(sidecar("10.1.0.1", PLACEMENT), bookinfo(), "http_proxy"), "no.example")
            .getRoutes(0);
    Route captured = virtualHost(one(SIDECAR, bookinfo(), "http_proxy"), "no.example").getRoutes(0);

    assertEquals(502, placed.getDirectResponse().getStatus());
    assertTrue(placed.getDirectResponse().getBody().getInlineString().contains("ServiceEntry"));
    assertEquals("PassthroughCluster", captured.getRoute().getCluster());
  }

  @Test
  void theOlderOfTwoVirtualServicesForAHostCounts() {
    TestWorld world =
        bookinfo()
            .virtualService("a", http(List.of("reviews"), List.of(), to("reviews", "first")))
            .virtualService("b", http(List.of("reviews"), List.of(), to("reviews", "second")));
    RouteConfiguration routes = one(SIDECAR, world, "9080");

    assertEquals(
        "outbound|9080|first|reviews.default.svc.cluster.local", clusterFor(routes, "reviews"));
    assertEquals(2, routes.getVirtualHostsCount());
  }

  @Test
  void anExactHostComesBeforeAnOlderWildcard() {
    TestWorld world =
        bookinfo()
            .virtualService(
                "a", http(List.of("*.default.svc.cluster.local"), List.of(), to("reviews", "wild")))
            .virtualService("b", http(List.of("reviews"), List.of(), to("reviews", "exact")));

    assertEquals(
        "outbound|9080|exact|reviews.default.svc.cluster.local",
        clusterFor(one(SIDECAR, world, "9080"), "reviews"));
    assertEquals(
        "outbound|80|wild|reviews.default.svc.cluster.local",
        clusterFor(one(SIDECAR, world, "80"), "web"));
  }

  @Test
  void aDestinationThatNobodyKnowsStillNamesItsCluster() {
    TestWorld world =
        bookinfo().virtualService("a", http(List.of("reviews"), List.of(), to("nowhere", "v9")));

    assertEquals(
        "outbound|9080|v9|nowhere.default.svc.cluster.local",
        clusterFor(one(SIDECAR, world, "9080"), "reviews"));
  }

  @Test
  void aDetectedPortHasRoutesOfItsOwnForEveryAuthority() {
    RouteConfiguration routes = one(SIDECAR, bookinfo(), "web.default.svc.cluster.local:8080");

    assertEquals(1, routes.getVirtualHostsCount());
    assertEquals("outbound|8080||web.default.svc.cluster.local", clusterFor(routes, "anything"));
  }

  @Test
  void aNameThatIsNobodysGetsAnEmptyConfiguration() {
    for (String name : List.of("", "nonsense", "99999999999", "a:b", "http.80")) {
      RouteConfiguration routes = one(SIDECAR, bookinfo(), name);
      assertEquals(name, routes.getName());
      assertEquals(0, routes.getVirtualHostsCount());
    }
    assertEquals(0, one(GATEWAY, bookinfo(), "http.80").getVirtualHostsCount());
  }

  @Test
  void routesOfAGatewayStandByAgeWithThoseForEverythingLast() {
    TestWorld world =
        bookinfo()
            .gateway("g", server(80, Protocol.HTTP, Optional.empty(), "*.example"))
            .virtualService("a", http(List.of("a.example"), List.of("g"), to("web", "")))
            .virtualService(
                "b",
                http(
                    List.of("a.example"),
                    List.of("g"),
                    route(List.of(prefix("/r")), forward("reviews", ""))));

    VirtualHost host = virtualHost(one(GATEWAY, world, "http.80"), "a.example");
    assertEquals(
        List.of("/r", "/"),
        host.getRoutesList().stream().map(route -> route.getMatch().getPrefix()).toList());
    assertEquals("a.example:80", host.getName());
  }

  @Test
  void aGatewayWithoutRulesAnswersNothing() {
    RouteConfiguration routes =
        one(
            GATEWAY,
            bookinfo().gateway("g", server(80, Protocol.HTTP, Optional.empty(), "a.example")),
            "http.80");

    assertEquals("blackhole:80", routes.getVirtualHosts(0).getName());
    assertEquals(0, routes.getVirtualHosts(0).getRoutesCount());
  }

  @Test
  void aRedirectingServerRedirectsEvenHostsWithoutRules() {
    RouteConfiguration routes =
        one(
            GATEWAY,
            bookinfo()
                .gateway(
                    "g",
                    server(
                        80,
                        Protocol.HTTP,
                        Optional.of(tls(ServerTls.Mode.PASSTHROUGH, true)),
                        "a.example")),
            "http.80");

    assertEquals(
        VirtualHost.TlsRequirementType.ALL, virtualHost(routes, "a.example").getRequireTls());
  }

  @Test
  void rulesOfOtherGatewaysAndOfTheMeshAreNotForAGateway() {
    TestWorld world =
        bookinfo()
            .gateway("g", server(80, Protocol.HTTP, Optional.empty(), "*"))
            .virtualService("a", http(List.of("a.example"), List.of("other"), to("web", "")))
            .virtualService("b", http(List.of("a.example"), List.of(), to("web", "")));

    assertEquals("blackhole:80", one(GATEWAY, world, "http.80").getVirtualHosts(0).getName());
  }

  private static RouteConfiguration one(ProxyNode node, TestWorld world, String name) {
    List<GeneratedResource> resources =
        new RouteGenerator().all(node, world.context(), List.of(name));
    assertEquals(1, resources.size());
    assertEquals(name, resources.getFirst().name());
    return (RouteConfiguration) resources.getFirst().body();
  }

  /** The virtual host that Envoy would choose, as far as exact domains and {@code *} go. */
  private static VirtualHost virtualHost(RouteConfiguration routes, String authority) {
    return routes.getVirtualHostsList().stream()
        .filter(host -> host.getDomainsList().contains(authority))
        .findFirst()
        .or(
            () ->
                routes.getVirtualHostsList().stream()
                    .filter(host -> host.getDomainsList().contains("*"))
                    .findFirst())
        .orElseThrow();
  }

  private static String clusterFor(RouteConfiguration routes, String authority) {
    return virtualHost(routes, authority).getRoutes(0).getRoute().getCluster();
  }
}
