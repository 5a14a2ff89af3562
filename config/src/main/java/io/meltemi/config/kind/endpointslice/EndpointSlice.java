package io.meltemi.config.kind.endpointslice;

import java.util.List;
import java.util.OptionalInt;

/**
 * Some of the endpoints of a service.
 *
 * @param serviceName label {@code kubernetes.io/service-name}; empty when the label is missing
 */
public record EndpointSlice(
    AddressType addressType, String serviceName, List<Endpoint> endpoints, List<Port> ports) {
  public static final String SERVICE_NAME_LABEL = "kubernetes.io/service-name";

  public enum AddressType {
    IPV4,
    IPV6,
    FQDN
  }

  /**
   * An endpoint.
   *
   * @param addresses at least one, all equal in function
   * @param targetPod name of the pod behind it, in the same namespace; empty when not a pod
   * @param zone empty when not set
   */
  public record Endpoint(
      List<String> addresses,
      Conditions conditions,
      String hostname,
      String nodeName,
      String zone,
      String targetPod) {
    public Endpoint {
      addresses = List.copyOf(addresses);
    }
  }

  /**
   * Conditions as Istio reads them.
   *
   * @param ready true when not written
   * @param serving true when not written
   * @param terminating when not written, what is not ready is taken to end
   */
  public record Conditions(boolean ready, boolean serving, boolean terminating) {
    public static final Conditions READY = new Conditions(true, true, false);
  }

  /**
   * A port of every endpoint of the slice.
   *
   * @param name empty matches the service's unnamed port
   * @param port unset means all ports, which a mesh cannot use
   */
  public record Port(String name, OptionalInt port, String protocol, String appProtocol) {}

  public EndpointSlice {
    endpoints = List.copyOf(endpoints);
    ports = List.copyOf(ports);
  }
}
