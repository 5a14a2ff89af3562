package io.meltemi.xds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Status;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a server does about clients that do not keep to the protocol, or go beyond its limits. */
class HostileClientTest {
  private static final String NAME = "hostile-client";
  private static final Node NODE = Node.newBuilder().setId("someone").build();
  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final World world = new World();
  private final DiscoveryServer discovery =
      new DiscoveryServer(
          new DiscoveryServerSettings(2, 3, 4, 16, 2, 64),
          loop,
          ticker,
          new Random(1),
          "test",
          world);
  private final ManagedChannel channel =
      InProcessChannelBuilder.forName(NAME).directExecutor().build();
  private Server server = InProcessServerBuilder.forName(NAME).build();

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName(NAME).directExecutor().addService(discovery).build().start();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    loop.runAll();
  }

  /** Keeps responses; the end of the stream is the last line. */
  private static final class Kept<T> implements StreamObserver<T> {
    final List<T> responses = new ArrayList<>();
    String end = "open";

    @Override
    public void onNext(T value) {
      responses.add(value);
    }

    @Override
    public void onError(Throwable failure) {
      end = String.valueOf(failure.getMessage());
    }

    @Override
    public void onCompleted() {
      end = "completed";
    }
  }

  private StreamObserver<DeltaDiscoveryRequest> delta(Kept<DeltaDiscoveryResponse> kept) {
    return AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(kept);
  }

  private StreamObserver<DiscoveryRequest> sotw(Kept<DiscoveryResponse> kept) {
    return AggregatedDiscoveryServiceGrpc.newStub(channel).streamAggregatedResources(kept);
  }

  private static DeltaDiscoveryRequest.Builder request(TypeUrl type) {
    return DeltaDiscoveryRequest.newBuilder().setNode(NODE).setTypeUrl(type.url());
  }

  private String deltaEnd(DeltaDiscoveryRequest... requests) {
    Kept<DeltaDiscoveryResponse> kept = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> stream = delta(kept);
    for (DeltaDiscoveryRequest request : requests) {
      stream.onNext(request);
      loop.runAll();
    }
    return kept.end;
  }

  @Test
  void firstRequestWithoutNodeIsRefused() {
    assertTrue(
        deltaEnd(request(TypeUrl.CLUSTER).clearNode().build())
            .startsWith("INVALID_ARGUMENT: node.id is empty"));
    assertEquals(1, discovery.counters().invalidRequests.sum());
  }

  @Test
  void strangerIsRefusedWithTheBackendsReason() {
    assertEquals(
        "PERMISSION_DENIED: not from here",
        deltaEnd(request(TypeUrl.CLUSTER).setNode(Node.newBuilder().setId("stranger")).build()));
    assertTrue(discovery.connections().isEmpty());
  }

  @Test
  void requestWithoutTypeIsRefused() {
    assertTrue(
        deltaEnd(DeltaDiscoveryRequest.newBuilder().setNode(NODE).build())
            .startsWith("INVALID_ARGUMENT: type url"));
  }

  @Test
  void tooManyNamesTypesAndCharactersAreRefused() {
    assertTrue(
        deltaEnd(
                request(TypeUrl.ENDPOINT)
                    .addAllResourceNamesSubscribe(List.of("a", "b", "c", "d", "e"))
                    .build())
            .startsWith("RESOURCE_EXHAUSTED: names"));
    assertTrue(
        deltaEnd(request(TypeUrl.ENDPOINT).addResourceNamesSubscribe("a".repeat(17)).build())
            .startsWith("RESOURCE_EXHAUSTED: characters"));
    assertTrue(
        deltaEnd(
                request(TypeUrl.CLUSTER).build(),
                request(TypeUrl.LISTENER).build(),
                request(TypeUrl.SECRET).addResourceNamesSubscribe("a").build(),
                request(TypeUrl.ROUTE).addResourceNamesSubscribe("a").build())
            .startsWith("RESOURCE_EXHAUSTED: types"));
    assertEquals(3, discovery.counters().limitsHit.sum());
    assertTrue(discovery.connections().isEmpty());
  }

  @Test
  void namesAddedOneByOneCountTogether() {
    String[] names = {"a", "b", "c", "d", "e"};
    DeltaDiscoveryRequest[] requests = new DeltaDiscoveryRequest[names.length];
    for (int i = 0; i < names.length; i++) {
      requests[i] = request(TypeUrl.ENDPOINT).addResourceNamesSubscribe(names[i]).build();
    }
    assertTrue(deltaEnd(requests).startsWith("RESOURCE_EXHAUSTED: names"));
  }

  @Test
  void oneStreamTooManyIsRefusedAndRoomComesBack() {
    Kept<DeltaDiscoveryResponse> first = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> one = delta(first);
    delta(new Kept<>());
    loop.runAll();
    Kept<DeltaDiscoveryResponse> third = new Kept<>();
    delta(third);
    loop.runAll();
    assertTrue(third.end.startsWith("RESOURCE_EXHAUSTED: connections"), third.end);
    one.onCompleted();
    loop.runAll();
    assertEquals("completed", first.end);
    Kept<DeltaDiscoveryResponse> fourth = new Kept<>();
    delta(fourth);
    loop.runAll();
    assertEquals("open", fourth.end);
  }

  @Test
  void staleAndInventedNoncesChangeNothing() {
    world.put(TypeUrl.CLUSTER, "a", Cluster.newBuilder().setName("a").build());
    Kept<DiscoveryResponse> kept = new Kept<>();
    StreamObserver<DiscoveryRequest> stream = sotw(kept);
    DiscoveryRequest first =
        DiscoveryRequest.newBuilder().setNode(NODE).setTypeUrl(TypeUrl.CLUSTER.url()).build();
    stream.onNext(first);
    loop.runAll();
    String nonce = kept.responses.getFirst().getNonce();
    world.drain();
    stream.onNext(first.toBuilder().setResponseNonce("invented").build());
    loop.runAll();
    assertEquals(List.of(), world.drain());
    assertEquals(1, discovery.counters().staleNonces.sum());
    stream.onNext(
        first.toBuilder()
            .setResponseNonce(nonce)
            .setErrorDetail(Status.newBuilder().setMessage("x".repeat(100_000)))
            .build());
    loop.runAll();
    assertTrue(world.drain().getFirst().length() < 20_000, "a long refusal is cut");
    stream.onNext(first.toBuilder().setResponseNonce(nonce).build());
    loop.runAll();
    assertEquals(List.of(), world.drain(), "one answer per response");
  }

  @Test
  void responsesThatAreNeverAnsweredAreForgottenInTime() {
    Kept<DeltaDiscoveryResponse> kept = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> stream = delta(kept);
    stream.onNext(request(TypeUrl.CLUSTER).build());
    loop.runAll();
    for (int i = 0; i < 5; i++) {
      world.put(
          TypeUrl.CLUSTER, "a", Cluster.newBuilder().setName("a").setAltStatName("" + i).build());
      world.push(discovery, TypeUrl.CLUSTER);
    }
    loop.runAll();
    assertEquals(4, discovery.counters().unansweredDropped.sum());
    world.drain();
    stream.onNext(
        request(TypeUrl.CLUSTER).setResponseNonce(kept.responses.getLast().getNonce()).build());
    loop.runAll();
    assertEquals(List.of("ack cds"), world.drain());
  }

  @Test
  void unsubscribingFromTheWildcardLeavesTheNames() {
    world.put(TypeUrl.CLUSTER, "a", Cluster.newBuilder().setName("a").build());
    world.put(TypeUrl.CLUSTER, "b", Cluster.newBuilder().setName("b").build());
    Kept<DeltaDiscoveryResponse> kept = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> stream = delta(kept);
    stream.onNext(request(TypeUrl.CLUSTER).addAllResourceNamesSubscribe(List.of("*", "a")).build());
    loop.runAll();
    assertEquals(2, kept.responses.getFirst().getResourcesCount());
    stream.onNext(request(TypeUrl.CLUSTER).addResourceNamesUnsubscribe("*").build());
    loop.runAll();
    world.put(TypeUrl.CLUSTER, "a", Cluster.newBuilder().setName("a").setAltStatName("1").build());
    world.put(TypeUrl.CLUSTER, "b", Cluster.newBuilder().setName("b").setAltStatName("1").build());
    world.push(discovery, TypeUrl.CLUSTER);
    loop.runAll();
    assertEquals(
        List.of("a"),
        kept.responses.getLast().getResourcesList().stream().map(r -> r.getName()).toList());
  }

  @Test
  void unsubscribingFromANameUnderTheWildcardBringsItAgain() {
    world.put(TypeUrl.CLUSTER, "a", Cluster.newBuilder().setName("a").build());
    Kept<DeltaDiscoveryResponse> kept = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> stream = delta(kept);
    stream.onNext(request(TypeUrl.CLUSTER).addAllResourceNamesSubscribe(List.of("*", "a")).build());
    loop.runAll();
    stream.onNext(request(TypeUrl.CLUSTER).addResourceNamesUnsubscribe("a").build());
    loop.runAll();
    assertEquals(2, kept.responses.size());
    assertEquals("a", kept.responses.getLast().getResources(0).getName());
  }

  /** Reads only what it is told to. */
  private static final class Slow
      implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    final List<DeltaDiscoveryResponse> responses = new ArrayList<>();
    private @Nullable ClientCallStreamObserver<DeltaDiscoveryRequest> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> stream) {
      stream.disableAutoRequestWithInitial(0);
      call = stream;
    }

    void read() {
      // one more than there is: a transport tells of room only to who wants more
      Objects.requireNonNull(call, "call").request(2);
    }

    @Override
    public void onNext(DeltaDiscoveryResponse value) {
      responses.add(value);
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }

  private static final String LONG = "n".repeat(80);

  @Test
  void requestsWaitUntilWhatIsUnderWayWasRead() {
    world.put(TypeUrl.CLUSTER, LONG, Cluster.newBuilder().setName(LONG).build());
    Slow slow = new Slow();
    AggregatedDiscoveryServiceGrpc.newStub(channel)
        .deltaAggregatedResources(slow)
        .onNext(request(TypeUrl.CLUSTER).build());
    loop.runAll();
    Kept<DeltaDiscoveryResponse> other = new Kept<>();
    StreamObserver<DeltaDiscoveryRequest> requests = delta(other);
    requests.onNext(request(TypeUrl.CLUSTER).build());
    loop.runAll();
    assertEquals(List.of(), other.responses, "more than 64 bytes are under way to another");
    assertEquals(1, discovery.counters().requestsDelayed.sum());
    assertEquals(1, discovery.counters().requestsWaiting.sum());
    assertEquals(1, discovery.counters().streamsUnread.sum());
    assertTrue(discovery.counters().bytesUnread.sum() > 64);

    slow.read();
    loop.runAll();
    assertEquals(0, discovery.counters().requestsWaiting.sum());
    assertEquals(0, discovery.counters().streamsUnread.sum());
    assertEquals(0, discovery.counters().bytesUnread.sum());
    assertEquals(1, slow.responses.size());
    assertEquals(1, other.responses.size());
  }

  @Test
  void aClientThatDoesNotReadDelaysOthersForASecond() {
    world.put(TypeUrl.CLUSTER, LONG, Cluster.newBuilder().setName(LONG).build());
    Slow slow = new Slow();
    AggregatedDiscoveryServiceGrpc.newStub(channel)
        .deltaAggregatedResources(slow)
        .onNext(request(TypeUrl.CLUSTER).build());
    loop.runAll();
    Kept<DeltaDiscoveryResponse> other = new Kept<>();
    delta(other).onNext(request(TypeUrl.CLUSTER).build());
    loop.advance(Duration.ofMillis(999));
    assertEquals(List.of(), other.responses);
    loop.advance(Duration.ofMillis(1));
    assertEquals(1, other.responses.size());
    assertEquals(1, discovery.counters().streamsStalled.sum());
  }
}
