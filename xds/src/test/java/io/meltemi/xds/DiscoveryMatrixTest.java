package io.meltemi.xds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.ConnectionWatcher;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.client.XdsClientSettings;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import io.meltemi.xds.server.Subscription;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Client and server against each other, in both variants, on one fake clock and one thread. */
class DiscoveryMatrixTest {
  private static final String NAME = "discovery-matrix";
  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final World world = new World();
  private final List<String> connection = new ArrayList<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private DiscoveryServer discovery = newDiscovery();
  private Server server = start();

  private DiscoveryServer newDiscovery() {
    return new DiscoveryServer(
        DiscoveryServerSettings.DEFAULT, loop, ticker, new Random(1), "test", world);
  }

  private Server start() {
    try {
      return InProcessServerBuilder.forName(NAME)
          .directExecutor()
          .addService(discovery)
          .build()
          .start();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void restart() {
    discovery = newDiscovery();
    server = start();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : opened) {
      closeable.close();
    }
    loop.runAll();
    server.shutdownNow();
    loop.runAll();
  }

  private XdsClient client(Variant variant) {
    ManagedChannel channel = InProcessChannelBuilder.forName(NAME).directExecutor().build();
    XdsClient client =
        new XdsClient(
            XdsClientSettings.DEFAULT.withVariant(variant),
            Node.newBuilder().setId("sidecar~10.0.0.1~a.b~c").build(),
            channel,
            loop,
            new Random(2),
            new ConnectionWatcher() {
              @Override
              public void onConnected() {
                connection.add("connected");
              }

              @Override
              public void onDisconnected(String reason, Duration retryIn) {
                connection.add("disconnected");
              }
            });
    opened.add(client);
    opened.add(channel::shutdownNow);
    return client;
  }

  private static Cluster cluster(String name, String stat) {
    return Cluster.newBuilder().setName(name).setAltStatName(stat).build();
  }

  private static ClusterLoadAssignment endpoints(String name) {
    return ClusterLoadAssignment.newBuilder().setClusterName(name).build();
  }

  @ParameterizedTest
  @EnumSource
  void wildcardGetsEverythingThenOnlyChanges(Variant variant) {
    world.put(TypeUrl.CLUSTER, "a", cluster("a", "1"));
    world.put(TypeUrl.CLUSTER, "b", cluster("b", "1"));
    XdsClient client = client(variant);
    Recorder clusters = new Recorder(client, false);
    client.watch(TypeUrl.CLUSTER, clusters);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.runAll();
    assertEquals(List.of("+[a, b]-[]"), clusters.drain());
    assertEquals(List.of("connected"), connection);
    assertEquals(
        List.of("connected sidecar~10.0.0.1~a.b~c", "request cds [a, b][]", "ack cds"),
        world.drain());

    world.put(TypeUrl.CLUSTER, "b", cluster("b", "2"));
    world.put(TypeUrl.CLUSTER, "c", cluster("c", "1"));
    world.remove(TypeUrl.CLUSTER, "a");
    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(List.of("+[b, c]-[a]"), clusters.drain());
    assertEquals(List.of("push cds [b, c][a]", "ack cds"), world.drain());

    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(List.of(), world.drain(), "nothing new is not sent");
  }

  @ParameterizedTest
  @EnumSource
  void emptyWorldIsAnswered(Variant variant) {
    XdsClient client = client(variant);
    Recorder clusters = new Recorder(client, false);
    client.watch(TypeUrl.CLUSTER, clusters);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.advance(Duration.ofSeconds(60));
    assertEquals(List.of("+[]-[]"), clusters.drain());
  }

  @ParameterizedTest
  @EnumSource
  void badResourceIsRefusedByNameAndTheOthersCount(Variant variant) {
    world.put(TypeUrl.CLUSTER, "a", cluster("a", "1"));
    XdsClient client = client(variant);
    Recorder clusters = new Recorder(client, false);
    client.watch(TypeUrl.CLUSTER, clusters);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.runAll();
    world.drain();

    world.put(TypeUrl.CLUSTER, "a", cluster("a", "bad"));
    world.put(TypeUrl.CLUSTER, "b", cluster("b", "1"));
    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(List.of("push cds [a, b][]", "nack cds a: alt_stat_name: bad"), world.drain());
    Subscription subscription =
        discovery.connections().iterator().next().subscription(TypeUrl.CLUSTER).orElseThrow();
    assertTrue(subscription.lastNack().isPresent());
    assertFalse(subscription.nonceAcked().equals(subscription.nonceSent()));
    assertEquals(Set.of("a", "b"), clusters.resources.keySet());

    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(List.of(), world.drain(), "what was refused is not tried again");

    world.put(TypeUrl.CLUSTER, "a", cluster("a", "2"));
    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(List.of("push cds [a][]", "ack cds"), world.drain());
    assertTrue(subscription.lastNack().isEmpty());
    assertEquals(subscription.nonceSent(), subscription.nonceAcked());
  }

  @ParameterizedTest
  @EnumSource
  void namesAreAskedForOnDemandBeforeTheAnswer(Variant variant) {
    world.put(TypeUrl.CLUSTER, "a", cluster("a", "1"));
    world.put(TypeUrl.ENDPOINT, "a", endpoints("a"));
    world.put(TypeUrl.ENDPOINT, "b", endpoints("b"));
    XdsClient client = client(variant);
    Recorder clusters = new Recorder(client, true);
    Recorder endpoints = new Recorder(client, false);
    client.watch(TypeUrl.CLUSTER, clusters);
    client.watch(TypeUrl.ENDPOINT, endpoints);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.runAll();
    assertEquals(List.of("+[a]-[]"), endpoints.drain());
    assertEquals(
        List.of(
            "connected sidecar~10.0.0.1~a.b~c",
            "request cds [a][]",
            "request eds [a][]",
            "ack cds",
            "ack eds"),
        world.drain());

    client.subscribe(TypeUrl.ENDPOINT, List.of("b"));
    loop.runAll();
    assertEquals(List.of("request eds [b][]", "ack eds"), world.drain());
    assertEquals(Set.of("a", "b"), endpoints.resources.keySet());

    client.unsubscribe(TypeUrl.ENDPOINT, List.of("a"));
    loop.runAll();
    endpoints.drain();
    world.put(
        TypeUrl.ENDPOINT,
        "a",
        endpoints("a").toBuilder()
            .setPolicy(ClusterLoadAssignment.Policy.getDefaultInstance())
            .build());
    world.push(discovery, TypeUrl.ENDPOINT);
    loop.runAll();
    assertEquals(List.of(), endpoints.drain(), "no longer wanted");

    client.subscribe(TypeUrl.ENDPOINT, List.of("a"));
    loop.runAll();
    assertEquals(List.of("+[a]-[]"), endpoints.drain(), "wanted again");
  }

  @ParameterizedTest
  @EnumSource
  void missingNameIsToldOrTimesOut(Variant variant) {
    XdsClient client = client(variant);
    Recorder routes = new Recorder(client, false);
    client.watch(TypeUrl.ROUTE, routes);
    client.subscribe(TypeUrl.ROUTE, List.of("nowhere"));
    client.start();
    loop.runAll();
    if (variant == Variant.DELTA) {
      assertEquals(List.of("+[]-[nowhere]"), routes.drain());
      loop.advance(Duration.ofSeconds(15));
      assertEquals(List.of(), routes.drain());
    } else {
      loop.advance(Duration.ofSeconds(14));
      assertEquals(List.of(), routes.drain());
      loop.advance(Duration.ofSeconds(1));
      assertEquals(List.of("timeout rds [nowhere]"), routes.drain());
    }
    world.put(TypeUrl.ROUTE, "nowhere", RouteConfiguration.newBuilder().setName("nowhere").build());
    world.push(discovery, TypeUrl.ROUTE);
    loop.runAll();
    assertEquals(List.of("+[nowhere]-[]"), routes.drain(), "late is better than never");
  }

  @ParameterizedTest
  @EnumSource
  void lostStreamChangesNothingAndDeltaResumes(Variant variant) {
    world.put(TypeUrl.CLUSTER, "a", cluster("a", "1"));
    world.put(TypeUrl.CLUSTER, "b", cluster("b", "1"));
    world.put(TypeUrl.ENDPOINT, "a", endpoints("a"));
    XdsClient client = client(variant);
    Recorder clusters = new Recorder(client, false);
    Recorder endpoints = new Recorder(client, false);
    client.watch(TypeUrl.CLUSTER, clusters);
    client.watch(TypeUrl.ENDPOINT, endpoints);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.subscribe(TypeUrl.ENDPOINT, List.of("a"));
    client.start();
    loop.runAll();
    clusters.drain();
    endpoints.drain();

    server.shutdownNow();
    loop.runAll();
    assertEquals(List.of("connected", "disconnected"), connection);
    assertEquals(Set.of("a", "b"), clusters.resources.keySet());
    world.put(TypeUrl.CLUSTER, "b", cluster("b", "2"));
    world.remove(TypeUrl.CLUSTER, "a");
    world.drain();
    loop.advance(Duration.ofSeconds(2));
    assertTrue(connection.size() > 2, "tried in vain meanwhile");
    restart();
    loop.advance(Duration.ofSeconds(30));
    assertEquals("connected", connection.getLast());
    assertEquals(List.of("+[b]-[a]"), clusters.drain());
    assertEquals(
        List.of(), variant == Variant.DELTA ? endpoints.drain() : List.of(), "nothing sent twice");
    assertEquals(
        variant == Variant.DELTA
            ? List.of(
                "connected sidecar~10.0.0.1~a.b~c",
                "request cds [b][a]",
                "request eds nothing",
                "ack cds")
            : List.of(
                "connected sidecar~10.0.0.1~a.b~c",
                "request cds [b][]",
                "request eds [a][]",
                "ack cds",
                "ack eds"),
        world.drain());
  }

  @ParameterizedTest
  @EnumSource
  void serverThatGoesAwayPolitelyIsComeBackTo(Variant variant) {
    XdsClient client = client(variant);
    client.watch(TypeUrl.CLUSTER, new Recorder(client, false));
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.runAll();
    discovery.close();
    loop.runAll();
    assertEquals("disconnected", connection.getLast());
    assertTrue(discovery.connections().isEmpty());
    assertEquals(1, loop.timers() - 1, "one attempt is planned, beside the fetch timeout");
  }

  @ParameterizedTest
  @EnumSource
  void backoffGrowsToItsBoundWithFullJitter(Variant variant) {
    server.shutdownNow();
    List<Duration> delays = new ArrayList<>();
    ManagedChannel channel = InProcessChannelBuilder.forName("nobody").directExecutor().build();
    XdsClient client =
        new XdsClient(
            XdsClientSettings.DEFAULT.withVariant(variant),
            Node.getDefaultInstance(),
            channel,
            loop,
            new Random(3),
            new ConnectionWatcher() {
              @Override
              public void onConnected() {}

              @Override
              public void onDisconnected(String reason, Duration retryIn) {
                delays.add(retryIn);
              }
            });
    opened.add(client);
    opened.add(channel::shutdownNow);
    client.start();
    loop.advance(Duration.ofMinutes(10));
    assertTrue(delays.size() > 10, () -> delays.toString());
    for (int i = 0; i < delays.size(); i++) {
      long bound = Math.min(30_000, 500L << Math.min(i, 10));
      assertTrue(delays.get(i).toMillis() <= bound, i + ": " + delays);
    }
    assertTrue(delays.stream().anyMatch(delay -> delay.toSeconds() > 10), () -> delays.toString());
  }
}
