package io.meltemi.xds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.ConnectionWatcher;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.client.XdsClientSettings;
import io.meltemi.xds.resource.TypeUrl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client does about servers that send nonsense: it names it and keeps what it has. */
class HostileServerTest {
  private static final String NAME = "hostile-server";
  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final List<DeltaDiscoveryRequest> requests = new ArrayList<>();
  private final ManagedChannel channel =
      InProcessChannelBuilder.forName(NAME).directExecutor().build();
  private final List<String> disconnections = new ArrayList<>();
  private @Nullable StreamObserver<DeltaDiscoveryResponse> responses;
  private Server server = InProcessServerBuilder.forName(NAME).build();
  private final XdsClient client =
      new XdsClient(
          XdsClientSettings.DEFAULT,
          Node.newBuilder().setId("me").build(),
          channel,
          loop,
          new Random(1),
          new ConnectionWatcher() {
            @Override
            public void onConnected() {}

            @Override
            public void onDisconnected(String reason, java.time.Duration retryIn) {
              disconnections.add(reason);
            }
          });
  private final Recorder clusters = new Recorder(client, false);

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName(NAME)
            .directExecutor()
            .addService(
                new AggregatedDiscoveryServiceImplBase() {
                  @Override
                  public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
                      StreamObserver<DeltaDiscoveryResponse> observer) {
                    responses = observer;
                    return new StreamObserver<>() {
                      @Override
                      public void onNext(DeltaDiscoveryRequest request) {
                        requests.add(request);
                      }

                      @Override
                      public void onError(Throwable failure) {}

                      @Override
                      public void onCompleted() {}
                    };
                  }
                })
            .build()
            .start();
    client.watch(TypeUrl.CLUSTER, clusters);
    client.subscribeAll(TypeUrl.CLUSTER);
    client.start();
    loop.runAll();
  }

  @AfterEach
  void stop() {
    client.close();
    loop.runAll();
    channel.shutdownNow();
    server.shutdownNow();
  }

  private void send(DeltaDiscoveryResponse.Builder response) {
    if (responses != null) {
      responses.onNext(response.setNonce("n" + requests.size()).build());
    }
    loop.runAll();
  }

  private String lastError() {
    return requests.getLast().getErrorDetail().getMessage();
  }

  private static DeltaDiscoveryResponse.Builder clusters(Resource.Builder... resources) {
    DeltaDiscoveryResponse.Builder response =
        DeltaDiscoveryResponse.newBuilder().setTypeUrl(TypeUrl.CLUSTER.url());
    for (Resource.Builder resource : resources) {
      response.addResources(resource);
    }
    return response;
  }

  private static Resource.Builder good(String name) {
    return Resource.newBuilder()
        .setName(name)
        .setVersion("1")
        .setResource(Any.pack(Cluster.newBuilder().setName(name).build()));
  }

  @Test
  void nodeIsSentOnceAndEveryBadResourceIsNamed() {
    send(
        clusters(
            good("a"),
            good("b").setTtl(Duration.newBuilder().setSeconds(1)),
            Resource.newBuilder()
                .setName("c")
                .setResource(Any.newBuilder().setTypeUrl("type.googleapis.com/other.Thing")),
            Resource.newBuilder()
                .setResource(
                    Any.newBuilder()
                        .setTypeUrl(TypeUrl.CLUSTER.url())
                        .setValue(ByteString.copyFrom(new byte[] {-1, -1, -1, 7}))),
            good("a")));
    assertTrue(requests.getFirst().hasNode());
    assertEquals(List.of("+[a]-[]"), clusters.drain());
    String error = lastError();
    assertTrue(error.contains("b: ttl: not supported"), error);
    assertTrue(error.contains("c: type: type.googleapis.com/other.Thing"), error);
    assertTrue(error.contains("resources[3]: no name"), error);
    assertTrue(error.contains("a: given twice"), error);
    assertTrue(!requests.getLast().hasNode());
  }

  @Test
  void resourcesNobodyAskedForAreLeftAlone() {
    send(
        DeltaDiscoveryResponse.newBuilder()
            .setTypeUrl(TypeUrl.ROUTE.url())
            .addRemovedResources("x"));
    assertEquals(1, requests.size(), "no answer to what was not asked");
    send(clusters(good("a")));
    assertEquals(List.of("+[a]-[]"), clusters.drain(), "the stream goes on");
  }

  @Test
  void responseWithoutATypeEndsTheStreamAndNothingElse() {
    send(clusters(good("a")));
    send(DeltaDiscoveryResponse.newBuilder());
    assertEquals(1, disconnections.size());
    loop.advance(java.time.Duration.ofSeconds(1));
    assertEquals(
        "1", requests.getLast().getInitialResourceVersionsOrThrow("a"), "resumes with what it has");
    assertTrue(requests.getLast().hasNode());
  }
}
