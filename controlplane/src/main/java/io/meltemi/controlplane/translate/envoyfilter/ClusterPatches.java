package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.kind.envoyfilter.PatchMatch;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.translate.ClusterNames;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Patches of clusters. */
final class ClusterPatches {
  private static final String INBOUND = "inbound|";

  private final ProxyNode node;
  private final List<Patch> patches;

  ClusterPatches(ProxyNode node, List<Patch> patches) {
    this.node = node;
    this.patches = patches;
  }

  List<GeneratedResource> apply(List<GeneratedResource> clusters) {
    List<GeneratedResource> result = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (GeneratedResource resource : clusters) {
      apply(resource).filter(patched -> names.add(patched.name())).ifPresent(result::add);
    }
    for (Patch patch : patches) {
      if (patch.operation() == Operation.ADD && patch.value() instanceof Cluster added) {
        // two clusters of one name would be refused with all others
        if (names.add(added.getName())) {
          result.add(new GeneratedResource(added.getName(), added, List.of(patch.from())));
        }
      }
    }
    return result;
  }

  private Optional<GeneratedResource> apply(GeneratedResource resource) {
    Cluster cluster = (Cluster) resource.body();
    Set<Patch> applied = new LinkedHashSet<>();
    for (Patch patch : patches) {
      if (patch.operation() == Operation.ADD || !matches(patch.match(), cluster)) {
        continue;
      }
      if (patch.operation() == Operation.REMOVE) {
        return Optional.empty();
      }
      if (patch.merges()) {
        cluster = merge(cluster, (Cluster) patch.value(), patch.merge());
        applied.add(patch);
      }
    }
    return Optional.of(Patched.of(resource, cluster.getName(), cluster, applied));
  }

  private boolean matches(PatchMatch match, Cluster cluster) {
    boolean inbound =
        cluster.getName().startsWith(INBOUND)
            || cluster.getName().equals(ClusterNames.INBOUND_PASSTHROUGH);
    boolean side =
        switch (match.context()) {
          case ANY -> true;
          case SIDECAR_INBOUND -> inbound;
          case SIDECAR_OUTBOUND -> node.isSidecar() && !inbound;
          case GATEWAY -> node.isRouter();
          case WAYPOINT -> false;
        };
    return side && match.cluster().map(wanted -> matches(wanted, cluster)).orElse(true);
  }

  private static boolean matches(PatchMatch.OfCluster wanted, Cluster cluster) {
    Optional<ClusterNames.Outbound> parts = ClusterNames.parseOutbound(cluster.getName());
    int port = parts.map(ClusterNames.Outbound::port).orElseGet(() -> inboundPort(cluster));
    return (wanted.name().isEmpty() || wanted.name().equals(cluster.getName()))
        && (wanted.subset().isEmpty()
            || parts.filter(name -> name.subset().equals(wanted.subset())).isPresent())
        && (wanted.portNumber() == 0 || wanted.portNumber() == port)
        && (wanted.service().isEmpty() || hosts(cluster, parts).contains(wanted.service()));
  }

  private static int inboundPort(Cluster cluster) {
    String[] parts = cluster.getName().split("\\|", -1);
    try {
      return cluster.getName().startsWith(INBOUND) ? Integer.parseInt(parts[1]) : 0;
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  /** The host of the name; an inbound cluster tells its services in its metadata. */
  private static Set<String> hosts(Cluster cluster, Optional<ClusterNames.Outbound> parts) {
    if (parts.isPresent()) {
      return Set.of(parts.get().host());
    }
    Set<String> hosts = new HashSet<>();
    var metadata = cluster.getMetadata().getFilterMetadataMap().get("istio");
    if (metadata != null) {
      for (Value service :
          metadata
              .getFieldsOrDefault("services", Value.getDefaultInstance())
              .getListValue()
              .getValuesList()) {
        hosts.add(
            service
                .getStructValue()
                .getFieldsOrDefault("host", Value.getDefaultInstance())
                .getStringValue());
      }
    }
    return hosts;
  }

  /** A transport socket of the part goes into every socket of its name that the cluster has. */
  private static Cluster merge(Cluster cluster, Cluster part, MessageMerge merge) {
    if (!part.hasTransportSocket()) {
      return merge.merge(cluster, part);
    }
    TransportSocket socket = part.getTransportSocket();
    Cluster.Builder result =
        merge.merge(cluster, part.toBuilder().clearTransportSocket().build()).toBuilder();
    if (cluster.getTransportSocketMatchesCount() == 0) {
      result.setTransportSocket(
          TransportSockets.merge(cluster.getTransportSocket(), socket, merge));
      return result.build();
    }
    for (Cluster.TransportSocketMatch.Builder match :
        result.getTransportSocketMatchesBuilderList()) {
      if (match.getTransportSocket().getName().equals(socket.getName())) {
        match.setTransportSocket(TransportSockets.merge(match.getTransportSocket(), socket, merge));
      }
    }
    return result.build();
  }
}
