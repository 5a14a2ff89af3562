package io.meltemi.config.kind.service;

import io.meltemi.common.labels.Labels;
import java.util.List;

/**
 * A Kubernetes service.
 *
 * @param clusterIps empty when none is assigned; a headless service has the single entry {@code
 *     None}
 * @param externalName empty unless the type is EXTERNAL_NAME
 */
public record Service(
    Type type,
    List<String> clusterIps,
    String externalName,
    Labels selector,
    List<Port> ports,
    Traffic traffic,
    External external) {

  public enum Type {
    CLUSTER_IP,
    NODE_PORT,
    LOAD_BALANCER,
    EXTERNAL_NAME
  }

  /**
   * A port.
   *
   * @param name may be empty when it is the only one
   * @param protocol {@code TCP}, {@code UDP} or {@code SCTP}
   * @param appProtocol empty when not set
   * @param nodePort 0 when not set
   */
  public record Port(
      String name,
      int port,
      TargetPort targetPort,
      String protocol,
      String appProtocol,
      int nodePort) {}

  /** A port of the pods. */
  public sealed interface TargetPort {
    record ByNumber(int port) implements TargetPort {}

    /** The name of a container port. */
    record ByName(String name) implements TargetPort {}
  }

  /**
   * How traffic is spread.
   *
   * @param internalLocal {@code internalTrafficPolicy: Local}
   * @param externalLocal {@code externalTrafficPolicy: Local}
   * @param distribution {@code trafficDistribution}; empty when not set
   */
  public record Traffic(
      boolean internalLocal,
      boolean externalLocal,
      boolean publishNotReadyAddresses,
      String distribution) {}

  /**
   * Addresses from outside the cluster.
   *
   * @param ips {@code externalIPs}
   * @param loadBalancerIngress IPs and host names of {@code status.loadBalancer.ingress}
   */
  public record External(List<String> ips, List<String> loadBalancerIngress) {
    public External {
      ips = List.copyOf(ips);
      loadBalancerIngress = List.copyOf(loadBalancerIngress);
    }
  }

  public Service {
    clusterIps = List.copyOf(clusterIps);
    ports = List.copyOf(ports);
  }

  /** True when the name stands for the pods themselves and has no address of its own. */
  public boolean isHeadless() {
    return clusterIps.equals(List.of("None"));
  }
}
