package io.meltemi.embedded.workload;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a cluster's kubelet and endpoint controller would say of the running pods: a Pod each, and
 * for each service that selects it an EndpointSlice.
 *
 * <p>A pod has slices of its own because pods that share one loopback address differ in their port
 * numbers, which a slice says once for all its endpoints.
 */
public final class ClusterState {
  /** Where everything that is made up here says to come from. */
  public static final String LOCATION = "meltemi up";

  private static final Origin ORIGIN = Origin.of(LOCATION);
  private static final String NODE = "localhost";

  private ClusterState() {}

  /** The resources for some pods. */
  public static List<Resource<?>> resources(
      List<RunningPod> pods, List<Resource<Service>> services) {
    List<Resource<?>> resources = new ArrayList<>();
    for (RunningPod pod : pods) {
      resources.add(pod(pod));
      for (Resource<Service> service : services) {
        boolean selected =
            service.namespace().equals(pod.plan().namespace())
                && WorkloadPlanner.selects(service.spec(), pod.plan().labels());
        if (selected) {
          resources.add(slice(pod, service));
        }
      }
    }
    return resources;
  }

  private static Resource<Pod> pod(RunningPod pod) {
    PodPlan plan = pod.plan();
    Metadata metadata =
        new Metadata(
            plan.name(),
            plan.labels(),
            plan.annotations(),
            Instant.EPOCH,
            0,
            "",
            List.of(new Metadata.Owner("ReplicaSet", replicaSet(plan), true)));
    Pod.Status status =
        new Pod.Status(
            pod.ready() ? "Running" : "Pending", List.of(pod.ip()), "127.0.0.1", pod.ready());
    return new Resource<>(Kinds.POD, metadata, new Pod(plan.spec(), status), ORIGIN);
  }

  /** The pod's name without its number, as a deployment's replica set is called. */
  private static String replicaSet(PodPlan plan) {
    String name = plan.name().name();
    return name.substring(0, name.lastIndexOf('-'));
  }

  private static Resource<EndpointSlice> slice(RunningPod pod, Resource<Service> service) {
    EndpointSlice.Endpoint endpoint =
        new EndpointSlice.Endpoint(
            List.of(pod.ip()),
            new EndpointSlice.Conditions(pod.ready(), pod.ready(), false),
            "",
            NODE,
            "",
            pod.plan().name().name());
    List<EndpointSlice.Port> ports = new ArrayList<>();
    for (Service.Port port : service.spec().ports()) {
      if (pod.plan().role() instanceof PodPlan.Role.IngressGateway) {
        // its proxy is told by the port of the service where to listen
        ports.add(slicePort(port, port.port()));
        continue;
      }
      WorkloadPlanner.targetPort(port, pod.plan().spec().containers())
          .map(pod.ports()::get)
          .map(HostPort::port)
          .ifPresent(number -> ports.add(slicePort(port, number)));
    }
    Metadata metadata =
        new Metadata(
            new ResourceName(service.namespace(), service.name() + "-" + pod.plan().name().name()),
            Labels.of(Map.of(EndpointSlice.SERVICE_NAME_LABEL, service.name())),
            Map.of(),
            Instant.EPOCH,
            0,
            "",
            List.of(new Metadata.Owner("Service", service.name(), true)));
    return new Resource<>(
        Kinds.ENDPOINT_SLICE,
        metadata,
        new EndpointSlice(EndpointSlice.AddressType.IPV4, service.name(), List.of(endpoint), ports),
        ORIGIN);
  }

  private static EndpointSlice.Port slicePort(Service.Port port, int number) {
    return new EndpointSlice.Port(
        port.name(), OptionalInt.of(number), port.protocol(), port.appProtocol());
  }
}
