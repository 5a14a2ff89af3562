package io.meltemi.controlplane.translate.listener;

import static io.meltemi.controlplane.translate.TestWorld.at;
import static io.meltemi.controlplane.translate.TestWorld.destination;
import static io.meltemi.controlplane.translate.TestWorld.port;
import static io.meltemi.controlplane.translate.TestWorld.router;
import static io.meltemi.controlplane.translate.TestWorld.server;
import static io.meltemi.controlplane.translate.TestWorld.sidecar;
import static io.meltemi.controlplane.translate.TestWorld.tcp;
import static io.meltemi.controlplane.translate.TestWorld.tls;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.kind.virtualservice.TlsRoute;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.GatewayServers;
import io.meltemi.controlplane.translate.TestWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class ListenerGeneratorTest {
  private static final ProxyNode SIDECAR = sidecar("10.1.0.1");

  @Test
  void everyPortOfHttpHasOneListenerWhateverTheNumberOfServices() {
    Listeners listeners =
        listeners(
            SIDECAR,
            new TestWorld()
                .service("a", "10.0.0.1", port("http", 80, Protocol.HTTP))
                .service("b", "10.0.0.2", port("grpc", 80, Protocol.GRPC)));

    Listener shared = listeners.get("0.0.0.0_80");
    assertEquals(1, shared.getFilterChainsCount());
    assertEquals("80", manager(shared.getFilterChains(0)).getRds().getRouteConfigName());
    assertEquals("PassthroughCluster", cluster(shared.getDefaultFilterChain()));
    assertFalse(shared.getBindToPort().getValue());
  }

  @Test
  void theOlderServiceKeepsAnAddressThatTwoByteStreamsWant() {
    Listeners listeners =
        listeners(
            SIDECAR,
            new TestWorld()
                .external("old.example", "", port("tcp", 7000, Protocol.TCP))
                .external("new.example", "", port("tcp", 7000, Protocol.TCP)));

    Listener shared = listeners.get("0.0.0.0_7000");
    assertEquals(1, shared.getFilterChainsCount());
    assertEquals("outbound|7000||old.example", cluster(shared.getFilterChains(0)));
  }

  @Test
  void bytesAndHttpShareAnAddressInEitherOrder() {
    TestWorld bytesFirst =
        new TestWorld()
            .external("bytes.example", "", port("tcp", 7000, Protocol.TCP))
            .service("web", "10.0.0.1", port("http", 7000, Protocol.HTTP));
    TestWorld httpFirst =
        new TestWorld()
            .service("web", "10.0.0.1", port("http", 7000, Protocol.HTTP))
            .external("bytes.example", "", port("tcp", 7000, Protocol.TCP));

    for (TestWorld world : List.of(bytesFirst, httpFirst)) {
      Listener shared = listeners(SIDECAR, world).get("0.0.0.0_7000");
      assertEquals("7000", manager(shared.getFilterChains(0)).getRds().getRouteConfigName());
      assertEquals("outbound|7000||bytes.example", cluster(shared.getDefaultFilterChain()));
      assertEquals(List.of("envoy.filters.listener.http_inspector"), filters(shared));
    }
  }

  @Test
  void servicesWithoutAddressAreToldApartByServerName() {
    Listeners listeners =
        listeners(
            SIDECAR,
            new TestWorld()
                .external("a.example", "", port("tls", 443, Protocol.TLS))
                .external("b.example", "", port("https", 443, Protocol.HTTPS)));

    Listener shared = listeners.get("0.0.0.0_443");
    assertEquals(
        List.of("a.example", "b.example"),
        shared.getFilterChainsList().stream()
            .map(chain -> chain.getFilterChainMatch().getServerNames(0))
            .toList());
    assertEquals(List.of("envoy.filters.listener.tls_inspector"), filters(shared));
    assertEquals("PassthroughCluster", cluster(shared.getDefaultFilterChain()));
  }

  @Test
  void virtualServicesDecideWhereByteStreamsGo() {
    TcpRoute.Match other = new TcpRoute.Match(List.of(), OptionalInt.of(1), SourceMatch.ANY);
    TcpRoute.Match mine = new TcpRoute.Match(List.of(), OptionalInt.of(9000), SourceMatch.ANY);
    Listeners listeners =
        listeners(
            SIDECAR,
            new TestWorld()
                .service("echo", "10.0.0.2", port("tcp", 9000, Protocol.TCP))
                .virtualService(
                    "echo",
                    tcp(
                        List.of("echo"),
                        new TcpRoute(List.of(other), destination("wrong", 1)),
                        new TcpRoute(List.of(mine), destination("right", 2)))));

    Listener echo = listeners.get("10.0.0.2_9000");
    assertEquals(1, echo.getFilterChainsCount());
    assertEquals("outbound|2||right.default.svc.cluster.local", cluster(echo.getFilterChains(0)));
  }

  @Test
  void serverNamesOfRulesBecomeChainsAndTheFirstOfTwoAlikeCounts() {
    TlsRoute.Match match =
        new TlsRoute.Match(List.of("a.example"), List.of(), OptionalInt.empty(), SourceMatch.ANY);
    Listeners listeners =
        listeners(
            SIDECAR,
            new TestWorld()
                .external("a.example", "", port("tls", 443, Protocol.TLS))
                .virtualService(
                    "a",
                    tls(
                        List.of("a.example"),
                        List.of(),
                        new TlsRoute(List.of(match), destination("first.example", 443)),
                        new TlsRoute(List.of(match), destination("second.example", 443)))));

    Listener listener = listeners.get("0.0.0.0_443");
    assertEquals(1, listener.getFilterChainsCount());
    assertEquals("outbound|443||first.example", cluster(listener.getFilterChains(0)));
  }

  @Test
  void aPlacedSidecarBindsForRealAndCapturesNothing() {
    LocalPlacement placement =
        new LocalPlacement(
            Map.of(
                9080,
                new LocalPlacement.Inbound(at("127.1.0.4:9081"), at("127.0.0.1:34567")),
                7777,
                new LocalPlacement.Inbound(at("127.1.0.4:7777"), at("127.0.0.1:34568"))),
            Map.of(
                at("echo.default.svc.cluster.local:9000"), at("127.1.0.4:21007"),
                at("gone.default.svc.cluster.local:1"), at("127.1.0.4:21008")),
            Optional.of(at("127.1.0.4:15002")),
            Map.of());
    Listeners listeners =
        listeners(
            sidecar("10.1.0.1", placement),
            new TestWorld()
                .service("reviews", "10.0.0.1", port("http", 9080, Protocol.HTTP))
                .endpoint("10.1.0.1", 9080, "http")
                .service("echo", "10.0.0.2", port("tcp", 9000, Protocol.TCP)));

    assertEquals(
        List.of("127.1.0.4_15002", "127.1.0.4_21007", "127.1.0.4_7777", "127.1.0.4_9081"),
        listeners.names());
    assertTrue(listeners.all().stream().noneMatch(Listener::hasBindToPort));
    assertEquals(
        "http_proxy",
        manager(listeners.get("127.1.0.4_15002").getFilterChains(0)).getRds().getRouteConfigName());
    assertEquals(
        "outbound|9000||echo.default.svc.cluster.local",
        cluster(listeners.get("127.1.0.4_21007").getFilterChains(0)));
    HttpConnectionManager inbound = manager(listeners.get("127.1.0.4_9081").getFilterChains(0));
    assertEquals("inbound|9080||", inbound.getRouteConfig().getName());
    assertEquals("inbound|http|9080", inbound.getRouteConfig().getVirtualHosts(0).getName());
    // no service tells what is spoken on this port, so it is found out
    Listener unknown = listeners.get("127.1.0.4_7777");
    assertEquals(List.of("envoy.filters.listener.http_inspector"), filters(unknown));
    assertEquals("inbound|7777||", cluster(unknown.getDefaultFilterChain()));
  }

  @Test
  void gatewayServersOfOnePortShareAListener() {
    Listeners listeners =
        listeners(
            router("10.1.0.9"),
            new TestWorld()
                .gateway("one", server(80, Protocol.HTTP, Optional.empty(), "a.example"))
                .gateway("two", server(80, Protocol.HTTP2, Optional.empty(), "b.example")));

    assertEquals(List.of("0.0.0.0_80"), listeners.names());
    assertEquals(
        "http.80",
        manager(listeners.get("0.0.0.0_80").getFilterChains(0)).getRds().getRouteConfigName());
  }

  @Test
  void gatewayServersThatCannotBeServedAreReportedWithTheirOrigin() {
    TestWorld world =
        new TestWorld()
            .gateway(
                "one",
                server(80, Protocol.HTTP, Optional.empty(), "a.example"),
                server(
                    443,
                    Protocol.HTTPS,
                    Optional.of(tls(ServerTls.Mode.ISTIO_MUTUAL, false)),
                    "a.example"))
            .gateway("two", server(80, Protocol.TCP, Optional.empty(), "*"));
    PushContext context = world.context();

    LocalPlacement placement = new LocalPlacement(Map.of(), Map.of(), Optional.empty(), Map.of());
    ProxyNode withoutCertificates = router("10.1.0.9", placement);

    assertEquals(List.of("127.0.0.1_80"), listeners(withoutCertificates, world).names());
    List<Problem> problems = GatewayServers.of(withoutCertificates, context).problems();
    assertEquals(
        List.of("one.yaml:1:1 spec.servers[1].tls.mode", "two.yaml:1:1 spec.servers[0].port"),
        problems.stream()
            .map(problem -> problem.violation().origin() + " " + problem.violation().path())
            .toList());
  }

  @Test
  void aPassthroughServerWithoutRulesHasNoListener() {
    TestWorld world =
        new TestWorld()
            .gateway(
                "g",
                server(
                    443,
                    Protocol.TLS,
                    Optional.of(tls(ServerTls.Mode.PASSTHROUGH, false)),
                    "a.example"));

    assertTrue(listeners(router("10.1.0.9"), world).all().isEmpty());
  }

  @Test
  void aPassthroughServerForwardsByServerName() {
    TlsRoute.Match match =
        new TlsRoute.Match(List.of("a.example"), List.of(), OptionalInt.of(443), SourceMatch.ANY);
    TestWorld world =
        new TestWorld()
            .service("web", "10.0.0.1", port("https", 8443, Protocol.HTTPS))
            .gateway(
                "g",
                server(
                    443,
                    Protocol.TLS,
                    Optional.of(tls(ServerTls.Mode.PASSTHROUGH, false)),
                    "*.example"))
            .virtualService(
                "v",
                tls(
                    List.of("a.example"),
                    List.of("g"),
                    new TlsRoute(List.of(match), destination("web", 8443))));

    Listener listener = listeners(router("10.1.0.9"), world).get("0.0.0.0_443");
    FilterChain chain = listener.getFilterChains(0);
    assertEquals("a.example", chain.getFilterChainMatch().getServerNames(0));
    assertEquals("outbound|8443||web.default.svc.cluster.local", cluster(chain));
    assertEquals(List.of("envoy.filters.listener.tls_inspector"), filters(listener));
  }

  @Test
  void gatewayPortsBindWhereThePlacementSays() {
    LocalPlacement placement =
        new LocalPlacement(Map.of(), Map.of(), Optional.empty(), Map.of(80, at("127.0.0.9:8080")));
    TestWorld world =
        new TestWorld()
            .gateway(
                "g",
                server(80, Protocol.HTTP, Optional.empty(), "*"),
                server(8443, Protocol.HTTP, Optional.empty(), "*"));

    assertEquals(
        List.of("127.0.0.9_8080", "127.0.0.1_8443"),
        listeners(router("10.1.0.9", placement), world).names());
  }

  /** The listeners of one proxy, in the order generated. */
  private record Listeners(List<Listener> all) {
    List<String> names() {
      return all.stream().map(Listener::getName).toList();
    }

    Listener get(String name) {
      return all.stream()
          .filter(listener -> listener.getName().equals(name))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no " + name + " among " + names()));
    }
  }

  private static Listeners listeners(ProxyNode node, TestWorld world) {
    List<Listener> listeners = new ArrayList<>();
    for (GeneratedResource resource :
        new ListenerGenerator().all(node, world.context(), List.of())) {
      assertEquals(resource.name(), ((Listener) resource.body()).getName());
      listeners.add((Listener) resource.body());
    }
    return new Listeners(listeners);
  }

  private static List<String> filters(Listener listener) {
    return listener.getListenerFiltersList().stream().map(ListenerFilter::getName).toList();
  }

  private static HttpConnectionManager manager(FilterChain chain) {
    try {
      return only(chain).getTypedConfig().unpack(HttpConnectionManager.class);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static String cluster(FilterChain chain) {
    try {
      return only(chain).getTypedConfig().unpack(TcpProxy.class).getCluster();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static Filter only(FilterChain chain) {
    assertEquals(1, chain.getFiltersCount());
    return chain.getFilters(0);
  }
}
