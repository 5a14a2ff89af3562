package io.meltemi.controlplane.deployment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What people lay over the objects of a gateway. */
class OverlaysTest {
  private static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: web, namespace: app}
      spec:
        gatewayClassName: istio
        infrastructure:
          labels: {team: blue, gateway.networking.k8s.io/gateway-name: mine}
          parametersRef: {group: "", kind: ConfigMap, name: web-options}
        listeners: [{name: http, port: 80, protocol: HTTP}]
      ---
      """;

  private static Map<String, Map<String, Object>> made(String more) {
    ConfigSnapshot snapshot = ConfigSnapshot.of(YamlWorld.resources(GATEWAY + more));
    GatewayDeployment deployment =
        GatewayDeployment.all(snapshot, DeploymentSettings.DEFAULT).getFirst();
    return GatewayManifests.of(deployment, snapshot, MeshConfig.DEFAULT, DeploymentSettings.DEFAULT)
        .stream()
        .collect(Collectors.toMap(Manifest::kind, Manifest::content));
  }

  private static String options(String data) {
    return """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web-options, namespace: app}
        data:
        """
        + data.indent(2);
  }

  private static Object at(@Nullable Object value, Object... path) {
    Object found = Objects.requireNonNull(value, "an object of the kind");
    for (Object step : path) {
      found = step instanceof Integer index ? ((List<?>) found).get(index) : field(found, step);
    }
    return found;
  }

  private static Object field(Object value, Object name) {
    return Objects.requireNonNull(((Map<?, ?>) value).get(name), name + " of " + value);
  }

  @Test
  void listsOfNamedThingsAreMergedAndOthersReplaced() {
    Map<String, Map<String, Object>> made =
        made(
            options(
                """
                deployment: |
                  spec:
                    replicas: 4
                    template:
                      spec:
                        containers:
                        - name: istio-proxy
                          resources: {requests: {cpu: 222m}}
                          env: [{name: MORE, value: "yes"}, {name: HOST_IP, $patch: delete}]
                          ports: [{containerPort: 15090, name: other}]
                        securityContext: null
                service: |
                  spec:
                    type: NodePort
                    ports: [{port: 80, nodePort: 30080}]
                """));
    Object pod = at(made.get("Deployment"), "spec", "template", "spec");
    Object container = at(pod, "containers", 0);
    assertEquals("4", at(made.get("Deployment"), "spec", "replicas").toString());
    assertEquals("222m", at(container, "resources", "requests", "cpu"));
    assertEquals("docker.io/istio/proxyv2:latest", at(container, "image"));
    List<String> variables =
        ((List<?>) at(container, "env")).stream().map(v -> (String) at(v, "name")).toList();
    assertTrue(variables.contains("MORE"), variables.toString());
    assertTrue(variables.contains("POD_NAME"), variables.toString());
    assertTrue(!variables.contains("HOST_IP"), variables.toString());
    assertEquals("other", at(container, "ports", 2, "name"));
    assertTrue(!((Map<?, ?>) pod).containsKey("securityContext"));
    Object service = at(made.get("Service"), "spec");
    assertEquals("NodePort", at(service, "type"));
    assertEquals("30080", at(service, "ports", 1, "nodePort").toString());
    assertEquals("http", at(service, "ports", 1, "name"));
    assertEquals(2, ((List<?>) at(service, "ports")).size());
  }

  @Test
  void autoscalersAndBudgetsAreMadeOnDemand() {
    Map<String, Map<String, Object>> plain = made(options("service: '{}'\n"));
    assertEquals(
        List.of("Deployment", "Gateway", "Service", "ServiceAccount"),
        plain.keySet().stream().sorted().toList());
    Map<String, Map<String, Object>> made =
        made(
            options(
                """
                horizontalPodAutoscaler: |
                  spec: {minReplicas: 2, maxReplicas: 5}
                podDisruptionBudget: |
                  spec: {minAvailable: 1}
                """));
    Object autoscaler = at(made.get("HorizontalPodAutoscaler"), "spec");
    assertEquals("5", at(autoscaler, "maxReplicas").toString());
    assertEquals("web-istio", at(autoscaler, "scaleTargetRef", "name"));
    Object budget = at(made.get("PodDisruptionBudget"), "spec");
    assertEquals("1", at(budget, "minAvailable").toString());
    assertEquals(
        Map.of("gateway.networking.k8s.io/gateway-name", "web"),
        at(budget, "selector", "matchLabels"));
  }

  @Test
  void defaultsOfTheClassComeFirst() {
    Map<String, Map<String, Object>> made =
        made(
            options("service: 'spec: {type: NodePort}'\n")
                + """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: all
                  namespace: istio-system
                  labels: {gateway.istio.io/defaults-for-class: istio}
                data:
                  service: 'spec: {type: ClusterIP, internalTrafficPolicy: Local}'
                """);
    assertEquals("NodePort", at(made.get("Service"), "spec", "type"));
    assertEquals("Local", at(made.get("Service"), "spec", "internalTrafficPolicy"));
  }

  @Test
  void labelsOfTheInfrastructureReplaceThoseOfTheGateway() {
    Object labels =
        at(made(options("service: '{}'\n")).get("ServiceAccount"), "metadata", "labels");
    assertEquals("blue", at(labels, "team"));
    assertEquals("web", at(labels, "gateway.networking.k8s.io/gateway-name"));
  }

  @Test
  void whatCannotBeLaidOverIsSaid() {
    assertSays("configmap does not exist", "");
    assertSays("unsupported overlay \"pod\"", options("pod: '{}'\n"));
    assertSays("illegal change of metadata.name", options("service: 'metadata: {name: mine}'\n"));
    assertSays(
        "illegal change of metadata.ownerReferences",
        options("service: 'metadata: {ownerReferences: null}'\n"));
    assertSays("is no object", options("service: '[]'\n"));
    assertSays(
        "an entry without name",
        options("deployment: 'spec: {template: {spec: {containers: [1]}}}'\n"));
    assertSays("expected", options("service: '{'\n"));
  }

  private static void assertSays(String text, String more) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, () -> made(more)).getMessage());
    assertTrue(message.contains(text), message);
  }
}
