package io.meltemi.proxy.cluster;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import java.util.List;
import java.util.Map;

/**
 * The endpoints of one cluster as configured ({@code ClusterLoadAssignment}).
 *
 * @param name the cluster or EDS service name
 * @param overprovisioningPercent 140 means a priority is full with 1/1.4 of its hosts healthy
 */
public record EndpointAssignment(
    String name, int overprovisioningPercent, List<LocalityEndpoints> localities) {
  public EndpointAssignment {
    localities = List.copyOf(localities);
  }

  public static EndpointAssignment empty(String name) {
    return new EndpointAssignment(name, 140, List.of());
  }

  /**
   * The endpoints of one locality and priority.
   *
   * @param weight against other localities of the same priority; 0 when not set
   */
  public record LocalityEndpoints(
      Locality locality, int priority, int weight, List<Endpoint> endpoints) {
    public LocalityEndpoints {
      endpoints = List.copyOf(endpoints);
    }
  }

  /**
   * @param address an IP literal, {@code unix:} with a path, {@code envoy:} with a listener of the
   *     proxy and an id, or a name in DNS clusters
   * @param hostname for rewrites and logs, or empty
   * @param weight 1 or more
   * @param transportMetadata {@code envoy.transport_socket_match} of the endpoint, else of its
   *     locality; empty for none
   * @param lbMetadata {@code envoy.lb} of the endpoint; empty for none
   * @param tunnelMetadata {@code envoy.filters.listener.original_dst} of the endpoint; empty for
   *     none
   * @param check how it wants to be checked
   */
  public record Endpoint(
      HostPort address,
      String hostname,
      int weight,
      HealthStatus health,
      Map<String, Object> transportMetadata,
      Map<String, Object> lbMetadata,
      Map<String, Object> tunnelMetadata,
      HealthCheck.Target check) {
    /** Without metadata. */
    public Endpoint(HostPort address, String hostname, int weight, HealthStatus health) {
      this(
          address,
          hostname,
          weight,
          health,
          Map.of(),
          Map.of(),
          Map.of(),
          HealthCheck.Target.DEFAULT);
    }
  }
}
