package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.MeshNetworks;
import io.meltemi.config.resource.Names;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Which network workloads are in, and the gateways between networks: those of the mesh's settings,
 * of services and of Kubernetes Gateways that are labelled with a network.
 *
 * <p>Differs from Istio: gateways with names instead of addresses, and those on the nodes' ports,
 * are left out.
 *
 * @param ofRoot the network that the root namespace is labelled with; empty: none
 * @param ofCluster the network that the settings put this cluster into; empty: none
 * @param ranges by what they are written as, the network of their addresses
 * @param gateways sorted, each once
 */
public record Networks(
    String ofRoot, String ofCluster, Map<String, String> ranges, List<Gateway> gateways) {
  /** One network for all. */
  public static final Networks NONE = new Networks("", "", Map.of(), List.of());

  static final String LABEL = "topology.istio.io/network";
  private static final String PORT_LABEL = "networking.istio.io/gatewayPort";
  private static final int PORT = 15_443;

  /**
   * A way into a network from the others.
   *
   * @param cluster that it is in; empty when it is not known
   */
  public record Gateway(String network, String cluster, String address, int port)
      implements Comparable<Gateway> {
    private static final Comparator<Gateway> ORDER =
        Comparator.comparing(Gateway::address)
            .thenComparingInt(Gateway::port)
            .thenComparing(Gateway::network)
            .thenComparing(Gateway::cluster);

    @Override
    public int compareTo(Gateway other) {
      return ORDER.compare(this, other);
    }
  }

  public Networks {
    ranges = Map.copyOf(ranges);
    gateways = List.copyOf(gateways);
  }

  /** The networks of a mesh as settings and resources tell of them. */
  public static Networks of(
      MeshConfig mesh, ConfigSnapshot snapshot, String domain, String clusterId) {
    String ofRoot =
        snapshot
            .get(Kinds.NAMESPACE, new ResourceName("", mesh.rootNamespace()))
            .map(namespace -> namespace.metadata().labels().get(LABEL, ""))
            .orElse("");
    Reading reading = new Reading(snapshot, domain, clusterId);
    mesh.networks().networks().forEach(reading::add);
    reading.addLabelled();
    return new Networks(ofRoot, reading.ofCluster, reading.ranges, List.copyOf(reading.gateways));
  }

  /** Collects what there is. */
  private static final class Reading {
    final Map<String, String> ranges = new java.util.LinkedHashMap<>();
    final TreeSet<Gateway> gateways = new TreeSet<>();
    String ofCluster = "";
    private final ConfigSnapshot snapshot;
    private final String domain;
    private final String clusterId;

    Reading(ConfigSnapshot snapshot, String domain, String clusterId) {
      this.snapshot = snapshot;
      this.domain = domain;
      this.clusterId = clusterId;
    }

    void add(String name, MeshNetworks.Network network) {
      boolean own = false;
      for (MeshNetworks.Members members : network.members()) {
        switch (members) {
          case MeshNetworks.Members.Range(String cidr) -> ranges.putIfAbsent(cidr, name);
          case MeshNetworks.Members.Cluster(String id) -> own |= id.equals(clusterId);
        }
      }
      if (own && ofCluster.isEmpty()) {
        ofCluster = name;
      }
      for (MeshNetworks.Gateway gateway : network.gateways()) {
        switch (gateway.where()) {
          case MeshNetworks.Where.Address(String ip) -> add(name, "", ip, gateway.port());
          case MeshNetworks.Where.Service(String hostname) -> {
            if (own) {
              snapshot.list(Kinds.SERVICE).stream()
                  .filter(service -> hostname(service).equals(hostname))
                  .filter(service -> !service.metadata().labels().values().containsKey(LABEL))
                  .forEach(service -> add(name, service.spec(), gateway.port()));
            }
          }
        }
      }
    }

    private String hostname(Resource<Service> service) {
      return HostNames.complete(service.name(), service.namespace(), domain);
    }

    void addLabelled() {
      for (Resource<Service> service : snapshot.list(Kinds.SERVICE)) {
        Labels labels = service.metadata().labels();
        String network = labels.get(LABEL, "");
        if (!network.isEmpty()) {
          add(network, service.spec(), port(labels));
        }
      }
      for (Resource<KubernetesGateway> gateway : snapshot.list(Kinds.KUBERNETES_GATEWAY)) {
        Labels labels = gateway.metadata().labels();
        String network = labels.get(LABEL, "");
        for (Listener listener : gateway.spec().listeners()) {
          if (!network.isEmpty() && listener.port() == port(labels)) {
            gateway
                .spec()
                .addresses()
                .forEach(address -> add(network, clusterId, address.value(), listener.port()));
          }
        }
      }
    }

    private static int port(Labels labels) {
      String written = labels.get(PORT_LABEL, "");
      return written.matches("[0-9]{1,5}") ? Integer.parseInt(written) : PORT;
    }

    private void add(String network, Service service, int port) {
      service.external().ips().forEach(ip -> add(network, clusterId, ip, port));
      service.external().loadBalancerIngress().forEach(ip -> add(network, clusterId, ip, port));
    }

    private void add(String network, String cluster, String address, int port) {
      if (Names.isIp(address)) {
        gateways.add(new Gateway(network, cluster, address, port));
      }
    }
  }

  /** True when there is a way from one network into another. */
  public boolean several() {
    return !gateways.isEmpty();
  }

  /** The network of a workload that does not say so itself; may be empty. */
  String of(String address) {
    if (!ofRoot.isEmpty()) {
      return ofRoot;
    }
    if (!ofCluster.isEmpty() || !Names.isIp(address)) {
      return ofCluster;
    }
    return ranges.entrySet().stream()
        .filter(range -> contains(range.getKey(), address))
        .map(Map.Entry::getValue)
        .sorted()
        .findFirst()
        .orElse("");
  }

  private static boolean contains(String cidr, String ip) {
    int slash = cidr.indexOf('/');
    byte[] prefix = bytes(cidr.substring(0, slash));
    byte[] address = bytes(ip);
    int bits = Integer.parseInt(cidr.substring(slash + 1));
    if (prefix.length != address.length) {
      return false;
    }
    for (int i = 0; i < bits; i++) {
      int mask = 0x80 >> (i % 8);
      if ((prefix[i / 8] & mask) != (address[i / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  /** A literal address is never looked up. */
  private static byte[] bytes(String ip) {
    try {
      return InetAddress.getByName(ip).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(ip, e);
    }
  }

  /** The gateways to a workload's network, those of its own cluster if there are any. */
  public List<Gateway> gatewaysTo(ServiceEndpoint.Workload workload) {
    List<Gateway> all = new ArrayList<>();
    for (Gateway gateway : gateways) {
      if (gateway.network().equals(workload.network())) {
        all.add(gateway);
      }
    }
    List<Gateway> near =
        all.stream().filter(gateway -> gateway.cluster().equals(workload.clusterId())).toList();
    return near.isEmpty() ? all : near;
  }

  /** What every weight is multiplied by, so that it can be divided among gateways. */
  public int scale() {
    int scale = 1;
    Map<String, Integer> counts = new java.util.HashMap<>();
    for (Gateway gateway : gateways) {
      counts.merge(gateway.network(), 1, Integer::sum);
      counts.merge(gateway.network() + '\0' + gateway.cluster(), 1, Integer::sum);
    }
    for (int count : counts.values()) {
      scale = scale / greatestCommonDivisor(scale, count) * count;
    }
    return scale;
  }

  private static int greatestCommonDivisor(int a, int b) {
    return b == 0 ? a : greatestCommonDivisor(b, a % b);
  }
}
