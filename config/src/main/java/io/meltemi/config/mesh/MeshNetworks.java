package io.meltemi.config.mesh;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The networks of a mesh, between which workloads only reach each other through gateways.
 *
 * @param networks by name, sorted
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshNetworks">MeshNetworks</a>
 */
public record MeshNetworks(Map<String, Network> networks) {
  public static final MeshNetworks NONE = new MeshNetworks(Map.of());

  /**
   * One network.
   *
   * @param gateways which lead into it
   */
  public record Network(List<Members> members, List<Gateway> gateways) {
    public Network {
      members = List.copyOf(members);
      gateways = List.copyOf(gateways);
    }
  }

  /** Endpoints that are in a network. */
  public sealed interface Members {
    /** Those whose address is in a range, such as {@code 10.1.0.0/16}. */
    record Range(String cidr) implements Members {}

    /** Those of a cluster, by its name. */
    record Cluster(String clusterId) implements Members {}
  }

  /**
   * A way into a network.
   *
   * @param port of the service, or of the address
   */
  public record Gateway(Where where, int port) {}

  /** Which proxies are a gateway. */
  public sealed interface Where {
    /** At an IP address. */
    record Address(String ip) implements Where {}

    /** Behind the external addresses of a service of the clusters that are in the network. */
    record Service(String hostname) implements Where {}
  }

  public MeshNetworks {
    networks = Collections.unmodifiableMap(new TreeMap<>(networks));
  }
}
