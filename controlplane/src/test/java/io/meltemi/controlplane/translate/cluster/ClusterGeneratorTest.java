package io.meltemi.controlplane.translate.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ClusterGeneratorTest {
  private static final String WORLD =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.96.0.1
        selector: {app: reviews}
        ports: [{name: http, port: 80, targetPort: 9080}]
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: reviews-1, namespace: default, labels: {app: reviews}}
      spec: {containers: [{name: app, image: app}]}
      status: {phase: Running, podIP: 127.1.0.4, conditions: [{type: Ready, status: 'True'}]}
      ---
      """;

  private static ProxyNode node(
      ProxyNode.InterceptionMode mode, Optional<LocalPlacement> placement) {
    return new ProxyNode(
        ProxyNode.Type.SIDECAR,
        "reviews-1.default",
        "default.svc.cluster.local",
        List.of("127.1.0.4"),
        new Locality("eu", "eu-1", ""),
        new ProxyNode.Metadata(
            "default",
            Labels.of(Map.of("app", "reviews")),
            "",
            "",
            "",
            "",
            mode,
            0,
            false,
            false,
            false,
            "",
            placement.isEmpty(),
            Optional.empty(),
            Map.of()),
        placement);
  }

  private static Map<String, Cluster> clusters(ProxyNode node, PushContext context) {
    Map<String, Cluster> clusters = new TreeMap<>();
    for (GeneratedResource resource : new ClusterGenerator().all(node, context, List.of())) {
      clusters.put(resource.name(), (Cluster) resource.body());
    }
    return clusters;
  }

  private static Cluster cluster(Map<String, Cluster> clusters, String name) {
    return Objects.requireNonNull(clusters.get(name), name);
  }

  private static SocketAddress onlyAddress(Cluster cluster) {
    return cluster
        .getLoadAssignment()
        .getEndpoints(0)
        .getLbEndpoints(0)
        .getEndpoint()
        .getAddress()
        .getSocketAddress();
  }

  @Test
  void aPlacementNamesTheApplicationsAddress() {
    LocalPlacement placement =
        new LocalPlacement(
            Map.of(
                9080,
                new LocalPlacement.Inbound(
                    new HostPort("127.1.0.4", 9080), new HostPort("127.0.0.1", 34567))),
            Map.of(),
            Optional.empty(),
            Map.of());
    Map<String, Cluster> clusters =
        clusters(
            node(ProxyNode.InterceptionMode.NONE, Optional.of(placement)), YamlWorld.of(WORLD));
    Cluster inbound = cluster(clusters, "inbound|9080||");
    assertEquals(Cluster.DiscoveryType.STATIC, inbound.getType());
    assertEquals("127.0.0.1", onlyAddress(inbound).getAddress());
    assertEquals(34567, onlyAddress(inbound).getPortValue());
    assertFalse(clusters.containsKey("InboundPassthroughCluster"));
  }

  @Test
  void withoutCaptureAndPlacementNothingIsServed() {
    Map<String, Cluster> clusters =
        clusters(node(ProxyNode.InterceptionMode.NONE, Optional.empty()), YamlWorld.of(WORLD));
    assertFalse(clusters.containsKey("inbound|9080||"));
    assertEquals(
        Cluster.DiscoveryType.EDS,
        cluster(clusters, "outbound|80||reviews.default.svc.cluster.local").getType());
  }

  @Test
  void aDefaultEndpointOnAnyAddressIsTheWorkloadsOwn() {
    Map<String, Cluster> clusters =
        clusters(
            node(ProxyNode.InterceptionMode.REDIRECT, Optional.empty()),
            YamlWorld.of(
                WORLD
                    + """
                    apiVersion: networking.istio.io/v1
                    kind: Sidecar
                    metadata: {name: s, namespace: default}
                    spec:
                      ingress:
                      - {port: {number: 7000, protocol: HTTP, name: a}, defaultEndpoint: '0.0.0.0:8080'}
                      - {port: {number: 7001, protocol: HTTP, name: b}, defaultEndpoint: 'unix:///run/b'}
                    """));
    assertEquals("127.1.0.4", onlyAddress(cluster(clusters, "inbound|7000||")).getAddress());
    assertEquals(
        "/run/b",
        cluster(clusters, "inbound|7001||")
            .getLoadAssignment()
            .getEndpoints(0)
            .getLbEndpoints(0)
            .getEndpoint()
            .getAddress()
            .getPipe()
            .getPath());
    assertFalse(clusters.containsKey("inbound|9080||"));
  }

  private static String entry(String policy) {
    return """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: far, namespace: default}
        spec:
          hosts: [far.example.com]
          resolution: DNS
          ports: [{number: 80, name: http, protocol: HTTP}]
          endpoints:
          - {address: near.example.com, locality: eu/eu-1}
          - {address: zone.example.com, locality: eu/eu-2}
          - {address: us.example.com, locality: us/us-1, weight: 2}
          - {address: asia.example.com, locality: asia/a-1}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: far, namespace: default}
        spec:
          host: far.example.com
          trafficPolicy: %s
        """
        .formatted(policy);
  }

  private static Map<String, String> places(String policy) {
    Map<String, String> places = new TreeMap<>();
    Cluster cluster =
        cluster(
            clusters(
                node(ProxyNode.InterceptionMode.REDIRECT, Optional.empty()),
                YamlWorld.of(entry(policy))),
            "outbound|80||far.example.com");
    for (LocalityLbEndpoints place : cluster.getLoadAssignment().getEndpointsList()) {
      places.put(
          place.getLocality().getRegion() + "/" + place.getLocality().getZone(),
          place.getPriority() + ":" + place.getLoadBalancingWeight().getValue());
    }
    return places;
  }

  @Test
  void failoverNeedsOutlierDetection() {
    assertEquals(
        Map.of("eu/eu-1", "0:1", "eu/eu-2", "0:1", "us/us-1", "0:2", "asia/a-1", "0:1"),
        places("{loadBalancer: {simple: RANDOM}}"));
    assertEquals(
        Map.of("eu/eu-1", "0:1", "eu/eu-2", "1:1", "us/us-1", "2:2", "asia/a-1", "2:1"),
        places("{outlierDetection: {consecutive5xxErrors: 1}}"));
  }

  @Test
  void failoverRulesPutOtherRegionsLast() {
    assertEquals(
        Map.of("eu/eu-1", "0:1", "eu/eu-2", "1:1", "us/us-1", "2:2", "asia/a-1", "3:1"),
        places(
            "{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: eu, to: us}]}}}"));
  }

  @Test
  void distributionGivesSharesAndDropsTheRest() {
    assertEquals(
        Map.of("eu/eu-1", "0:70", "eu/eu-2", "0:20", "us/us-1", "0:10"),
        places(
            """
            {loadBalancer: {localityLbSetting: {distribute: [
              {from: eu/*, to: {eu/eu-1/*: 70, eu/*: 20, us/*: 10}}]}}}
            """));
  }
}
