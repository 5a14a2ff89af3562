package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.mesh.ProxyConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A proxy that asked for configuration, as it described itself (Envoy {@code core.v3.Node}).
 *
 * @param type sidecar, gateway or waypoint
 * @param id {@code name.namespace}
 * @param dnsDomain search domain of its pod, such as {@code default.svc.cluster.local}
 * @param ips its addresses, the one of the node id first; never empty
 * @param locality where it runs, possibly unknown
 * @param metadata what else it said
 * @param placement present when it shares its machine with other proxies
 */
public record ProxyNode(
    Type type,
    String id,
    String dnsDomain,
    List<String> ips,
    Locality locality,
    Metadata metadata,
    Optional<LocalPlacement> placement) {

  /** The labels that tell where a workload is, from its network down to the machine. */
  public static final List<String> PLACES =
      List.of(
          "topology.istio.io/network",
          "topology.kubernetes.io/region",
          "topology.kubernetes.io/zone",
          "topology.istio.io/subzone",
          "kubernetes.io/hostname");

  /** Names in the metadata the networks whose endpoints it wants; all when it is absent. */
  public static final String NETWORK_VIEW = "REQUESTED_NETWORK_VIEW";

  public ProxyNode {
    ips = List.copyOf(ips);
    if (ips.isEmpty()) {
      throw new IllegalArgumentException("ips is empty (expected: at least one)");
    }
  }

  /** What a proxy is for. */
  public enum Type {
    SIDECAR,
    ROUTER,
    /** Stands before services and executes their routes and policies. */
    WAYPOINT
  }

  /** How outbound traffic reaches a sidecar. */
  public enum InterceptionMode {
    REDIRECT,
    TPROXY,
    /** Not at all: listeners bind. */
    NONE
  }

  /**
   * The parts of node metadata that decide configuration.
   *
   * @param namespace of the workload
   * @param labels of the workload
   * @param serviceAccount of the workload, may be empty
   * @param clusterId the cluster it runs in, may be empty
   * @param network the network it is in, may be empty
   * @param nodeName the machine it runs on, may be empty
   * @param interceptionMode how traffic is captured
   * @param httpProxyPort port of the HTTP proxy listener, 0 for the mesh's default
   * @param unprivilegedPod it cannot bind ports below 1024
   * @param dnsCapture its agent answers DNS
   * @param http10 it accepts HTTP/1.0
   * @param istioVersion as it claims, may be empty
   * @param certificates its agent serves the workload's certificate and the mesh's roots; without
   *     them it neither makes nor takes mutual TLS
   * @param gatewayTopology what stands before it, unless as before every gateway of the mesh
   * @param values everything it said that is text, a number or a truth value
   */
  public record Metadata(
      String namespace,
      Labels labels,
      String serviceAccount,
      String clusterId,
      String network,
      String nodeName,
      InterceptionMode interceptionMode,
      int httpProxyPort,
      boolean unprivilegedPod,
      boolean dnsCapture,
      boolean http10,
      String istioVersion,
      boolean certificates,
      Optional<ProxyConfig.GatewayTopology> gatewayTopology,
      Map<String, String> values) {
    public Metadata {
      values = Map.copyOf(values);
    }
  }

  /**
   * Parses the node of a discovery request.
   *
   * @param origin where it came from, such as the peer's address
   */
  public static Validation<ProxyNode> parse(
      io.envoyproxy.envoy.config.core.v3.Node node, Origin origin) {
    return ProxyNodeParser.parse(node, origin);
  }

  public String namespace() {
    return metadata.namespace();
  }

  public Labels labels() {
    return metadata.labels();
  }

  /** True when it can make and take mutual TLS. */
  public boolean hasCertificates() {
    return metadata.certificates();
  }

  /** The address of the node id. */
  public String ip() {
    return ips.getFirst();
  }

  /** The same without the namespace that it is in. */
  ProxyNode anywhere() {
    return new ProxyNode(
        type,
        id,
        "",
        ips,
        locality,
        new Metadata(
            "",
            metadata.labels,
            metadata.serviceAccount,
            metadata.clusterId,
            metadata.network,
            metadata.nodeName,
            metadata.interceptionMode,
            metadata.httpProxyPort,
            metadata.unprivilegedPod,
            metadata.dnsCapture,
            metadata.http10,
            metadata.istioVersion,
            metadata.certificates,
            metadata.gatewayTopology,
            metadata.values),
        placement);
  }

  public boolean isSidecar() {
    return type == Type.SIDECAR;
  }

  public boolean isRouter() {
    return type == Type.ROUTER;
  }

  public boolean isWaypoint() {
    return type == Type.WAYPOINT;
  }
}
