package io.meltemi.embedded.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Workloads of gateways that name none. */
class ManagedGatewaysTest {
  private static ConfigSnapshot gateway(String className, Map<String, String> annotations) {
    return ConfigSnapshot.of(
        List.of(
            new Resource<>(
                Kinds.KUBERNETES_GATEWAY,
                new Metadata(
                    new ResourceName("app", "web"),
                    Labels.EMPTY,
                    annotations,
                    Instant.EPOCH,
                    0,
                    "",
                    List.of()),
                new KubernetesGateway(
                    className,
                    List.of(
                        new Listener(
                            "http",
                            Optional.empty(),
                            80,
                            "HTTP",
                            Optional.empty(),
                            Listener.AllowedRoutes.SAME)),
                    List.of(),
                    Optional.of(
                        new KubernetesGateway.Infrastructure(
                            Map.of("team", "blue"), Map.of("note", "kept"), Optional.empty())),
                    Optional.empty(),
                    KubernetesGateway.Tls.NONE),
                Origin.of("test"))));
  }

  @Test
  void podsCarryLabelsAndAnnotationsOfTheInfrastructure() {
    ConfigSnapshot snapshot = gateway("istio", Map.of());
    Resource<Deployment> made = ManagedGateways.deployments(snapshot).getFirst();
    assertEquals("web-istio", made.name());
    assertEquals("web-istio", made.spec().template().spec().serviceAccountName());
    assertEquals("blue", made.spec().template().labels().values().get("team"));
    assertEquals("kept", made.spec().template().annotations().get("note"));
    Resource<Service> service = ManagedGateways.services(snapshot).getFirst();
    assertEquals("web-istio", service.name());
    assertEquals(List.of(80), service.spec().ports().stream().map(Service.Port::port).toList());
  }

  @Test
  void annotationsGiveOtherNames() {
    ConfigSnapshot snapshot =
        gateway(
            "istio",
            Map.of(
                "gateway.istio.io/name-override", "front",
                "gateway.istio.io/service-account", "robot"));
    Resource<Deployment> made = ManagedGateways.deployments(snapshot).getFirst();
    assertEquals("front", made.name());
    assertEquals("robot", made.spec().template().spec().serviceAccountName());
    assertEquals("front", ManagedGateways.services(snapshot).getFirst().name());
  }

  @Test
  void gatewaysOfOtherClassesGetNothing() {
    assertEquals(List.of(), ManagedGateways.deployments(gateway("istio-waypoint", Map.of())));
    assertEquals(List.of(), ManagedGateways.deployments(gateway("nginx", Map.of())));
  }
}
