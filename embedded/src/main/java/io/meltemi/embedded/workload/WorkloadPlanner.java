package io.meltemi.embedded.workload;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.embedded.image.ImageCommand;
import io.meltemi.embedded.image.ImageTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Turns deployments into pods, and gateways that no deployment serves into gateway pods.
 *
 * <p>A deployment whose pods carry the annotation {@code inject.istio.io/templates: gateway} is a
 * gateway, as with Istio's injection. For a Gateway resource whose selector fits no pod there is a
 * pod in {@code istio-system} with just the selector's labels, because on one machine nobody
 * installs a gateway first.
 */
public final class WorkloadPlanner {
  private static final String TEMPLATES = "inject.istio.io/templates";
  private static final String SYSTEM_NAMESPACE = "istio-system";
  private static final String PROXY_CONTAINER = "istio-proxy";
  private static final int REPLICAS_MAX = 50;

  private final List<Resource<Service>> services;
  private final ImageTable images;
  private final List<PodPlan> pods = new ArrayList<>();
  private final List<WorkloadPlan.Problem> problems = new ArrayList<>();

  private WorkloadPlanner(List<Resource<Service>> services, ImageTable images) {
    this.services = services;
    this.images = images;
  }

  /** Plans; equal input gives equal pods. */
  public static WorkloadPlan plan(
      List<Resource<Deployment>> deployments,
      List<Resource<Gateway>> gateways,
      List<Resource<Service>> services,
      ImageTable images) {
    WorkloadPlanner planner = new WorkloadPlanner(services, images);
    deployments.stream().sorted(Resource.PRECEDENCE).forEach(planner::addDeployment);
    gateways.stream().sorted(Resource.PRECEDENCE).forEach(planner::addMissingGateway);
    return new WorkloadPlan(planner.pods, planner.problems);
  }

  private void addDeployment(Resource<Deployment> resource) {
    Deployment deployment = resource.spec();
    Deployment.Template template = deployment.template();
    Optional<PodPlan.Role> role =
        template.annotations().getOrDefault(TEMPLATES, "").equals("gateway")
            ? Optional.of(new PodPlan.Role.IngressGateway())
            : application(resource);
    if (role.isEmpty()) {
      return;
    }
    if (deployment.replicas() > REPLICAS_MAX) {
      problem(
          resource,
          "replicas: " + deployment.replicas() + ", of which " + REPLICAS_MAX + " are run here");
    }
    Labels labels = template.labels();
    String hash = hash(List.of(labels, template.annotations(), template.spec(), role.get()));
    for (int i = 0; i < Math.min(deployment.replicas(), REPLICAS_MAX); i++) {
      pods.add(
          new PodPlan(
              new ResourceName(resource.namespace(), resource.name() + "-" + hash + "-" + i),
              resource.name(),
              labels,
              template.annotations(),
              template.spec(),
              role.get()));
    }
  }

  private Optional<PodPlan.Role> application(Resource<Deployment> resource) {
    Deployment.Template template = resource.spec().template();
    List<PodSpec.Container> containers =
        template.spec().containers().stream()
            .filter(container -> !container.name().equals(PROXY_CONTAINER))
            .toList();
    Set<Integer> declared = new TreeSet<>();
    containers.forEach(container -> declared.addAll(tcpPorts(container)));
    Set<Integer> undeclared = servicePorts(resource.namespace(), template.labels(), containers);
    undeclared.removeAll(declared);
    List<PodPlan.Program> programs = new ArrayList<>();
    for (PodSpec.Container container : containers) {
      Optional<ImageCommand> command = images.find(container.image());
      if (command.isEmpty()) {
        problem(
            resource,
            "container "
                + container.name()
                + ": image "
                + container.image()
                + " has no command in meltemi.yaml, so it does not run");
        continue;
      }
      Set<Integer> ports = new LinkedHashSet<>(tcpPorts(container));
      if (programs.isEmpty()) {
        // containerPort is information only: what a service asks for has to be some program's
        ports.addAll(undeclared);
      }
      programs.add(new PodPlan.Program(container, command.get(), List.copyOf(ports)));
    }
    if (programs.isEmpty()) {
      return Optional.empty();
    }
    TreeSet<Integer> all = new TreeSet<>();
    programs.forEach(program -> all.addAll(program.ports()));
    return Optional.of(new PodPlan.Role.Application(programs, all));
  }

  private static List<Integer> tcpPorts(PodSpec.Container container) {
    return container.ports().stream()
        .filter(port -> port.protocol().equals("TCP"))
        .map(PodSpec.ContainerPort::containerPort)
        .toList();
  }

  private Set<Integer> servicePorts(
      String namespace, Labels labels, List<PodSpec.Container> containers) {
    Set<Integer> ports = new TreeSet<>();
    for (Resource<Service> service : services) {
      if (service.namespace().equals(namespace) && selects(service.spec(), labels)) {
        for (Service.Port port : service.spec().ports()) {
          if (port.protocol().equals("TCP")) {
            targetPort(port, containers).ifPresent(ports::add);
          }
        }
      }
    }
    return ports;
  }

  /** True when a service has a selector and it fits. */
  public static boolean selects(Service service, Labels labels) {
    return !service.selector().isEmpty() && labels.matches(service.selector());
  }

  /** The pod's port behind a service port; empty when it names a port that no container has. */
  public static Optional<Integer> targetPort(
      Service.Port port, List<PodSpec.Container> containers) {
    return switch (port.targetPort()) {
      case Service.TargetPort.ByNumber(int number) -> Optional.of(number);
      case Service.TargetPort.ByName(String name) ->
          containers.stream()
              .flatMap(container -> container.ports().stream())
              .filter(candidate -> candidate.name().equals(name))
              .map(PodSpec.ContainerPort::containerPort)
              .findFirst();
    };
  }

  private void addMissingGateway(Resource<Gateway> gateway) {
    Labels selector = gateway.spec().selector();
    boolean served =
        pods.stream()
            .anyMatch(
                pod ->
                    pod.role() instanceof PodPlan.Role.IngressGateway
                        && pod.labels().matches(selector));
    if (served) {
      return;
    }
    Map<String, String> labels = new TreeMap<>(selector.values());
    String kind = labels.getOrDefault("istio", "ingressgateway");
    String name = kind.startsWith("istio-") ? kind : "istio-" + kind;
    labels.putIfAbsent("app", name);
    labels.putIfAbsent("istio", kind);
    Labels all = Labels.of(labels);
    PodSpec spec = new PodSpec(List.of(), List.of(), name + "-service-account", "", "", "", false);
    pods.addFirst(
        new PodPlan(
            new ResourceName(SYSTEM_NAMESPACE, name + "-" + hash(List.of(all)) + "-0"),
            name,
            all,
            Map.of(),
            spec,
            new PodPlan.Role.IngressGateway()));
  }

  private void problem(Resource<?> resource, String text) {
    problems.add(new WorkloadPlan.Problem(resource.origin(), resource + ": " + text));
  }

  /** Six hex digits, as deployments put into the names of their pods. */
  private static String hash(List<?> content) {
    return "%06x".formatted(content.toString().hashCode() & 0xffffff);
  }
}
