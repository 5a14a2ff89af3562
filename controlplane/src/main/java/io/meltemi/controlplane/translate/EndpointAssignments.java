package io.meltemi.controlplane.translate;

import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.EnvoyInternalAddress;
import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.config.traffic.LocalityLb;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;

/** Endpoints as Envoy's load assignments: grouped by place, weighted and given priorities. */
public final class EndpointAssignments {
  /** Tells a waypoint's tunnels where they lead, in metadata of hosts. */
  public static final String ORIGINAL_DST = "envoy.filters.listener.original_dst";

  private static final String UNIX_PREFIX = "unix://";

  /** Of workloads whose proxy takes tunnels. */
  private static final String TUNNEL_LABEL = "networking.istio.io/tunnel";

  /** How many distances there are. */
  private static final int DISTANCES = 5;

  private EndpointAssignments() {}

  /**
   * The assignment of a cluster.
   *
   * @param endpoints that belong to the cluster, in the order in which they shall appear
   * @param node the client, whose place and labels decide priorities
   * @param mutualTls tells endpoints that are met with mutual TLS by clients that can
   */
  public static ClusterLoadAssignment assignment(
      String cluster,
      List<ServiceEndpoint> endpoints,
      LocalityPolicy policy,
      ProxyNode node,
      Predicate<ServiceEndpoint> mutualTls) {
    ClusterLoadAssignment.Builder assignment =
        ClusterLoadAssignment.newBuilder().setClusterName(cluster);
    List<Group> groups = groups(endpoints, policy, node);
    if (policy instanceof LocalityPolicy.Distribute(Map<String, Integer> shares)) {
      distribute(groups, shares);
    }
    for (Group group : groups) {
      assignment.addEndpoints(group.message(member -> lbEndpoint(member, mutualTls.test(member))));
    }
    return assignment.build();
  }

  /**
   * The assignment of a cluster of a waypoint: workloads that take tunnels (HBONE) are reached
   * through them, others as they are.
   */
  public static ClusterLoadAssignment behindWaypoint(
      String cluster, List<ServiceEndpoint> endpoints, LocalityPolicy policy, ProxyNode node) {
    ClusterLoadAssignment.Builder assignment =
        ClusterLoadAssignment.newBuilder().setClusterName(cluster);
    List<Group> groups = groups(endpoints, policy, node);
    if (policy instanceof LocalityPolicy.Distribute(Map<String, Integer> shares)) {
      distribute(groups, shares);
    }
    for (Group group : groups) {
      assignment.addEndpoints(group.message(EndpointAssignments::tunnelled));
    }
    return assignment.build();
  }

  private static LbEndpoint tunnelled(ServiceEndpoint endpoint) {
    LbEndpoint plain = lbEndpoint(endpoint, false);
    if (!endpoint.labels().get(TUNNEL_LABEL, "").equals("http")) {
      return plain;
    }
    String address = new HostPort(endpoint.address(), endpoint.port()).toString();
    return plain.toBuilder()
        .setEndpoint(
            Endpoint.newBuilder().setAddress(internal(ClusterNames.CONNECT_ORIGINATE, address)))
        .setMetadata(
            plain.getMetadata().toBuilder().putFilterMetadata(ORIGINAL_DST, text("local", address)))
        .build();
  }

  /**
   * The address of a listener of the proxy itself.
   *
   * @param id tells apart addresses of one listener; may be empty
   */
  public static Address internal(String listener, String id) {
    return Address.newBuilder()
        .setEnvoyInternalAddress(
            EnvoyInternalAddress.newBuilder().setServerListenerName(listener).setEndpointId(id))
        .build();
  }

  /** The endpoint of a fixed address, without place or weight. */
  public static LbEndpoint endpoint(HostPort address) {
    return LbEndpoint.newBuilder()
        .setEndpoint(
            Endpoint.newBuilder().setAddress(socketAddress(address.host(), address.port())))
        .build();
  }

  /** Endpoints of one place and priority. */
  private static final class Group {
    final Locality locality;
    final List<ServiceEndpoint> members = new ArrayList<>();
    int priority;
    long weight;

    Group(Locality locality, int priority) {
      this.locality = locality;
      this.priority = priority;
    }

    void add(ServiceEndpoint endpoint) {
      members.add(endpoint);
      weight += endpoint.weight();
    }

    LocalityLbEndpoints message(Function<ServiceEndpoint, LbEndpoint> form) {
      LocalityLbEndpoints.Builder group =
          LocalityLbEndpoints.newBuilder()
              .setLocality(
                  io.envoyproxy.envoy.config.core.v3.Locality.newBuilder()
                      .setRegion(locality.region())
                      .setZone(locality.zone())
                      .setSubZone(locality.subZone()))
              .setPriority(priority)
              .setLoadBalancingWeight(UInt32Value.of((int) Math.min(weight, Integer.MAX_VALUE)));
      members.forEach(member -> group.addLbEndpoints(form.apply(member)));
      return group.build();
    }
  }

  private static List<Group> groups(
      List<ServiceEndpoint> endpoints, LocalityPolicy policy, ProxyNode node) {
    Map<String, Group> byPlace = new TreeMap<>();
    for (ServiceEndpoint endpoint : endpoints) {
      int priority = priority(endpoint, policy, node);
      String key = endpoint.locality() + "\0" + priority;
      byPlace.computeIfAbsent(key, _ -> new Group(endpoint.locality(), priority)).add(endpoint);
    }
    List<Group> groups = new ArrayList<>(byPlace.values());
    closeGaps(groups);
    return groups;
  }

  /** Envoy wants priorities from 0 without holes. */
  private static void closeGaps(List<Group> groups) {
    Set<Integer> used = new TreeSet<>();
    groups.forEach(group -> used.add(group.priority));
    Map<Integer, Integer> closed = new LinkedHashMap<>();
    used.forEach(priority -> closed.put(priority, closed.size()));
    groups.forEach(group -> group.priority = closed.getOrDefault(group.priority, 0));
  }

  private static int priority(ServiceEndpoint endpoint, LocalityPolicy policy, ProxyNode node) {
    return switch (policy) {
      case LocalityPolicy.Equal _, LocalityPolicy.Distribute _ -> 0;
      case LocalityPolicy.Failover(List<LocalityLb.Failover> regions) ->
          distance(node.locality(), endpoint.locality(), regions);
      case LocalityPolicy.FailoverByLabels(
              List<String> labels,
              List<LocalityLb.Failover> regions) -> {
        int unlike = labels.size() - matching(labels, places(node), endpoint.labels());
        yield regions.isEmpty()
            ? unlike
            : unlike * DISTANCES + distance(node.locality(), endpoint.locality(), regions);
      }
    };
  }

  /**
   * 0 for the same sub-zone, 1 zone, 2 region, 3 elsewhere, 4 where the failover rules of the
   * client's region do not lead.
   */
  private static int distance(
      Locality client, Locality endpoint, List<LocalityLb.Failover> regions) {
    if (client.region().equals(endpoint.region())) {
      if (!client.zone().equals(endpoint.zone())) {
        return 2;
      }
      return client.subZone().equals(endpoint.subZone()) ? 0 : 1;
    }
    return regions.stream()
        .filter(rule -> rule.from().equals(client.region()))
        .findFirst()
        .filter(rule -> !rule.to().equals(endpoint.region()))
        .map(_ -> 4)
        .orElse(3);
  }

  /** The labels of the client, with those that tell where it runs. */
  private static Labels places(ProxyNode node) {
    Map<String, String> labels = new TreeMap<>(node.labels().values());
    List<String> values =
        List.of(
            node.metadata().network(),
            node.locality().region(),
            node.locality().zone(),
            node.locality().subZone(),
            node.metadata().nodeName());
    for (int i = 0; i < values.size(); i++) {
      if (!values.get(i).isEmpty()) {
        labels.putIfAbsent(ProxyNode.PLACES.get(i), values.get(i));
      }
    }
    return Labels.of(labels);
  }

  /** How many of the labels match in a row, from the first on. */
  private static int matching(List<String> wanted, Labels client, Labels endpoint) {
    int count = 0;
    for (String label : wanted) {
      int equals = label.indexOf('=');
      String key = equals < 0 ? label : label.substring(0, equals);
      String value = equals < 0 ? client.get(key, "") : label.substring(equals + 1);
      if (!value.equals(endpoint.get(key, ""))) {
        break;
      }
      count++;
    }
    return count;
  }

  /** Gives every place its share; places that no pattern names get no traffic. */
  private static void distribute(List<Group> groups, Map<String, Integer> shares) {
    Set<Group> named = new HashSet<>();
    List<String> patterns =
        shares.keySet().stream()
            .sorted(Comparator.comparingInt(EndpointAssignments::precision).reversed())
            .toList();
    for (String pattern : patterns) {
      List<Group> covered =
          groups.stream()
              .filter(group -> !named.contains(group))
              .filter(group -> LocalityPolicy.covers(pattern, group.locality))
              .toList();
      long total = covered.stream().mapToLong(group -> group.weight).sum();
      for (Group group : covered) {
        group.weight = ceilingDivide(group.weight * shares.getOrDefault(pattern, 0), total);
        named.add(group);
      }
    }
    groups.removeIf(group -> !named.contains(group));
  }

  private static long ceilingDivide(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }

  /** The number of parts that a pattern fixes. */
  private static int precision(String pattern) {
    int parts = 0;
    for (String part : pattern.split("/", 3)) {
      parts += part.equals("*") ? 0 : 1;
    }
    return parts;
  }

  private static LbEndpoint lbEndpoint(ServiceEndpoint endpoint, boolean mutualTls) {
    Metadata.Builder metadata =
        Metadata.newBuilder()
            .putFilterMetadata("istio", text("workload", workload(endpoint.workload())));
    if (mutualTls) {
      metadata.putFilterMetadata("envoy.transport_socket_match", text("tlsMode", "istio"));
    }
    return LbEndpoint.newBuilder()
        .setEndpoint(Endpoint.newBuilder().setAddress(address(endpoint)))
        .setHealthStatus(health(endpoint.health()))
        .setLoadBalancingWeight(UInt32Value.of(endpoint.weight()))
        .setMetadata(metadata)
        .build();
  }

  private static Struct text(String key, String value) {
    return Struct.newBuilder()
        .putFields(key, Value.newBuilder().setStringValue(value).build())
        .build();
  }

  private static HealthStatus health(ServiceEndpoint.Health health) {
    return switch (health) {
      case UNKNOWN -> HealthStatus.UNKNOWN;
      case HEALTHY -> HealthStatus.HEALTHY;
      case UNHEALTHY -> HealthStatus.UNHEALTHY;
      case DRAINING -> HealthStatus.DRAINING;
    };
  }

  private static Address address(ServiceEndpoint endpoint) {
    return endpoint.isUnixSocket()
        ? Address.newBuilder()
            .setPipe(Pipe.newBuilder().setPath(endpoint.address().substring(UNIX_PREFIX.length())))
            .build()
        : socketAddress(endpoint.address(), endpoint.port());
  }

  private static Address socketAddress(String address, int port) {
    return Address.newBuilder()
        .setSocketAddress(SocketAddress.newBuilder().setAddress(address).setPortValue(port))
        .build();
  }

  /** {@code name;namespace;canonical-name;canonical-revision;cluster}, for telemetry. */
  private static String workload(ServiceEndpoint.Workload workload) {
    Labels labels = workload.labels();
    String canonicalName =
        labels.get(
            "service.istio.io/canonical-name",
            labels.get("app.kubernetes.io/name", labels.get("app", workload.name())));
    String canonicalRevision =
        labels.get(
            "service.istio.io/canonical-revision",
            labels.get("app.kubernetes.io/version", labels.get("version", "")));
    return String.join(
        ";",
        workload.name(),
        workload.namespace(),
        canonicalName,
        canonicalRevision,
        workload.clusterId());
  }
}
