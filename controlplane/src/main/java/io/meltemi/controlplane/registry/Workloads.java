package io.meltemi.controlplane.registry;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.config.kind.node.Node;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Resource;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Pods and workload entries as workloads: name, labels as subsets see them, and locality.
 *
 * @param clusterId of the workloads
 * @param networks that those are in which do not say so themselves
 * @param nodes by name
 */
record Workloads(String clusterId, Networks networks, Map<String, Resource<Node>> nodes) {
  private static final String REGION = "topology.kubernetes.io/region";
  private static final String ZONE = "topology.kubernetes.io/zone";
  private static final String SUB_ZONE = "topology.istio.io/subzone";
  private static final String NETWORK = Networks.LABEL;
  private static final String CLUSTER = "topology.istio.io/cluster";
  private static final String HOST = "kubernetes.io/hostname";
  private static final String LOCALITY = "topology.istio.io/locality";
  private static final String OLD_LOCALITY = "istio-locality";
  private static final String TLS_MODE = "security.istio.io/tlsMode";

  ServiceEndpoint.Workload of(Resource<Pod> pod) {
    Labels labels = pod.metadata().labels();
    String nodeName = pod.spec().spec().nodeName();
    String network = labels.get(NETWORK, "");
    if (network.isEmpty() && !pod.spec().status().ips().isEmpty()) {
      network = networks.of(pod.spec().status().ips().getFirst());
    }
    return new ServiceEndpoint.Workload(
        podWorkloadName(pod.metadata()),
        pod.namespace(),
        augment(labels, locality(pod), network, nodeName),
        pod.spec().spec().serviceAccountName(),
        network,
        nodeName,
        clusterId,
        labels.get(TLS_MODE, ""));
  }

  /** An endpoint without a pod, such as one written by hand. */
  ServiceEndpoint.Workload unknown(String namespace, String nodeName) {
    return new ServiceEndpoint.Workload(
        "", namespace, Labels.EMPTY, "", "", nodeName, clusterId, "");
  }

  /** One with a service account has a proxy that speaks mutual TLS, unless it says otherwise. */
  ServiceEndpoint.Workload of(WorkloadEntry entry, String name, String namespace) {
    String network = entry.labels().get(NETWORK, entry.network());
    if (network.isEmpty()) {
      network = networks.of(entry.address());
    }
    return new ServiceEndpoint.Workload(
        name,
        namespace,
        augment(entry.labels(), entry.locality(), network, ""),
        entry.serviceAccount(),
        network,
        "",
        clusterId,
        entry.labels().get(TLS_MODE, entry.serviceAccount().isEmpty() ? "" : "istio"));
  }

  /** The pod's own label, else the labels of its node. */
  Locality locality(Resource<Pod> pod) {
    Labels labels = pod.metadata().labels();
    String written = labels.get(LOCALITY, labels.get(OLD_LOCALITY, ""));
    return written.isEmpty()
        ? localityOfNode(pod.spec().spec().nodeName())
        : Locality.parse(written.replace('.', '/'));
  }

  Locality localityOfNode(String nodeName) {
    return Optional.ofNullable(nodes.get(nodeName))
        .map(node -> node.metadata().labels())
        .map(
            labels ->
                new Locality(
                    labels.get(REGION, ""), labels.get(ZONE, ""), labels.get(SUB_ZONE, "")))
        .orElse(Locality.UNKNOWN);
  }

  /** Adds what subsets and failover may select on beside the workload's own labels. */
  private Labels augment(Labels labels, Locality locality, String network, String nodeName) {
    Map<String, String> all = new TreeMap<>(labels.values());
    putUnlessEmpty(all, CLUSTER, clusterId);
    putUnlessEmpty(all, NETWORK, network);
    putUnlessEmpty(all, REGION, locality.region());
    putUnlessEmpty(all, ZONE, locality.zone());
    putUnlessEmpty(all, SUB_ZONE, locality.subZone());
    putUnlessEmpty(all, HOST, nodeName);
    return Labels.of(all);
  }

  private static void putUnlessEmpty(Map<String, String> labels, String key, String value) {
    if (!value.isEmpty()) {
      labels.put(key, value);
    }
  }

  /** The name of the Deployment for a pod of a ReplicaSet, else of its controller, else its own. */
  private static String podWorkloadName(Metadata pod) {
    Optional<Metadata.Owner> controller =
        pod.owners().stream().filter(Metadata.Owner::controller).findFirst();
    if (controller.isEmpty()) {
      return pod.name();
    }
    String owner = controller.get().name();
    String hash = pod.labels().get("pod-template-hash", "");
    return controller.get().kind().equals("ReplicaSet")
            && !hash.isEmpty()
            && owner.endsWith("-" + hash)
        ? owner.substring(0, owner.length() - hash.length() - 1)
        : owner;
  }
}
