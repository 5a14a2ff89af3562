package io.meltemi.controlplane.deployment;

import java.util.List;
import java.util.Map;

/**
 * What deployments of gateways take from the installation, in Istio's Helm values mostly {@code
 * global}.
 *
 * @param clusterId of this cluster, where no other name is set
 */
public record DeploymentSettings(
    Images images,
    Server server,
    Logging logging,
    Network network,
    Resources resources,
    Switches switches,
    String clusterId) {

  /** As Istio's charts set it. */
  public static final DeploymentSettings DEFAULT =
      new DeploymentSettings(
          new Images("docker.io/istio", "latest", "proxyv2", "agentgateway", "", List.of()),
          new Server("istio-system", "", "", "istiod", "istio-ca"),
          new Logging("warning", "misc:error", "default:info", false),
          new Network("cluster.local", "", "", ""),
          new Resources(Map.of(), Map.of(), 1337, 1337),
          new Switches(true, false, false),
          "Kubernetes");

  /**
   * Where images come from.
   *
   * @param proxy with a slash the whole name, else what stands between hub and tag
   * @param pullPolicy empty means Kubernetes' own
   */
  public record Images(
      String hub,
      String tag,
      String proxy,
      String agent,
      String pullPolicy,
      List<String> pullSecrets) {
    private static final List<String> TYPES = List.of("-debug", "-distroless");

    public Images {
      pullSecrets = List.copyOf(pullSecrets);
    }

    /**
     * The whole name of an image.
     *
     * @param type takes the place of a type at the end of the tag; {@code default} is the one
     *     without, empty means as the tag says
     */
    String named(String image, String type) {
      return image.contains("/") ? image : hub + "/" + image + ":" + tagged(type);
    }

    private String tagged(String type) {
      if (type.isEmpty()) {
        return tag;
      }
      String plain =
          TYPES.stream()
              .filter(tag::endsWith)
              .findFirst()
              .map(end -> tag.substring(0, tag.length() - end.length()))
              .orElse(tag);
      return type.equals("default") ? plain : plain + "-" + type;
    }
  }

  /**
   * The control plane as gateways see it.
   *
   * @param revision empty for the default one
   * @param caAddress empty means the control plane's own
   * @param certProvider {@code pilotCertProvider}
   * @param tokenAudience who the tokens of gateways are for
   */
  public record Server(
      String namespace,
      String revision,
      String caAddress,
      String certProvider,
      String tokenAudience) {
    String certificates() {
      return caAddress.isEmpty()
          ? "istiod" + (revision.isEmpty() ? "" : "-" + revision) + "." + namespace + ".svc:15012"
          : caAddress;
    }
  }

  /** Log levels of the proxy, its components and the agent. */
  public record Logging(String proxy, String components, String agent, boolean json) {}

  /** Names; all but the domain may be empty. */
  public record Network(String clusterDomain, String name, String meshId, String clusterName) {}

  /**
   * What pods may use.
   *
   * @param proxy {@code resources} of the container; empty for none
   */
  public record Resources(
      Map<String, Object> proxy, Map<String, Object> waypoint, long userId, long groupId) {}

  /**
   * Feature switches.
   *
   * @param copyMetadata labels and annotations of a Gateway go to what is made for it
   * @param quic a UDP port beside each HTTPS one
   * @param agentgateway classes of that gateway are served
   */
  public record Switches(boolean copyMetadata, boolean quic, boolean agentgateway) {}

  /** The same in a cluster of another domain. */
  public DeploymentSettings inDomain(String domain) {
    return new DeploymentSettings(
        images,
        server,
        logging,
        new Network(domain, network.name(), network.meshId(), network.clusterName()),
        resources,
        switches,
        clusterId);
  }
}
