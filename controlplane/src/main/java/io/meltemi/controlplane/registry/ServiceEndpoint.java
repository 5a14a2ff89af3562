package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;

/**
 * One address that serves one port of a service.
 *
 * @param address IP, DNS name (only for services that resolve by DNS), or {@code unix://PATH}
 * @param port the port it listens on, 0 for a Unix socket
 * @param servicePortName the service port it serves
 * @param health whether it takes traffic
 * @param weight share among the endpoints, at least 1
 * @param locality where it runs
 * @param workload what runs there
 */
public record ServiceEndpoint(
    String address,
    int port,
    String servicePortName,
    Health health,
    int weight,
    Locality locality,
    Workload workload) {

  /** Whether an endpoint takes traffic. */
  public enum Health {
    /** Nobody checks it; it takes traffic. */
    UNKNOWN,
    HEALTHY,
    /** Told to proxies so that they know how many there are, but takes no traffic. */
    UNHEALTHY,
    /** Kept for sessions that stick to it, takes no new ones. */
    DRAINING
  }

  /**
   * The workload behind an endpoint.
   *
   * @param name workload name (Deployment, or Pod without one), may be empty
   * @param namespace its namespace
   * @param labels its labels, which subsets select
   * @param serviceAccount name of its service account, may be empty
   * @param network the network its address is reachable in, may be empty
   * @param nodeName the node it runs on, may be empty
   * @param clusterId the cluster it runs in
   * @param tlsMode {@code istio} when its proxy speaks mutual TLS, else empty
   */
  public record Workload(
      String name,
      String namespace,
      Labels labels,
      String serviceAccount,
      String network,
      String nodeName,
      String clusterId,
      String tlsMode) {}

  /** The same endpoint in another state. */
  public ServiceEndpoint with(Health other) {
    return new ServiceEndpoint(address, port, servicePortName, other, weight, locality, workload);
  }

  public Labels labels() {
    return workload.labels();
  }

  public boolean isUnixSocket() {
    return address.startsWith("unix://");
  }
}
