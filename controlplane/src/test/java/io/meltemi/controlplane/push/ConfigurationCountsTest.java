package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.controlplane.testing.YamlWorld;
import org.junit.jupiter.api.Test;

final class ConfigurationCountsTest {
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.96.0.1
        ports: [{name: http, port: 80}, {name: tcp, port: 81}, {name: udp, port: 82, protocol: UDP}]
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: reviews-1, namespace: default, labels: {kubernetes.io/service-name: reviews}}
      addressType: IPv4
      ports: [{name: http, port: 8080}]
      endpoints: [{addresses: [10.0.0.4], conditions: {ready: true}}]
      """;
  private static final String RULE =
      """
      ---
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: %s, namespace: default}
      spec: {host: reviews, subsets: [{name: %s}]}
      """;

  @Test
  void portsWithoutEndpointsAreCounted() {
    assertEquals(1, YamlWorld.of(SERVICE).portsWithoutEndpoints());
  }

  @Test
  void hostsWithSubsetsOfOneNameAreCounted() {
    assertEquals(
        0,
        YamlWorld.of(SERVICE + RULE.formatted("a", "v1") + RULE.formatted("b", "v2"))
            .hostsWithDuplicateSubsets());
    assertEquals(
        1,
        YamlWorld.of(
                SERVICE
                    + RULE.formatted("a", "v1")
                    + RULE.formatted("b", "v1")
                    + RULE.formatted("c", "v1"))
            .hostsWithDuplicateSubsets());
  }
}
