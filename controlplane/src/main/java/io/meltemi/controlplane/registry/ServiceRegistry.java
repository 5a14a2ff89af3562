package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.endpoints.Endpoints;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.node.Node;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Computes services and endpoints and keeps them up to date. Resources are handed in one by one;
 * {@link #recompute} then works out again only what they touch. Owned by one thread; what it
 * returns is immutable.
 */
public final class ServiceRegistry {
  private static final Comparator<ServiceEndpoint> BY_ADDRESS =
      Comparator.comparing(ServiceEndpoint::servicePortName)
          .thenComparing(ServiceEndpoint::address)
          .thenComparingInt(ServiceEndpoint::port);

  private final RegistrySettings settings;
  private final Map<String, Resource<Node>> nodes = new HashMap<>();
  private final ByNamespace<Service> services = new ByNamespace<>();
  private final ByNamespace<ServiceEntry> serviceEntries = new ByNamespace<>();
  private final ByNamespace<WorkloadEntry> workloadEntries = new ByNamespace<>();
  private final ByNamespace<Pod> pods = new ByNamespace<>();
  private final ByNamespace<Endpoints> endpoints = new ByNamespace<>();

  /** By the Service they belong to. */
  private final Map<ResourceName, Map<ResourceName, Resource<EndpointSlice>>> slices =
      new HashMap<>();

  private final Map<ResourceName, Resource<EndpointSlice>> slicesByName = new HashMap<>();

  private final AddressAllocation allocation;
  private final Set<ResourceName> touchedServices = new LinkedHashSet<>();
  private final Set<ResourceName> touchedEntries = new LinkedHashSet<>();

  private final Map<ResourceName, Computed> fromServices = new HashMap<>();
  private final Map<ResourceName, List<Computed>> fromEntries = new HashMap<>();

  /** Every definition of a service, in the order in which they were found. */
  private final Map<ServiceKey, List<Computed>> definitions = new HashMap<>();

  private final Map<ServiceKey, MeshService> current = new TreeMap<>();
  private final Map<ServiceKey, List<ServiceEndpoint>> currentEndpoints = new HashMap<>();

  /** Defined by one resource. */
  private record Computed(
      ResourceName from, MeshService service, List<ServiceEndpoint> endpoints) {}

  /** Resources of one kind, by namespace and then by name. */
  private static final class ByNamespace<T> {
    private final Map<String, Map<ResourceName, Resource<T>>> resources = new HashMap<>();

    /** Returns the one replaced or removed. */
    Optional<Resource<T>> put(ResourceName name, Optional<Resource<T>> now) {
      Map<ResourceName, Resource<T>> siblings =
          resources.computeIfAbsent(name.namespace(), _ -> new TreeMap<>());
      Optional<Resource<T>> before =
          Optional.ofNullable(
              now.isPresent() ? siblings.put(name, now.get()) : siblings.remove(name));
      if (siblings.isEmpty()) {
        resources.remove(name.namespace());
      }
      return before;
    }

    Map<ResourceName, Resource<T>> in(String namespace) {
      return resources.getOrDefault(namespace, Map.of());
    }

    Optional<Resource<T>> get(ResourceName name) {
      return Optional.ofNullable(in(name.namespace()).get(name));
    }

    Collection<ResourceName> names() {
      return resources.values().stream().flatMap(all -> all.keySet().stream()).toList();
    }
  }

  public ServiceRegistry(RegistrySettings settings) {
    this(settings, new AddressAllocation());
  }

  private ServiceRegistry(RegistrySettings settings, AddressAllocation allocation) {
    this.settings = settings;
    this.allocation = allocation;
  }

  /** An empty registry that gives the same addresses as this one. */
  public ServiceRegistry anew(RegistrySettings others) {
    return new ServiceRegistry(others, allocation);
  }

  /**
   * Takes in a resource as it is now. Kinds that make no services are ignored.
   *
   * @param now empty when it was deleted
   */
  public void accept(ResourceKind<?> kind, ResourceName name, Optional<Resource<?>> now) {
    if (kind == Kinds.SERVICE) {
      services.put(name, cast(now));
      touchedServices.add(name);
    } else if (kind == Kinds.ENDPOINT_SLICE) {
      acceptSlice(name, cast(now));
    } else if (kind == Kinds.ENDPOINTS) {
      endpoints.put(name, cast(now));
      touchedServices.add(name);
    } else if (kind == Kinds.POD) {
      Optional<Resource<Pod>> pod = cast(now);
      Optional<Resource<Pod>> before = pods.put(name, pod);
      touchServicesWithPod(name);
      pod.ifPresent(resource -> touchSelecting(name, resource.metadata().labels()));
      before.ifPresent(resource -> touchSelecting(name, resource.metadata().labels()));
    } else if (kind == Kinds.NODE) {
      Optional<Resource<Node>> node = cast(now);
      node.ifPresentOrElse(
          resource -> nodes.put(name.name(), resource), () -> nodes.remove(name.name()));
      touchEverything();
    } else if (kind == Kinds.SERVICE_ENTRY) {
      serviceEntries.put(name, cast(now));
      touchedEntries.add(name);
    } else if (kind == Kinds.WORKLOAD_ENTRY) {
      Optional<Resource<WorkloadEntry>> entry = cast(now);
      Optional<Resource<WorkloadEntry>> before = workloadEntries.put(name, entry);
      entry.ifPresent(resource -> touchSelecting(name, resource.spec().labels()));
      before.ifPresent(resource -> touchSelecting(name, resource.spec().labels()));
    }
  }

  /** The kind was compared by identity, so the resource has the kind's record. */
  @SuppressWarnings("unchecked") // a Resource<?> of kind K holds K's record by construction
  private static <T> Optional<Resource<T>> cast(Optional<Resource<?>> resource) {
    return resource.map(untyped -> (Resource<T>) untyped);
  }

  private void acceptSlice(ResourceName name, Optional<Resource<EndpointSlice>> now) {
    Resource<EndpointSlice> before =
        now.isPresent() ? slicesByName.put(name, now.get()) : slicesByName.remove(name);
    if (before != null) {
      ResourceName service = new ResourceName(name.namespace(), before.spec().serviceName());
      Map<ResourceName, Resource<EndpointSlice>> siblings =
          slices.getOrDefault(service, new TreeMap<>());
      siblings.remove(name);
      if (siblings.isEmpty()) {
        slices.remove(service);
      }
      touchedServices.add(service);
    }
    if (now.isPresent() && !now.get().spec().serviceName().isEmpty()) {
      ResourceName service = new ResourceName(name.namespace(), now.get().spec().serviceName());
      slices.computeIfAbsent(service, _ -> new TreeMap<>()).put(name, now.get());
      touchedServices.add(service);
    }
  }

  /** The services whose slices or Endpoints name the pod. */
  private void touchServicesWithPod(ResourceName pod) {
    for (Resource<Service> service : services.in(pod.namespace()).values()) {
      ResourceName name = service.id();
      boolean inSlice =
          slices.getOrDefault(name, Map.of()).values().stream()
              .flatMap(slice -> slice.spec().endpoints().stream())
              .anyMatch(endpoint -> endpoint.targetPod().equals(pod.name()));
      if (inSlice || endpoints.get(name).isPresent()) {
        touchedServices.add(name);
      }
    }
  }

  /** Services and entries of the namespace that select these labels. */
  private void touchSelecting(ResourceName workload, Labels labels) {
    for (Resource<Service> service : services.in(workload.namespace()).values()) {
      if (!service.spec().selector().isEmpty() && labels.matches(service.spec().selector())) {
        touchedServices.add(service.id());
      }
    }
    for (Resource<ServiceEntry> entry : serviceEntries.in(workload.namespace()).values()) {
      if (entry.spec().workloadSelector().filter(labels::matches).isPresent()) {
        touchedEntries.add(entry.id());
      }
    }
  }

  private void touchEverything() {
    touchedServices.addAll(services.names());
    touchedEntries.addAll(serviceEntries.names());
  }

  /** Brings services and endpoints up to date and tells what changed. */
  public RegistryChange recompute() {
    Workloads workloads = new Workloads(settings.clusterId(), settings.networks(), nodes);
    KubernetesServices kubernetes = new KubernetesServices(settings, workloads);
    ServiceEntries entries = new ServiceEntries(settings, workloads, allocation);
    allocate();
    Set<ServiceKey> keys = new TreeSet<>();
    for (ResourceName name : touchedServices) {
      Optional<Computed> computed = services.get(name).map(service -> compute(kubernetes, service));
      Computed before =
          computed.isPresent() ? fromServices.put(name, computed.get()) : fromServices.remove(name);
      replace(before == null ? List.of() : List.of(before), computed.stream().toList(), keys);
    }
    for (ResourceName name : touchedEntries) {
      List<Computed> computed =
          serviceEntries.get(name).map(entry -> compute(entries, entry)).orElse(List.of());
      List<Computed> before =
          computed.isEmpty() ? fromEntries.remove(name) : fromEntries.put(name, computed);
      replace(before == null ? List.of() : before, computed, keys);
    }
    touchedServices.clear();
    touchedEntries.clear();
    return publish(keys);
  }

  /** Gives addresses to entries without; the oldest of those that are new comes first. */
  private void allocate() {
    if (settings.allocateAddresses()) {
      List<Resource<ServiceEntry>> changed =
          touchedEntries.stream()
              .flatMap(name -> serviceEntries.get(name).stream())
              .sorted(Resource.PRECEDENCE)
              .toList();
      Set<ResourceName> gone = new TreeSet<>(touchedEntries);
      changed.forEach(entry -> gone.remove(entry.id()));
      allocation.update(changed, gone);
    }
  }

  private void replace(List<Computed> before, List<Computed> now, Set<ServiceKey> keys) {
    for (Computed then : before) {
      ServiceKey key = then.service().key();
      keys.add(key);
      List<Computed> rest = definitions.getOrDefault(key, new ArrayList<>());
      rest.remove(then);
      if (rest.isEmpty()) {
        definitions.remove(key);
      }
    }
    for (Computed computed : now) {
      ServiceKey key = computed.service().key();
      keys.add(key);
      definitions.computeIfAbsent(key, _ -> new ArrayList<>(1)).add(computed);
    }
  }

  private Computed compute(KubernetesServices kubernetes, Resource<Service> service) {
    KubernetesServices.Backing backing =
        new KubernetesServices.Backing(
            slices.getOrDefault(service.id(), Map.of()).values(),
            endpoints.get(service.id()),
            pods.in(service.namespace()),
            workloadEntries.in(service.namespace()).values());
    return new Computed(
        service.id(), kubernetes.service(service), sorted(kubernetes.endpoints(service, backing)));
  }

  private List<Computed> compute(ServiceEntries entries, Resource<ServiceEntry> entry) {
    return entries.services(entry).stream()
        .map(
            service ->
                new Computed(
                    entry.id(),
                    service,
                    sorted(
                        entries.endpoints(
                            entry,
                            service.hostname(),
                            workloadEntries.in(entry.namespace()).values(),
                            pods.in(entry.namespace()).values()))))
        .toList();
  }

  private static List<ServiceEndpoint> sorted(List<ServiceEndpoint> endpoints) {
    return endpoints.stream().distinct().sorted(BY_ADDRESS).toList();
  }

  private RegistryChange publish(Set<ServiceKey> keys) {
    Map<ServiceKey, Computed> winners = winners(keys);
    Set<ServiceKey> changedServices = new TreeSet<>();
    Set<ServiceKey> changedEndpoints = new TreeSet<>();
    boolean moved = false;
    for (ServiceKey key : keys) {
      Computed winner = winners.get(key);
      MeshService before =
          winner == null ? current.remove(key) : current.put(key, winner.service());
      if (winner != null && before != null && winner.service().isSameAs(before)) {
        moved |= !winner.service().origin().equals(before.origin());
      } else if (winner != null || before != null) {
        changedServices.add(key);
      }
      List<ServiceEndpoint> now = winner == null ? List.of() : winner.endpoints();
      List<ServiceEndpoint> then =
          now.isEmpty() ? currentEndpoints.remove(key) : currentEndpoints.put(key, now);
      if (!now.equals(then == null ? List.of() : then)) {
        changedEndpoints.add(key);
      }
    }
    return new RegistryChange(changedServices, changedEndpoints, moved);
  }

  /** Of several definitions of one key the Kubernetes Service wins, else the oldest entry. */
  private Map<ServiceKey, Computed> winners(Set<ServiceKey> keys) {
    Map<ServiceKey, Computed> winners = new HashMap<>();
    for (ServiceKey key : keys) {
      definitions.getOrDefault(key, List.of()).stream()
          .sorted(Comparator.comparing(Computed::from))
          .reduce(ServiceRegistry::winner)
          .ifPresent(winner -> winners.put(key, winner));
    }
    return winners;
  }

  private static Computed winner(Computed first, Computed second) {
    boolean firstIsKubernetes =
        first.service().attributes().source() == MeshService.Source.KUBERNETES;
    boolean secondIsKubernetes =
        second.service().attributes().source() == MeshService.Source.KUBERNETES;
    if (firstIsKubernetes != secondIsKubernetes) {
      return firstIsKubernetes ? first : second;
    }
    return second
            .service()
            .attributes()
            .creationTimestamp()
            .isBefore(first.service().attributes().creationTimestamp())
        ? second
        : first;
  }

  /** All services as of the last recomputation, sorted by host name and namespace. */
  public List<MeshService> services() {
    return List.copyOf(current.values());
  }

  /** All endpoints as of the last recomputation. */
  public EndpointIndex endpoints() {
    return new EndpointIndex(currentEndpoints);
  }
}
