package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.controlplane.push.WorkloadRegistration;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.controlplane.registry.ServiceKey;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RegistrationTest {
  private static final String NAME = "registration-test";
  private static final String HEALTH = "type.googleapis.com/istio.v1.HealthInformation";
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final ResourceName ENTRY = new ResourceName("vms", "ratings-2001-db8--1-far");

  private static final String GROUP =
      """
      apiVersion: networking.istio.io/v1
      kind: WorkloadGroup
      metadata: {name: ratings, namespace: vms}
      spec:
        metadata:
          labels: {app: ratings, tier: group, version: group}
          annotations: {owner: team}
        template:
          ports: {http: 8081}
          serviceAccount: ratings
          network: near
          weight: 7
          labels: {tier: template, os: linux}
        PROBE
      ---
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: {name: ratings, namespace: vms}
      spec:
        hosts: [ratings.test]
        location: MESH_INTERNAL
        resolution: STATIC
        ports: [{number: 80, name: http, protocol: HTTP}]
        workloadSelector: {labels: {app: ratings}}
      """;

  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final ConfigStore store = new ConfigStore();
  private final PushEngine engine =
      new PushEngine(
          PushSettings.DEFAULT,
          loop,
          ticker,
          new WorldBuilder("cluster.local", "Kubernetes"),
          Generators.ALL,
          new PushEvents() {},
          Optional.of(new WorkloadRegistration(store, loop, ticker, GRACE, "one")));
  private final DiscoveryServer discovery =
      new DiscoveryServer(
          DiscoveryServerSettings.DEFAULT, loop, ticker, new Random(1), "test", engine);
  private final ManagedChannel channel =
      InProcessChannelBuilder.forName(NAME).directExecutor().build();
  private final Server server =
      InProcessServerBuilder.forName(NAME).directExecutor().addService(discovery).build();

  @BeforeEach
  void start() throws IOException {
    server.start();
    store.addListener(
        (List<ConfigChange> changes, ConfigSnapshot snapshot) -> engine.changed(changes, snapshot));
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    loop.runAll();
  }

  private void write(String rest) {
    store.replace("group.yaml", YamlWorld.resources(GROUP.replace("PROBE", rest)));
  }

  /** A proxy's stream. */
  private final class Stream implements StreamObserver<DiscoveryResponse> {
    final List<Status> ends = new ArrayList<>();
    private final StreamObserver<DiscoveryRequest> requests =
        AggregatedDiscoveryServiceGrpc.newStub(channel).streamAggregatedResources(this);

    Stream() {
      Struct.Builder metadata = Struct.newBuilder();
      Map.of("NAMESPACE", "vms", "AUTO_REGISTER_GROUP", "ratings", "NETWORK", "far")
          .forEach((key, value) -> metadata.putFields(key, text(value)));
      metadata.putFields(
          "LABELS",
          Value.newBuilder()
              .setStructValue(Struct.newBuilder().putFields("version", text("node")))
              .build());
      send(
          DiscoveryRequest.newBuilder()
              .setTypeUrl("type.googleapis.com/envoy.config.cluster.v3.Cluster")
              .setNode(
                  Node.newBuilder()
                      .setId("sidecar~2001:db8::1~vm.vms~vms.svc.cluster.local")
                      .setLocality(Locality.newBuilder().setRegion("eu").setZone("eu-1"))
                      .setMetadata(metadata)));
    }

    private static Value text(String value) {
      return Value.newBuilder().setStringValue(value).build();
    }

    void send(DiscoveryRequest.Builder request) {
      requests.onNext(request.build());
      settle();
    }

    void report(String error) {
      DiscoveryRequest.Builder request = DiscoveryRequest.newBuilder().setTypeUrl(HEALTH);
      if (!error.isEmpty()) {
        request.setErrorDetail(com.google.rpc.Status.newBuilder().setCode(500).setMessage(error));
      }
      send(request);
    }

    void end() {
      requests.onCompleted();
      settle();
    }

    @Override
    public void onNext(DiscoveryResponse response) {
      // what the proxy is told is no matter here
    }

    @Override
    public void onError(Throwable cause) {
      ends.add(Status.fromThrowable(cause));
    }

    @Override
    public void onCompleted() {
      ends.add(Status.OK);
    }
  }

  private void settle() {
    loop.runAll();
    loop.advance(Duration.ofMillis(200));
    loop.runAll();
  }

  private Optional<Resource<WorkloadEntry>> entry() {
    return store.snapshot().get(Kinds.WORKLOAD_ENTRY, ENTRY);
  }

  private List<String> endpoints() {
    return engine.context().endpoints().endpoints(new ServiceKey("ratings.test", "vms")).stream()
        .filter(endpoint -> endpoint.health() != ServiceEndpoint.Health.UNHEALTHY)
        .map(endpoint -> endpoint.address() + " " + endpoint.port())
        .toList();
  }

  @Test
  void anEntryIsMadeOfTheGroup() {
    write("");
    new Stream();
    Resource<WorkloadEntry> entry = entry().orElseThrow();
    assertEquals(
        Map.of("app", "ratings", "tier", "group", "os", "linux", "version", "node"),
        entry.spec().labels().values());
    assertEquals("far", entry.spec().network());
    assertEquals("ratings", entry.spec().serviceAccount());
    assertEquals("eu/eu-1", entry.spec().locality().toString());
    assertEquals(7, entry.spec().weight().orElse(0));
    assertEquals(
        Map.of(
            "owner",
            "team",
            "istio.io/autoRegistrationGroup",
            "ratings",
            "istio.io/workloadController",
            "one",
            "istio.io/connectedAt",
            ticker.now().minusMillis(200).toString()),
        entry.metadata().annotations());
    assertEquals(List.of("2001:db8::1 8081"), endpoints());
  }

  @Test
  void withoutItsGroupAProxyIsRefused() {
    Stream stream = new Stream();
    assertEquals(Status.Code.FAILED_PRECONDITION, stream.ends.getFirst().getCode());
    assertEquals(
        "auto-registration WorkloadEntry of vm.vms failed: cannot find WorkloadGroup vms/ratings",
        stream.ends.getFirst().getDescription());
    assertTrue(entry().isEmpty());
  }

  @Test
  void anEntryOutlivesItsConnectionByTheGrace() {
    write("");
    Stream first = new Stream();
    Stream second = new Stream();
    first.end();
    loop.advance(GRACE.multipliedBy(2));
    assertTrue(entry().isPresent(), "another connection is open");
    second.end();
    assertFalse(entry().orElseThrow().metadata().annotations().containsKey("istio.io/connectedAt"));
    loop.advance(GRACE.minusSeconds(1));
    Stream third = new Stream();
    loop.advance(GRACE.multipliedBy(2));
    assertFalse(
        entry().orElseThrow().metadata().annotations().containsKey("istio.io/disconnectedAt"));
    third.end();
    loop.advance(GRACE);
    settle();
    assertTrue(entry().isEmpty());
    assertEquals(List.of(), endpoints());
  }

  @Test
  void aProbedWorkloadServesOnceItIsWell() {
    write("probe: {httpGet: {port: 8080}}");
    Stream stream = new Stream();
    assertEquals(List.of(), endpoints());
    stream.report("");
    assertEquals(List.of("2001:db8::1 8081"), endpoints());
    stream.report("connection refused");
    assertEquals(List.of(), endpoints());
    assertEquals(List.of(), stream.ends);
  }

  @Test
  void whatSomebodyWroteStays() {
    write("");
    store.replace(
        "entry.yaml",
        YamlWorld.resources(
            """
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: ratings-2001-db8--1-far, namespace: vms}
            spec: {address: 10.0.0.1, labels: {app: ratings}}
            """));
    new Stream().end();
    loop.advance(GRACE.multipliedBy(2));
    assertEquals("10.0.0.1", entry().orElseThrow().spec().address());
  }
}
