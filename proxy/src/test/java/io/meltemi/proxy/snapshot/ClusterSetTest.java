package io.meltemi.proxy.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DiscoveryType;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.EdsClusterConfig;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterFactory;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterParser;
import io.meltemi.proxy.cluster.ClusterSettings.LbPolicy;
import io.meltemi.proxy.cluster.lb.roundrobin.RoundRobinFactory;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.transport.TlsEngine;
import io.meltemi.proxy.transport.TransportSocketParser;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Clusters that come, change and go, as an event loop finds them meanwhile. */
final class ClusterSetTest {
  private final FakeTicker ticker = new FakeTicker();
  private final FakeTaskLoop loop = new FakeTaskLoop(ticker);
  private final Stats stats = new Stats();
  private final ClusterManager manager = new ClusterManager();
  private final ClusterSet clusters =
      new ClusterSet(
          new ClusterParser(new TransportSocketParser(new Secrets(), TlsEngine::best, ticker)),
          new ClusterFactory(
              Map.of(LbPolicy.ROUND_ROBIN, new RoundRobinFactory()),
              (_, answer) -> answer.accept(List.of()),
              loop,
              ticker,
              stats),
          manager,
          new ResourceTable(),
          loop,
          ticker,
          stats,
          new Secrets().remote(),
          () -> {});

  ClusterSetTest() {
    clusters.subscribeWith(
        new Subscriber() {
          @Override
          public boolean subscribe(TypeUrl type, Collection<String> names) {
            return true;
          }

          @Override
          public void unsubscribe(TypeUrl type, Collection<String> names) {}
        });
  }

  @Test
  void aReplacedClusterKeepsItsHostsForWhoFoundItBefore() {
    cluster("app", 1);
    endpoints("app");
    Cluster found = current("app");
    cluster("app", 2);
    endpoints("app");
    assertNotSame(found, current("app"));
    assertEquals(1, found.hosts().size());
    loop.advance(ClusterSet.LINGER);
    assertEquals(0, found.hosts().size());
    assertEquals(1, current("app").hosts().size());
  }

  @Test
  void aNewClusterIsFoundWhenItsEndpointsAreKnown() {
    cluster("app", 1);
    assertNull(manager.get("app"));
    endpoints("app");
    assertEquals(1, current("app").hosts().size());
  }

  @Test
  void aRemovedClusterIsFoundForAWhile() {
    cluster("app", 1);
    endpoints("app");
    Cluster found = current("app");
    clusters.update(new ResourceUpdate(TypeUrl.CLUSTER, "3", List.of(), List.of("app")));
    assertEquals(found, current("app"));
    assertEquals(1, found.hosts().size());
    loop.advance(ClusterSet.LINGER);
    assertNull(manager.get("app"));
    assertEquals(0, found.hosts().size());
  }

  private Cluster current(String name) {
    return Objects.requireNonNull(manager.get(name), name);
  }

  private void cluster(String name, int seconds) {
    var config =
        io.envoyproxy.envoy.config.cluster.v3.Cluster.newBuilder()
            .setName(name)
            .setType(DiscoveryType.EDS)
            .setConnectTimeout(
                com.google.protobuf.Duration.newBuilder().setSeconds(seconds).build())
            .setEdsClusterConfig(
                EdsClusterConfig.newBuilder()
                    .setEdsConfig(
                        ConfigSource.newBuilder()
                            .setAds(AggregatedConfigSource.getDefaultInstance())))
            .build();
    assertEquals(List.of(), clusters.update(update(TypeUrl.CLUSTER, name, config)));
    loop.runAll();
  }

  private void endpoints(String name) {
    var assignment =
        ClusterLoadAssignment.newBuilder()
            .setClusterName(name)
            .addEndpoints(
                LocalityLbEndpoints.newBuilder()
                    .addLbEndpoints(
                        LbEndpoint.newBuilder()
                            .setEndpoint(
                                Endpoint.newBuilder()
                                    .setAddress(
                                        Address.newBuilder()
                                            .setSocketAddress(
                                                SocketAddress.newBuilder()
                                                    .setAddress("127.0.0.1")
                                                    .setPortValue(80))))))
            .build();
    assertEquals(List.of(), clusters.updateEndpoints(update(TypeUrl.ENDPOINT, name, assignment)));
    loop.runAll();
  }

  private static ResourceUpdate update(TypeUrl type, String name, Message message) {
    return new ResourceUpdate(
        type, "1", List.of(new ReceivedResource(name, "1", Any.pack(message))), List.of());
  }
}
