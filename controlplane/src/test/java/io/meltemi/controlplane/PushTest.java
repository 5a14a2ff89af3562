package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Server;
import io.grpc.inprocess.InProcessServerBuilder;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.PushRequest;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import io.meltemi.xds.server.Sent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From a change in the store to a proxy, on a fake clock and one thread. */
class PushTest {
  private static final String NAME = "push-test";
  private static final String HOST = "reviews.default.svc.cluster.local";
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.1.0.1
        ports: [{name: http, port: 9080}]
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata:
        name: reviews-0
        namespace: default
        labels: {kubernetes.io/service-name: reviews}
      addressType: IPv4
      ports: [{name: http, port: 9080}]
      endpoints:
      - addresses: [10.0.0.8]
        conditions: {ready: true}
        targetRef: {kind: Pod, name: reviews-v2}
      ---
      apiVersion: v1
      kind: Pod
      metadata:
        name: reviews-v2
        namespace: default
        labels: {app: reviews, version: v2}
      spec: {containers: [{name: a, image: a}]}
      status: {podIP: 10.0.0.8, phase: Running}
      """;

  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final ConfigStore store = new ConfigStore();
  private final List<PushRequest> pushes = new ArrayList<>();
  private final Map<String, Integer> counts = new TreeMap<>();
  private final PushEngine engine =
      new PushEngine(
          PushSettings.DEFAULT,
          loop,
          ticker,
          new WorldBuilder("cluster.local", "Kubernetes"),
          Generators.ALL,
          new PushEvents() {
            @Override
            public void triggered(PushRequest request, Duration debounce) {
              pushes.add(request);
            }

            @Override
            public void generated(
                TypeUrl type, int resources, Duration translating, Duration encoding) {
              counts.merge(type.shortName() + " made", resources, Integer::sum);
            }

            @Override
            public void pushed(TypeUrl type, Sent sent) {
              counts.merge(type.shortName() + " sent", sent.changes(), Integer::sum);
            }
          },
          Optional.empty());
  private final DiscoveryServer discovery =
      new DiscoveryServer(
          DiscoveryServerSettings.DEFAULT, loop, ticker, new Random(1), "test", engine);
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    Server server =
        InProcessServerBuilder.forName(NAME).directExecutor().addService(discovery).build().start();
    opened.add(server::shutdownNow);
    store.addListener(
        (List<ConfigChange> changes, ConfigSnapshot snapshot) -> engine.changed(changes, snapshot));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable closeable : opened.reversed()) {
      closeable.close();
      loop.runAll();
    }
  }

  private TestProxy proxy(Variant variant) {
    TestProxy proxy = new TestProxy(NAME, loop, variant);
    opened.add(proxy);
    loop.runAll();
    return proxy;
  }

  private void write(String file, String yaml) {
    store.replace(file, YamlWorld.resources(yaml));
  }

  private static String rule(String... subsets) {
    StringBuilder yaml =
        new StringBuilder(
            """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: reviews, namespace: default}
            spec:
              host: reviews
              subsets:
            """);
    for (String subset : subsets) {
      yaml.append("  - {name: " + subset + ", labels: {version: " + subset + "}}\n");
    }
    return yaml.toString();
  }

  private static String routeTo(String subset) {
    return """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: reviews, namespace: default}
        spec:
          hosts: [reviews]
          http:
          - route:
            - destination: {host: reviews, subset: %s}
        """
        .formatted(subset);
  }

  private static String cluster(String subset) {
    return "outbound|9080|" + subset + "|" + HOST;
  }

  @ParameterizedTest
  @EnumSource
  void routesFollowTheirClustersAndClustersGoAfterTheirRoutes(Variant variant) {
    write("service.yaml", SERVICE);
    loop.advance(Duration.ofMillis(100));
    TestProxy proxy = proxy(variant);
    assertTrue(proxy.drain().contains("cds +" + cluster("")));

    write("rule.yaml", rule("v1", "v2"));
    write("route.yaml", routeTo("v2"));
    loop.advance(Duration.ofMillis(100));
    List<String> made = proxy.drain();
    assertTrue(
        made.indexOf("cds +" + cluster("v2")) < made.indexOf("eds +" + cluster("v2")),
        made::toString);
    assertTrue(made.indexOf("eds +" + cluster("v2")) < made.indexOf("rds +9080"), made::toString);
    assertTrue(made.contains("cds +" + cluster("v2")), made::toString);

    write("route.yaml", routeTo("v1"));
    write("rule.yaml", rule("v1"));
    loop.advance(Duration.ofMillis(100));
    List<String> broken = proxy.drain();
    assertTrue(broken.contains("rds +9080"), broken::toString);
    assertTrue(
        broken.indexOf("rds +9080") < broken.indexOf("cds -" + cluster("v2")), broken::toString);
    assertFalse(broken.contains("cds +" + cluster("v1")), "what is the same is not sent again");
    assertFalse(
        broken.contains("eds +" + cluster("v2")), "what routes may still use is not emptied");
  }

  private static String secret(Issued issued) {
    return "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: default}\nstringData:\n"
        + "  tls.crt: |\n"
        + issued.chain().indent(4)
        + "  tls.key: |\n"
        + issued.key().indent(4);
  }

  @ParameterizedTest
  @EnumSource
  void aSecretIsSentWhenItChangesAndNothingElse(Variant variant) {
    Issued root = TestPki.root("root");
    write("service.yaml", SERVICE);
    write("secret.yaml", secret(root.leaf(Leaf.named("first"))));
    loop.advance(Duration.ofMillis(100));
    TestProxy proxy = proxy(variant);
    proxy.subscribeSecret("kubernetes://web");
    loop.runAll();
    assertTrue(proxy.drain().contains("sds +kubernetes://web"));

    write("secret.yaml", secret(root.leaf(Leaf.named("second"))));
    loop.advance(Duration.ofMillis(100));
    assertEquals(List.of("sds +kubernetes://web"), proxy.drain());
    assertEquals(List.of(), engine.problems());

    write("secret.yaml", secret(root.leaf(Leaf.named("third"))).replace("tls.key", "no.key"));
    loop.advance(Duration.ofMillis(100));
    assertFalse(proxy.drain().contains("sds +kubernetes://web"));
    assertEquals(1, engine.problems().size());
    assertTrue(
        engine.problems().getFirst().toString().contains("in Secret default/web"),
        () -> engine.problems().toString());

    write("secret.yaml", secret(root.leaf(Leaf.named("fourth"))));
    loop.advance(Duration.ofMillis(100));
    assertEquals(List.of("sds +kubernetes://web"), proxy.drain());
    assertEquals(List.of(), engine.problems());
  }

  @ParameterizedTest
  @EnumSource
  void aRouteChangeSendsTheRouteAlone(Variant variant) {
    write("service.yaml", SERVICE);
    write("rule.yaml", rule("v1", "v2"));
    write("route.yaml", routeTo("v1"));
    loop.advance(Duration.ofMillis(100));
    TestProxy proxy = proxy(variant);
    proxy.drain();
    counts.clear();
    write("route.yaml", routeTo("v2"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(List.of("rds +9080"), proxy.drain());
    assertEquals(1, counts.get("rds sent"));
    assertFalse(counts.containsKey("cds made"), counts::toString);
    assertFalse(counts.containsKey("eds made"), counts::toString);
  }

  @ParameterizedTest
  @EnumSource
  void changedClusterIsFollowedByItsEndpointsThoughTheyAreTheSame(Variant variant) {
    write("service.yaml", SERVICE);
    write("rule.yaml", rule("v1"));
    loop.advance(Duration.ofMillis(100));
    TestProxy proxy = proxy(variant);
    proxy.drain();
    write(
        "rule.yaml",
        rule("v1")
            .replace(
                "  host: reviews\n",
                "  host: reviews\n  trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}\n"));
    loop.advance(Duration.ofMillis(100));
    List<String> lines = proxy.drain();
    assertTrue(lines.contains("cds +" + cluster("v1")), lines::toString);
    assertTrue(lines.contains("eds +" + cluster("v1")), lines::toString);
  }

  @Test
  void changesThatFollowOneAnotherBecomeOnePush() {
    write("service.yaml", SERVICE);
    loop.advance(Duration.ofMillis(60));
    write("rule.yaml", rule("v1"));
    loop.advance(Duration.ofMillis(60));
    write("route.yaml", routeTo("v1"));
    loop.advance(Duration.ofMillis(99));
    assertEquals(List.of(), pushes);
    loop.advance(Duration.ofMillis(1));
    assertEquals(1, pushes.size());
  }

  @Test
  void changesWithoutEndDoNotDelayForEver() {
    for (int i = 0; i < 210; i++) {
      write("route.yaml", routeTo("v" + i));
      loop.advance(Duration.ofMillis(50));
    }
    assertEquals(1, pushes.size(), "10 s after the first");
  }

  @Test
  void endpointsAloneWaitLess() {
    write("service.yaml", SERVICE);
    loop.advance(Duration.ofSeconds(1));
    TestProxy proxy = proxy(Variant.DELTA);
    proxy.drain();
    pushes.clear();
    write(
        "slice.yaml",
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: reviews-1
          namespace: default
          labels: {kubernetes.io/service-name: reviews}
        addressType: IPv4
        ports: [{name: http, port: 9080}]
        endpoints:
        - addresses: [10.0.0.9]
          conditions: {ready: true}
        """);
    loop.advance(Duration.ofMillis(20));
    assertEquals(1, pushes.size());
    assertEquals(List.of("eds +" + cluster("")), proxy.drain());
  }

  private static final String OTHER =
      SERVICE.replace("reviews", "ratings").replace("10.0.0.8", "10.0.0.7");

  @Test
  void anEndpointReachesEveryProxyAndMakesNothingElse() {
    write("service.yaml", SERVICE);
    write("other.yaml", OTHER);
    write("rule.yaml", rule("v1", "v2"));
    loop.advance(Duration.ofSeconds(1));
    List<TestProxy> proxies =
        List.of(proxy(Variant.DELTA), proxy(Variant.STATE_OF_THE_WORLD), proxy(Variant.DELTA));
    proxies.forEach(TestProxy::drain);
    counts.clear();
    write("service.yaml", SERVICE.replace("addresses: [10.0.0.8]", "addresses: [10.0.0.18]"));
    loop.advance(Duration.ofMillis(20));
    for (TestProxy proxy : proxies) {
      assertTrue(proxy.drain().contains("eds +" + cluster("")));
    }
    // the service and its two subsets, made once for three proxies; one subset has nobody
    assertEquals(Map.of("eds made", 3, "eds sent", 6), counts);
  }

  @Test
  void endpointsInsideOfAServiceEntryNeedNotWaitAsLongAsTheRestOfIt() {
    String entry =
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: outside, namespace: default}
        spec:
          hosts: [outside.example]
          resolution: STATIC
          ports: [{number: 80, name: http, protocol: HTTP}]
          endpoints: [{address: 10.9.0.1}]
        """;
    write("entry.yaml", entry);
    loop.advance(Duration.ofSeconds(1));
    TestProxy proxy = proxy(Variant.DELTA);
    proxy.drain();
    String moved = entry.replace("10.9.0.1", "10.9.0.2");
    write("entry.yaml", moved);
    loop.advance(PushSettings.DEFAULT.quietEndpoints());
    assertEquals(List.of("eds +outbound|80||outside.example"), proxy.drain());
    write("entry.yaml", moved.replace("10.9.0.2", "10.9.0.3").replace("name: http", "name: web"));
    loop.advance(PushSettings.DEFAULT.quietEndpoints());
    assertEquals(List.of(), proxy.drain(), "a port changed as well");
    loop.advance(PushSettings.DEFAULT.quiet());
    assertTrue(proxy.drain().contains("eds +outbound|80||outside.example"));
  }

  @Test
  void whatAProxyDoesNotSeeIsNotMadeForIt() {
    write("service.yaml", SERVICE);
    write("other.yaml", OTHER);
    write(
        "sidecar.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default, namespace: default}
        spec: {egress: [{hosts: [./ratings.default.svc.cluster.local]}]}
        """);
    loop.advance(Duration.ofSeconds(1));
    TestProxy proxy = proxy(Variant.DELTA);
    proxy.drain();
    counts.clear();
    write("service.yaml", SERVICE.replace("addresses: [10.0.0.8]", "addresses: [10.0.0.18]"));
    write("route.yaml", routeTo("v1"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(List.of(), proxy.drain());
    assertFalse(counts.containsKey("eds sent"), counts::toString);
    counts.clear();
    write("service.yaml", SERVICE.replace("addresses: [10.0.0.8]", "addresses: [10.0.0.28]"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(Map.of(), counts);
  }

  @ParameterizedTest
  @EnumSource
  void namesAreSentToWhoAsksForThem(Variant variant) {
    write("service.yaml", SERVICE);
    loop.advance(Duration.ofSeconds(1));
    TestProxy proxy = proxy(variant);
    assertFalse(counts.containsKey("nds made"), counts::toString);
    proxy.watchAll(TypeUrl.NAME_TABLE);
    loop.runAll();
    assertEquals(1, counts.get("nds sent"));
    write("other.yaml", OTHER);
    loop.advance(Duration.ofMillis(100));
    assertEquals(2, counts.get("nds sent"));
    write("rule.yaml", rule("v1"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(2, counts.get("nds sent"), "names that are the same");
  }

  @Test
  void aRuleMayBringInServicesThatASidecarResourceDoesNotName() {
    write("service.yaml", SERVICE);
    write("other.yaml", OTHER);
    write(
        "sidecar.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default, namespace: default}
        spec: {egress: [{hosts: [./ratings.default.svc.cluster.local]}]}
        """);
    loop.advance(Duration.ofSeconds(1));
    TestProxy proxy = proxy(Variant.DELTA);
    assertFalse(proxy.drain().contains("cds +" + cluster("")));
    write(
        "route.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: ratings, namespace: default}
        spec:
          hosts: [ratings]
          http: [{route: [{destination: {host: reviews}}]}]
        """);
    loop.advance(Duration.ofMillis(100));
    List<String> lines = proxy.drain();
    assertTrue(lines.indexOf("cds +" + cluster("")) >= 0, lines::toString);
    assertTrue(lines.indexOf("cds +" + cluster("")) < lines.indexOf("rds +9080"), lines::toString);
  }

  @Test
  void refusalIsKeptWithItsOriginUntilALaterVersionIsTaken() {
    write("service.yaml", SERVICE);
    write("rule.yaml", rule("v1", "v2"));
    loop.advance(Duration.ofMillis(100));
    TestProxy proxy = proxy(Variant.DELTA);
    proxy.refused.add("9080");
    write("route.yaml", routeTo("v1"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(1, engine.rejections().size());
    PushEngine.Rejection rejection = engine.rejections().getFirst();
    assertEquals("9080: not to my taste", rejection.nack().message());
    assertTrue(
        rejection.origins().stream().anyMatch(origin -> origin.line() > 0),
        () -> rejection.origins().toString());
    proxy.refused.clear();
    write("route.yaml", routeTo("v2"));
    loop.advance(Duration.ofMillis(100));
    assertEquals(List.of(), engine.rejections());
  }

  @Test
  void proxyThatDoesNotAnswerIsPassedOverAndDelaysNobody() {
    write("service.yaml", SERVICE);
    loop.advance(Duration.ofMillis(100));
    TestProxy mute = proxy(Variant.DELTA);
    TestProxy other = proxy(Variant.STATE_OF_THE_WORLD);
    mute.close();
    loop.runAll();
    assertEquals(1, engine.proxies().size());
    other.drain();
    write("rule.yaml", rule("v1"));
    loop.advance(Duration.ofMillis(100));
    assertTrue(other.drain().contains("cds +" + cluster("v1")));
    assertEquals(0, engine.pending());
  }
}
