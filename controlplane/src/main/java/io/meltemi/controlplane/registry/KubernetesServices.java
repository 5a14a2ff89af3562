package io.meltemi.controlplane.registry;

import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.endpoints.Endpoints;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Turns Kubernetes Services and what stands behind them into services of the mesh. Pure. */
final class KubernetesServices {
  private static final String EXPORT_TO = "networking.istio.io/exportTo";
  private static final String CANONICAL_ACCOUNTS = "alpha.istio.io/canonical-serviceaccounts";
  private static final String KUBERNETES_ACCOUNTS = "alpha.istio.io/kubernetes-serviceaccounts";
  private static final String TRAFFIC_DISTRIBUTION = "networking.istio.io/traffic-distribution";

  private final RegistrySettings settings;
  private final Workloads workloads;

  KubernetesServices(RegistrySettings settings, Workloads workloads) {
    this.settings = settings;
    this.workloads = workloads;
  }

  /**
   * What may stand behind one Service, all of its namespace.
   *
   * @param slices of the Service
   * @param endpoints of the same name, at most one
   * @param pods by name, all of the namespace
   */
  record Backing(
      Collection<Resource<EndpointSlice>> slices,
      Optional<Resource<Endpoints>> endpoints,
      Map<ResourceName, Resource<Pod>> pods,
      Collection<Resource<WorkloadEntry>> workloadEntries) {}

  MeshService service(Resource<Service> resource) {
    Service service = resource.spec();
    boolean alias = service.type() == Service.Type.EXTERNAL_NAME;
    Map<String, String> annotations = resource.metadata().annotations();
    return new MeshService(
        new ServiceKey(
            HostNames.complete(resource.name(), resource.namespace(), settings.domain()),
            resource.namespace()),
        service.ports().stream()
            .map(
                port ->
                    new ServicePort(
                        port.name(),
                        port.port(),
                        ProtocolSelection.ofKubernetesPort(
                            port.port(), port.name(), port.protocol(), port.appProtocol())))
            .toList(),
        alias
            ? Resolution.ALIAS
            : service.isHeadless() ? Resolution.PASSTHROUGH : Resolution.ENDPOINTS,
        service.isHeadless() ? List.of() : service.clusterIps(),
        ExportTo.of(
            list(annotations.getOrDefault(EXPORT_TO, "")),
            settings.defaultServiceExportTo(),
            resource.namespace()),
        new MeshService.Attributes(
            MeshService.Source.KUBERNETES,
            resource.name(),
            resource.metadata().labels(),
            service.selector(),
            resource.metadata().creationTimestamp(),
            alias,
            service.isHeadless(),
            service.externalName(),
            service.traffic().internalLocal(),
            service.traffic().distribution().isEmpty()
                ? annotations.getOrDefault(TRAFFIC_DISTRIBUTION, "")
                : service.traffic().distribution(),
            accounts(annotations, resource.namespace()),
            List.of()),
        resource.origin());
  }

  /** Who may serve it beside the accounts of its endpoints. */
  private List<String> accounts(Map<String, String> annotations, String namespace) {
    List<String> accounts = new ArrayList<>(list(annotations.getOrDefault(CANONICAL_ACCOUNTS, "")));
    for (String account : list(annotations.getOrDefault(KUBERNETES_ACCOUNTS, ""))) {
      accounts.add("spiffe://" + settings.trustDomain() + "/ns/" + namespace + "/sa/" + account);
    }
    return accounts;
  }

  private static List<String> list(String commaSeparated) {
    return Arrays.stream(commaSeparated.split(","))
        .map(String::strip)
        .filter(entry -> !entry.isEmpty())
        .toList();
  }

  /**
   * The endpoints of a Service: from its slices; without any from its Endpoints; without these from
   * the pods it selects, for those who write pods by hand and have no endpoint controller. Workload
   * entries that it selects come in addition.
   */
  List<ServiceEndpoint> endpoints(Resource<Service> resource, Backing backing) {
    Service service = resource.spec();
    List<ServiceEndpoint> all = new ArrayList<>();
    if (service.type() == Service.Type.EXTERNAL_NAME) {
      return all;
    }
    if (!backing.slices().isEmpty()) {
      backing.slices().forEach(slice -> addSlice(resource, slice, backing, all));
      addPods(unlisted(service, all), service, backing.pods().values(), all);
    } else if (backing.endpoints().isPresent()) {
      addEndpoints(service, backing.endpoints().get(), backing, all);
    } else if (!service.selector().isEmpty()) {
      addPods(service.ports(), service, backing.pods().values(), all);
    }
    if (!service.selector().isEmpty()) {
      addWorkloadEntries(service, backing.workloadEntries(), all);
    }
    return all;
  }

  private void addSlice(
      Resource<Service> resource,
      Resource<EndpointSlice> slice,
      Backing backing,
      List<ServiceEndpoint> all) {
    Service service = resource.spec();
    if (slice.spec().addressType() == EndpointSlice.AddressType.FQDN) {
      return;
    }
    for (EndpointSlice.Endpoint endpoint : slice.spec().endpoints()) {
      Optional<ServiceEndpoint.Health> health = health(resource, endpoint.conditions());
      if (health.isEmpty()) {
        continue;
      }
      Behind behind = behind(slice.namespace(), endpoint.targetPod(), endpoint.nodeName(), backing);
      for (EndpointSlice.Port port : slice.spec().ports()) {
        if (port.port().isEmpty() || !hasPort(service, port.name())) {
          continue;
        }
        for (String address : endpoint.addresses()) {
          all.add(
              new ServiceEndpoint(
                  address,
                  port.port().getAsInt(),
                  port.name(),
                  health.get(),
                  1,
                  behind.locality(),
                  behind.workload()));
        }
      }
    }
  }

  private void addEndpoints(
      Service service, Resource<Endpoints> endpoints, Backing backing, List<ServiceEndpoint> all) {
    for (Endpoints.Subset subset : endpoints.spec().subsets()) {
      for (Endpoints.Port port : subset.ports()) {
        if (!hasPort(service, port.name())) {
          continue;
        }
        for (Endpoints.Address address : subset.addresses()) {
          all.add(
              fromAddress(
                  address,
                  port,
                  ServiceEndpoint.Health.HEALTHY,
                  behind(endpoints.namespace(), address.targetPod(), address.nodeName(), backing)));
        }
        for (Endpoints.Address address : subset.notReadyAddresses()) {
          all.add(
              fromAddress(
                  address,
                  port,
                  health(service, false),
                  behind(endpoints.namespace(), address.targetPod(), address.nodeName(), backing)));
        }
      }
    }
  }

  private static ServiceEndpoint fromAddress(
      Endpoints.Address address,
      Endpoints.Port port,
      ServiceEndpoint.Health health,
      Behind behind) {
    return new ServiceEndpoint(
        address.ip(), port.port(), port.name(), health, 1, behind.locality(), behind.workload());
  }

  /** The ports of UDP that no slice has: nobody balances them, but a proxy knows its own. */
  private static List<Service.Port> unlisted(Service service, List<ServiceEndpoint> listed) {
    if (service.selector().isEmpty()) {
      return List.of();
    }
    return service.ports().stream()
        .filter(port -> port.protocol().equals("UDP"))
        .filter(
            port ->
                listed.stream()
                    .noneMatch(endpoint -> endpoint.servicePortName().equals(port.name())))
        .toList();
  }

  private void addPods(
      List<Service.Port> ports,
      Service service,
      Collection<Resource<Pod>> pods,
      List<ServiceEndpoint> all) {
    for (Resource<Pod> pod : ports.isEmpty() ? List.<Resource<Pod>>of() : pods) {
      if (!pod.metadata().labels().matches(service.selector())
          || pod.spec().status().ips().isEmpty()
          || isOver(pod.spec().status().phase())) {
        continue;
      }
      for (Service.Port port : ports) {
        OptionalInt target = targetPort(port, pod.spec().spec());
        if (target.isPresent()) {
          all.add(
              new ServiceEndpoint(
                  pod.spec().status().ips().getFirst(),
                  target.getAsInt(),
                  port.name(),
                  health(service, pod.spec().status().ready()),
                  1,
                  workloads.locality(pod),
                  workloads.of(pod)));
        }
      }
    }
  }

  /**
   * What the conditions of an endpoint say; empty for one that ends. Of a service with sessions
   * that stick, one that still serves is kept for these.
   */
  private static Optional<ServiceEndpoint.Health> health(
      Resource<Service> service, EndpointSlice.Conditions conditions) {
    ServiceEndpoint.Health health = health(service.spec(), conditions.ready());
    if (health == ServiceEndpoint.Health.HEALTHY || !conditions.terminating()) {
      return Optional.of(health);
    }
    return conditions.serving() && MeshService.hasSessions(service.metadata().labels())
        ? Optional.of(ServiceEndpoint.Health.DRAINING)
        : Optional.empty();
  }

  /** A service may ask for endpoints that are not ready. */
  private static ServiceEndpoint.Health health(Service service, boolean ready) {
    return ready || service.traffic().publishNotReadyAddresses()
        ? ServiceEndpoint.Health.HEALTHY
        : ServiceEndpoint.Health.UNHEALTHY;
  }

  private static boolean isOver(String phase) {
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  private static OptionalInt targetPort(Service.Port port, PodSpec pod) {
    return switch (port.targetPort()) {
      case Service.TargetPort.ByNumber(int number) -> OptionalInt.of(number);
      case Service.TargetPort.ByName(String name) ->
          pod.containers().stream()
              .flatMap(container -> container.ports().stream())
              .filter(candidate -> candidate.name().equals(name))
              .mapToInt(PodSpec.ContainerPort::containerPort)
              .findFirst();
    };
  }

  private void addWorkloadEntries(
      Service service, Collection<Resource<WorkloadEntry>> entries, List<ServiceEndpoint> all) {
    for (Resource<WorkloadEntry> resource : entries) {
      WorkloadEntry entry = resource.spec();
      if (!entry.labels().matches(service.selector()) || entry.address().isEmpty()) {
        continue;
      }
      for (Service.Port port : service.ports()) {
        all.add(
            new ServiceEndpoint(
                entry.address(),
                targetPort(port, entry),
                port.name(),
                ServiceEntries.health(entry),
                (int) Math.min(entry.weight().orElse(1), Integer.MAX_VALUE),
                entry.locality(),
                workloads.of(entry, resource.name(), resource.namespace())));
      }
    }
  }

  /**
   * The entry's port of the target's name or of the service port's name, else the target number.
   */
  private static int targetPort(Service.Port port, WorkloadEntry entry) {
    Integer named = entry.ports().get(port.name());
    return switch (port.targetPort()) {
      case Service.TargetPort.ByName(String name) ->
          entry.ports().getOrDefault(name, named == null ? port.port() : named);
      case Service.TargetPort.ByNumber(int number) -> named == null ? number : named;
    };
  }

  private static boolean hasPort(Service service, String name) {
    return service.ports().stream().anyMatch(port -> port.name().equals(name));
  }

  /** What an address belongs to. */
  private record Behind(ServiceEndpoint.Workload workload, Locality locality) {}

  private Behind behind(String namespace, String podName, String nodeName, Backing backing) {
    Resource<Pod> pod =
        podName.isEmpty() ? null : backing.pods().get(new ResourceName(namespace, podName));
    return pod == null
        ? new Behind(workloads.unknown(namespace, nodeName), workloads.localityOfNode(nodeName))
        : new Behind(workloads.of(pod), workloads.locality(pod));
  }
}
