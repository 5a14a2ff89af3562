package io.meltemi.controlplane;

import java.util.List;

/**
 * A command line flag of {@code pilot-discovery discovery}, and what becomes of it here.
 *
 * @param name without dashes
 * @param defaultValue as Istio's; empty for none
 * @param help one line
 * @param refusal why any other value than the default or an empty one is refused; empty when every
 *     value is taken
 * @param list may be given several times
 */
public record ControlPlaneFlag(
    String name, String defaultValue, String help, String refusal, boolean list) {
  private static final String SECURITY = "TLS comes with security, which is not there yet";
  private static final String CLUSTER = "reading from an API server is not there yet";

  /** All of them. */
  public static final List<ControlPlaneFlag> ALL =
      List.of(
          taken("configDir", "", "directory of YAML files to read configuration from"),
          taken("meshConfig", "./etc/istio/config/mesh", "file with the mesh configuration"),
          refused(
              "networksConfig",
              "./etc/istio/config/meshNetworks",
              "file with the mesh networks",
              "networks are read from the key meshNetworks of the ConfigMap istio"),
          taken("grpcAddr", ":15010", "xDS in plain text; empty to disable"),
          taken("httpAddr", ":8080", "readiness and debug; empty to disable"),
          refused("httpsAddr", ":15017", "webhooks; empty to disable", SECURITY),
          refused("secureGRPCAddr", ":15012", "xDS over TLS; empty to disable", SECURITY),
          taken("monitoringAddr", ":15014", "metrics, version and debug; empty to disable"),
          taken("domain", "cluster.local", "DNS domain of the cluster"),
          taken("clusterID", "Kubernetes", "name of the cluster"),
          taken("log_output_level", "default:info", "level, or scope:level, of what is logged"),
          refused("kubeconfig", "", "file that tells how to reach an API server", CLUSTER),
          new ControlPlaneFlag("registries", "", "where services come from", CLUSTER, true),
          new ControlPlaneFlag("plugins", "", "ignored, as in Istio since 1.15", "", true),
          taken("keepaliveInterval", "30s", "time between pings of an idle proxy"),
          taken("shutdownDuration", "10s", "how long a stop may take"));

  private static ControlPlaneFlag taken(String name, String defaultValue, String help) {
    return new ControlPlaneFlag(name, defaultValue, help, "", false);
  }

  private static ControlPlaneFlag refused(
      String name, String defaultValue, String help, String refusal) {
    return new ControlPlaneFlag(name, defaultValue, help, refusal, false);
  }
}
