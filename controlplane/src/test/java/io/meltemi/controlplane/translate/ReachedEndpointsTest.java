package io.meltemi.controlplane.translate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.registry.Networks;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReachedEndpointsTest {
  private static final Networks NETWORKS =
      new Networks(
          "",
          "",
          Map.of(),
          List.of(
              new Networks.Gateway("b", "", "9.0.0.1", 15443),
              new Networks.Gateway("b", "", "9.0.0.2", 15443),
              new Networks.Gateway("c", "", "9.0.0.3", 15443),
              new Networks.Gateway("c", "", "9.0.0.4", 15443),
              new Networks.Gateway("c", "two", "9.0.0.5", 443)));

  private static final List<ServiceEndpoint> ENDPOINTS =
      List.of(
          endpoint("1.0.0.1", "a", 1, true),
          endpoint("1.0.0.2", "", 1, false),
          endpoint("1.0.0.3", "b", 1, true),
          endpoint("1.0.0.4", "b", 2, true),
          endpoint("1.0.0.5", "b", 5, false),
          endpoint("", "b", 1, true),
          endpoint("1.0.0.6", "d", 1, false),
          endpoint("", "d", 1, true));

  private static ServiceEndpoint endpoint(String ip, String network, int weight, boolean mutual) {
    return new ServiceEndpoint(
        ip,
        8080,
        "http",
        ServiceEndpoint.Health.HEALTHY,
        weight,
        Locality.UNKNOWN,
        new ServiceEndpoint.Workload(
            "w", "ns", Labels.EMPTY, "", network, "", "two", mutual ? "istio" : ""));
  }

  private static ProxyNode node(Map<String, String> metadata) {
    Struct.Builder fields = Struct.newBuilder();
    metadata.forEach(
        (key, value) -> fields.putFields(key, Value.newBuilder().setStringValue(value).build()));
    Node node =
        Node.newBuilder()
            .setId("sidecar~1.0.0.9~client.ns~ns.svc.cluster.local")
            .setMetadata(fields)
            .build();
    return ((Validation.Valid<ProxyNode>) ProxyNode.parse(node, Origin.BUILT_IN)).value();
  }

  private static List<String> reached(ProxyNode node, Networks networks) {
    return reach(node, networks).endpoints().stream()
        .map(each -> each.address() + ':' + each.port() + '*' + each.weight())
        .toList();
  }

  private static ReachedEndpoints reach(ProxyNode node, Networks networks) {
    return ReachedEndpoints.of(
        ENDPOINTS, node, networks, each -> each.workload().tlsMode().equals("istio"));
  }

  @Test
  void oneNetworkIsReachedAsItIs() {
    assertEquals(6, reached(node(Map.of("NETWORK", "a")), Networks.NONE).size());
  }

  /** Two, two, one and three gateways: weights are six times those written. */
  @Test
  void weightsOfFarEndpointsAreDividedAmongGateways() {
    assertEquals(
        List.of(
            "1.0.0.1:8080*6",
            "1.0.0.2:8080*6",
            "1.0.0.6:8080*6",
            "9.0.0.1:15443*12",
            "9.0.0.2:15443*12"),
        reached(node(Map.of("NETWORK", "a")), NETWORKS));
  }

  @Test
  void gatewaysAreMetWithMutualTls() {
    ReachedEndpoints reached = reach(node(Map.of("NETWORK", "a")), NETWORKS);
    assertEquals(
        List.of("1.0.0.1", "9.0.0.1", "9.0.0.2"),
        reached.onlyMutualTls().endpoints().stream().map(ServiceEndpoint::address).toList());
  }

  @Test
  void ownNetworkNeedsNoGateway() {
    assertEquals(
        List.of(
            "1.0.0.1:8080*6",
            "1.0.0.2:8080*6",
            "1.0.0.3:8080*6",
            "1.0.0.4:8080*12",
            "1.0.0.5:8080*30",
            "1.0.0.6:8080*6"),
        reached(node(Map.of()), NETWORKS));
  }

  @Test
  void aViewLeavesOtherNetworksOut() {
    assertEquals(
        List.of("1.0.0.1:8080*6", "1.0.0.2:8080*6"),
        reached(node(Map.of("NETWORK", "a", "REQUESTED_NETWORK_VIEW", "a,x")), NETWORKS));
  }

  @Test
  void gatewaysOfTheEndpointsClusterComeFirst() {
    assertEquals(
        List.of(new Networks.Gateway("c", "two", "9.0.0.5", 443)),
        NETWORKS.gatewaysTo(endpoint("1.0.0.1", "c", 1, true).workload()));
  }
}
