package io.meltemi.bench.swarm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SidecarTest {
  private final List<String> log = new ArrayList<>();
  private final Tally tally = new Tally();
  private final AtomicReference<Round> round = new AtomicReference<>();
  private final Sidecar sidecar =
      new Sidecar(
          Map.of(
              Kind.CLUSTER, new Names(),
              Kind.ENDPOINT, new Names(),
              Kind.LISTENER, new Names(),
              Kind.ROUTE, new Names()),
          new Sidecar.Requests() {
            @Override
            public void subscribe(Kind kind, List<String> names, List<String> gone) {
              log.add(kind + " +" + names + " -" + gone);
            }

            @Override
            public void acknowledge(Kind kind, String nonce) {
              log.add(kind + " ack " + nonce);
            }

            @Override
            public void ready() {
              log.add("ready");
            }
          },
          tally,
          round::get);

  @BeforeEach
  void begin() {
    sidecar.begin();
  }

  private List<String> receive(Kind kind, Map<String, Message> resources, String... removed) {
    DeltaDiscoveryResponse.Builder response =
        DeltaDiscoveryResponse.newBuilder()
            .setTypeUrl(kind.url)
            .setNonce("n")
            .addAllRemovedResources(List.of(removed));
    resources.forEach(
        (name, body) ->
            response.addResources(Resource.newBuilder().setName(name).setResource(Any.pack(body))));
    byte[] bytes = response.build().toByteArray();
    Response read = new Response();
    read.over(bytes, bytes.length);
    sidecar.receive(read);
    List<String> said = List.copyOf(log);
    log.clear();
    return said;
  }

  private static Cluster cluster(String name) {
    return Cluster.newBuilder().setName(name).setType(Cluster.DiscoveryType.EDS).build();
  }

  private static ClusterLoadAssignment assignment(String name, String zone) {
    ClusterLoadAssignment.Builder assignment =
        ClusterLoadAssignment.newBuilder().setClusterName(name);
    assignment.addEndpointsBuilder().getLocalityBuilder().setZone(zone);
    return assignment.build();
  }

  private static Listener listener(String routes) {
    return Listener.newBuilder()
        .addFilterChains(
            FilterChain.newBuilder()
                .addFilters(
                    Filter.newBuilder()
                        .setTypedConfig(
                            Any.pack(
                                HttpConnectionManager.newBuilder()
                                    .setRds(Rds.newBuilder().setRouteConfigName(routes))
                                    .build()))))
        .build();
  }

  private static RouteConfiguration routes(String name) {
    return RouteConfiguration.newBuilder().setName(name).build();
  }

  @Test
  void asksInTheOrderOfEnvoyAndIsReadyWhenAllHasCome() {
    assertEquals(
        List.of("CLUSTER +[] -[]", "CLUSTER ack n", "ENDPOINT +[a] -[]"),
        receive(Kind.CLUSTER, Map.of("a", cluster("a"))));
    assertEquals(
        List.of("ENDPOINT ack n", "LISTENER +[] -[]"),
        receive(Kind.ENDPOINT, Map.of("a", assignment("a", "1"))));
    assertEquals(
        List.of("LISTENER ack n", "ROUTE +[80] -[]"),
        receive(Kind.LISTENER, Map.of("l", listener("80"))));
    assertEquals(List.of("ROUTE ack n", "ready"), receive(Kind.ROUTE, Map.of("80", routes("80"))));
    assertEquals(
        List.of("CLUSTER ack n", "ENDPOINT +[b] -[a]"),
        receive(Kind.CLUSTER, Map.of("b", cluster("b")), "a"));
    assertEquals(1, sidecar.count(Kind.CLUSTER));
    assertEquals(0, sidecar.count(Kind.ENDPOINT));
  }

  @Test
  void aMissingEndpointSetCountsAsAnAnswer() {
    receive(Kind.CLUSTER, Map.of("a", cluster("a")));
    assertEquals(
        List.of("ENDPOINT ack n", "LISTENER +[] -[]"), receive(Kind.ENDPOINT, Map.of(), "a"));
  }

  @Test
  void withoutEndpointsItAsksForListenersAtOnce() {
    assertEquals(
        List.of("CLUSTER +[] -[]", "CLUSTER ack n", "LISTENER +[] -[]"),
        receive(Kind.CLUSTER, Map.of("a", Cluster.newBuilder().setName("a").build())));
    assertEquals(List.of("LISTENER ack n", "ready"), receive(Kind.LISTENER, Map.of()));
  }

  @Test
  void countsBytesThatItHad() {
    Message one = assignment("a", "1");
    receive(Kind.CLUSTER, Map.of("a", cluster("a")));
    receive(Kind.ENDPOINT, Map.of("a", one));
    assertEquals(0, tally.heldBytes.sum());
    receive(Kind.ENDPOINT, Map.of("a", one));
    assertEquals(one.getSerializedSize(), tally.heldBytes.sum());
    receive(Kind.ENDPOINT, Map.of("a", assignment("a", "2")));
    assertEquals(one.getSerializedSize(), tally.heldBytes.sum());
    receive(Kind.ENDPOINT, Map.of(), "a");
    receive(Kind.ENDPOINT, Map.of("a", one));
    assertEquals(one.getSerializedSize(), tally.heldBytes.sum());
    assertEquals(5, tally.resources.sum());
  }

  @Test
  void aChangeHasComeWhenAllOfItHas() {
    receive(Kind.CLUSTER, Map.of("a", cluster("a")));
    receive(Kind.ENDPOINT, Map.of("a", assignment("a", "here")));
    Round change =
        new Round(
            List.of(
                new Round.Awaited(Kind.ENDPOINT, "a", "there"),
                new Round.Awaited(Kind.CLUSTER, "b", "")),
            1);
    round.set(change);
    receive(Kind.ENDPOINT, Map.of("a", assignment("a", "nowhere")));
    receive(Kind.CLUSTER, Map.of("b", cluster("b")));
    assertEquals(1, change.missing().getCount());
    receive(Kind.ENDPOINT, Map.of("a", assignment("a", "there")));
    assertEquals(0, change.missing().getCount());
  }
}
