package io.meltemi.config.kind.endpoints;

import java.util.List;

/** The addresses behind the service of the same name. */
public record Endpoints(List<Subset> subsets) {

  /** Every address serves every port. */
  public record Subset(List<Address> addresses, List<Address> notReadyAddresses, List<Port> ports) {
    public Subset {
      addresses = List.copyOf(addresses);
      notReadyAddresses = List.copyOf(notReadyAddresses);
      ports = List.copyOf(ports);
    }
  }

  /**
   * An address.
   *
   * @param targetPod name of the pod behind it, in the same namespace; empty when not a pod
   */
  public record Address(String ip, String hostname, String nodeName, String targetPod) {}

  public record Port(String name, int port, String protocol, String appProtocol) {}

  public Endpoints {
    subsets = List.copyOf(subsets);
  }
}
