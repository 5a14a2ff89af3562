package io.meltemi.embedded.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.embedded.image.ImageRule;
import io.meltemi.embedded.image.ImageTable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WorkloadPlannerTest {
  private static final Origin ORIGIN = new Origin("app.yaml", 7, 1);
  private static final ImageTable IMAGES =
      new ImageTable(
          List.of(new ImageRule("known", List.of("run"), Map.of(), "", Map.of(), ORIGIN)));

  @Test
  void replicaIsAPodAndEqualInputGivesEqualNames() {
    WorkloadPlan plan = plan(List.of(deployment("cart", 2, "known:v1", Map.of())), List.of());
    assertEquals(2, plan.pods().size());
    assertEquals(plan, plan(List.of(deployment("cart", 2, "known:v1", Map.of())), List.of()));
    assertNotEquals(
        plan.pods().getFirst().name(),
        plan(List.of(deployment("cart", 2, "known:v2", Map.of())), List.of())
            .pods()
            .getFirst()
            .name());
  }

  @Test
  void imageWithoutCommandIsAProblemAndTheRestRuns() {
    WorkloadPlan plan =
        plan(
            List.of(
                deployment("cart", 1, "unknown:v1", Map.of()),
                deployment("shop", 1, "known", Map.of())),
            List.of());
    assertEquals(List.of("shop"), plan.pods().stream().map(PodPlan::workload).toList());
    WorkloadPlan.Problem problem = plan.problems().getFirst();
    assertEquals(ORIGIN, problem.origin());
    assertTrue(problem.text().contains("unknown:v1 has no command"), problem.text());
  }

  @Test
  void portAServiceAsksForIsServedThoughNoContainerDeclaresIt() {
    Service.Port port =
        new Service.Port("http", 80, new Service.TargetPort.ByNumber(7000), "TCP", "", 0);
    Service service =
        new Service(
            Service.Type.CLUSTER_IP,
            List.of(),
            "",
            Labels.of(Map.of("app", "cart")),
            List.of(port),
            new Service.Traffic(false, false, false, ""),
            new Service.External(List.of(), List.of()));
    WorkloadPlan plan =
        WorkloadPlanner.plan(
            List.of(deployment("cart", 1, "known", Map.of())),
            List.of(),
            List.of(resource(Kinds.SERVICE, "cart", service)),
            IMAGES);
    PodPlan.Role.Application role = (PodPlan.Role.Application) plan.pods().getFirst().role();
    assertEquals(Set.of(7000, 9080), Set.copyOf(role.ports()));
    assertEquals(List.of(9080, 7000), role.programs().getFirst().ports());
  }

  @Test
  void gatewayWithoutWorkloadGetsAPodWithItsLabels() {
    Gateway gateway = new Gateway(Labels.of(Map.of("istio", "ingressgateway")), List.of());
    WorkloadPlan plan =
        plan(
            List.of(),
            List.of(
                resource(Kinds.GATEWAY, "one", gateway), resource(Kinds.GATEWAY, "two", gateway)));
    assertEquals(1, plan.pods().size());
    PodPlan pod = plan.pods().getFirst();
    assertEquals("istio-system", pod.namespace());
    assertEquals("istio-ingressgateway", pod.labels().get("app", ""));
    assertTrue(pod.role() instanceof PodPlan.Role.IngressGateway);
  }

  @Test
  void deploymentWithGatewayTemplateServesTheGateway() {
    Gateway gateway = new Gateway(Labels.of(Map.of("app", "edge")), List.of());
    WorkloadPlan plan =
        plan(
            List.of(deployment("edge", 1, "auto", Map.of("inject.istio.io/templates", "gateway"))),
            List.of(resource(Kinds.GATEWAY, "one", gateway)));
    assertEquals(1, plan.pods().size());
    assertEquals("edge", plan.pods().getFirst().workload());
  }

  private static WorkloadPlan plan(
      List<Resource<Deployment>> deployments, List<Resource<Gateway>> gateways) {
    return WorkloadPlanner.plan(deployments, gateways, List.of(), IMAGES);
  }

  private static Resource<Deployment> deployment(
      String name, int replicas, String image, Map<String, String> annotations) {
    Labels labels = Labels.of(Map.of("app", name));
    PodSpec.Container container =
        new PodSpec.Container(
            "main",
            image,
            List.of(),
            List.of(),
            Map.of(),
            List.of(new PodSpec.ContainerPort("http", 9080, "TCP")),
            Optional.empty());
    PodSpec spec = new PodSpec(List.of(container), List.of(), "default", "", "", "", false);
    return resource(
        Kinds.DEPLOYMENT,
        name,
        new Deployment(replicas, labels, new Deployment.Template(labels, annotations, spec)));
  }

  private static <T> Resource<T> resource(
      io.meltemi.config.resource.ResourceKind<T> kind, String name, T spec) {
    return new Resource<>(kind, Metadata.of("default", name), spec, ORIGIN);
  }
}
