package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Port;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Turns ServiceEntries and the workloads they select into services of the mesh. Pure. */
final class ServiceEntries {
  private final RegistrySettings settings;
  private final Workloads workloads;
  private final AddressAllocation allocation;

  ServiceEntries(RegistrySettings settings, Workloads workloads, AddressAllocation allocation) {
    this.settings = settings;
    this.workloads = workloads;
    this.allocation = allocation;
  }

  /** One service per host. */
  List<MeshService> services(Resource<ServiceEntry> resource) {
    ServiceEntry entry = resource.spec();
    List<ServicePort> ports =
        entry.ports().stream()
            .map(port -> new ServicePort(port.name(), port.number(), port.protocol()))
            .toList();
    ExportTo exportTo =
        ExportTo.of(entry.exportTo(), settings.defaultServiceExportTo(), resource.namespace());
    return entry.hosts().stream()
        .map(host -> host.toLowerCase(Locale.ROOT))
        .distinct()
        .map(
            host ->
                new MeshService(
                    new ServiceKey(host, resource.namespace()),
                    ports,
                    resolution(entry.resolution()),
                    entry.addresses(),
                    exportTo,
                    attributes(resource, host),
                    resource.origin()))
        .toList();
  }

  /** Those that its status names, else those that are given here. */
  private List<String> allocated(Resource<ServiceEntry> resource, String host) {
    List<ServiceEntry.AllocatedAddress> written = resource.spec().allocatedAddresses();
    return written.isEmpty()
        ? allocation.of(new ServiceKey(host, resource.namespace()))
        : written.stream()
            .filter(given -> given.host().isEmpty() || given.host().equalsIgnoreCase(host))
            .map(ServiceEntry.AllocatedAddress::value)
            .toList();
  }

  private MeshService.Attributes attributes(Resource<ServiceEntry> resource, String host) {
    ServiceEntry entry = resource.spec();
    return new MeshService.Attributes(
        MeshService.Source.SERVICE_ENTRY,
        host,
        resource.metadata().labels(),
        entry.workloadSelector().orElse(Labels.EMPTY),
        resource.metadata().creationTimestamp(),
        entry.location() == ServiceEntry.Location.MESH_EXTERNAL,
        false,
        "",
        false,
        resource
            .metadata()
            .annotations()
            .getOrDefault("networking.istio.io/traffic-distribution", ""),
        entry.subjectAltNames(),
        allocated(resource, host));
  }

  private static Resolution resolution(ServiceEntry.Resolution written) {
    return switch (written) {
      case NONE -> Resolution.PASSTHROUGH;
      case STATIC -> Resolution.ENDPOINTS;
      case DNS -> Resolution.DNS;
      case DNS_ROUND_ROBIN -> Resolution.DNS_ROUND_ROBIN;
      case DYNAMIC_DNS -> Resolution.DYNAMIC_DNS;
    };
  }

  /**
   * The endpoints of one host: those written in the entry, or the selected workload entries and
   * pods, or the host name itself when it is resolved by DNS and nothing else is given.
   *
   * @param workloadEntries of the entry's namespace
   * @param pods of the entry's namespace
   */
  List<ServiceEndpoint> endpoints(
      Resource<ServiceEntry> resource,
      String host,
      Collection<Resource<WorkloadEntry>> workloadEntries,
      Collection<Resource<Pod>> pods) {
    ServiceEntry entry = resource.spec();
    List<ServiceEndpoint> all = new ArrayList<>();
    if (entry.workloadSelector().isPresent()) {
      Labels selector = entry.workloadSelector().get();
      for (Resource<WorkloadEntry> workload : workloadEntries) {
        if (workload.spec().labels().matches(selector)) {
          add(entry, workload.spec(), workload.name(), workload.namespace(), all);
        }
      }
      for (Resource<Pod> pod : pods) {
        if (pod.metadata().labels().matches(selector)) {
          addPod(entry, pod, all);
        }
      }
      return all;
    }
    if (!entry.endpoints().isEmpty()) {
      for (int i = 0; i < entry.endpoints().size(); i++) {
        String name = resource.name() + "-" + i;
        add(entry, entry.endpoints().get(i), name, resource.namespace(), all);
      }
      return all;
    }
    if (resolvesByName(entry.resolution())) {
      ServiceEndpoint.Workload workload =
          new ServiceEndpoint.Workload(
              resource.name(),
              resource.namespace(),
              Labels.EMPTY,
              "",
              "",
              "",
              settings.clusterId(),
              "");
      for (Port port : entry.ports()) {
        all.add(
            new ServiceEndpoint(
                host,
                port.targetPort().orElse(port.number()),
                port.name(),
                ServiceEndpoint.Health.UNKNOWN,
                1,
                Locality.UNKNOWN,
                workload));
      }
    }
    return all;
  }

  private static boolean resolvesByName(ServiceEntry.Resolution resolution) {
    return switch (resolution) {
      case DNS, DNS_ROUND_ROBIN -> true;
      case NONE, STATIC, DYNAMIC_DNS -> false;
    };
  }

  private void add(
      ServiceEntry entry,
      WorkloadEntry workload,
      String name,
      String namespace,
      List<ServiceEndpoint> all) {
    // one without an address is reached by the gateway of its network
    if (workload.address().isEmpty() && entry.resolution() != ServiceEntry.Resolution.STATIC) {
      return;
    }
    boolean unixSocket = workload.address().startsWith("unix://");
    for (Port port : entry.ports()) {
      Integer own = workload.ports().get(port.name());
      int number = own == null ? port.targetPort().orElse(port.number()) : own;
      all.add(
          new ServiceEndpoint(
              workload.address(),
              unixSocket ? 0 : number,
              port.name(),
              health(workload),
              (int) Math.min(workload.weight().orElse(1), Integer.MAX_VALUE),
              workload.locality(),
              workloads.of(workload, name, namespace)));
    }
  }

  static ServiceEndpoint.Health health(WorkloadEntry workload) {
    return workload.healthy() ? ServiceEndpoint.Health.UNKNOWN : ServiceEndpoint.Health.UNHEALTHY;
  }

  private void addPod(ServiceEntry entry, Resource<Pod> pod, List<ServiceEndpoint> all) {
    Pod.Status status = pod.spec().status();
    if (status.ips().isEmpty()
        || status.phase().equals("Succeeded")
        || status.phase().equals("Failed")) {
      return;
    }
    for (Port port : entry.ports()) {
      all.add(
          new ServiceEndpoint(
              status.ips().getFirst(),
              port.targetPort().orElse(port.number()),
              port.name(),
              status.ready() ? ServiceEndpoint.Health.HEALTHY : ServiceEndpoint.Health.UNHEALTHY,
              1,
              workloads.locality(pod),
              workloads.of(pod)));
    }
  }
}
