package io.meltemi.controlplane;

import io.meltemi.common.net.HostPort;
import io.meltemi.controlplane.push.Features;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.xds.server.DiscoveryServerSettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a control plane runs.
 *
 * @param listen where it listens
 * @param domain the cluster's DNS domain
 * @param clusterId the name of the cluster
 * @param rootNamespace where mesh-wide configuration is, and the ConfigMap {@code istio}
 * @param meshConfigFile read again when it changes; wins over the ConfigMap
 * @param version of the program, shown and sent to proxies
 * @param features what is switched on and off
 * @param requestBytesMax largest request a proxy may send
 */
public record ControlPlaneSettings(
    Listen listen,
    String domain,
    String clusterId,
    String rootNamespace,
    Optional<Path> meshConfigFile,
    PushSettings push,
    DiscoveryServerSettings discovery,
    String version,
    Features features,
    int requestBytesMax) {

  /**
   * Addresses; an empty host means every address of the machine, port 0 any free port, an absent
   * one not at all.
   *
   * @param grpc xDS in plain text
   * @param http readiness and debug
   * @param monitoring metrics, version and debug
   * @param inProcessName name of the in-process gRPC server for proxies in this JVM; empty for none
   */
  public record Listen(
      Optional<HostPort> grpc,
      Optional<HostPort> http,
      Optional<HostPort> monitoring,
      String inProcessName) {}

  /** Istio's ports and names. */
  public static final ControlPlaneSettings DEFAULT =
      new ControlPlaneSettings(
          new Listen(
              Optional.of(new HostPort("", 15010)),
              Optional.of(new HostPort("", 8080)),
              Optional.of(new HostPort("", 15014)),
              ""),
          "cluster.local",
          "Kubernetes",
          "istio-system",
          Optional.empty(),
          PushSettings.DEFAULT,
          DiscoveryServerSettings.DEFAULT,
          "dev",
          Features.DEFAULT,
          32 << 20);

  public ControlPlaneSettings withListen(Listen value) {
    return new ControlPlaneSettings(
        value,
        domain,
        clusterId,
        rootNamespace,
        meshConfigFile,
        push,
        discovery,
        version,
        features,
        requestBytesMax);
  }

  public ControlPlaneSettings withMeshConfigFile(Path value) {
    return new ControlPlaneSettings(
        listen,
        domain,
        clusterId,
        rootNamespace,
        Optional.of(value),
        push,
        discovery,
        version,
        features,
        requestBytesMax);
  }

  public ControlPlaneSettings withNames(String newDomain, String newClusterId) {
    return new ControlPlaneSettings(
        listen,
        newDomain,
        newClusterId,
        rootNamespace,
        meshConfigFile,
        push,
        discovery,
        version,
        features,
        requestBytesMax);
  }

  public ControlPlaneSettings withVersion(String value) {
    return new ControlPlaneSettings(
        listen,
        domain,
        clusterId,
        rootNamespace,
        meshConfigFile,
        push,
        discovery,
        value,
        features,
        requestBytesMax);
  }

  public ControlPlaneSettings withPush(PushSettings value) {
    return new ControlPlaneSettings(
        listen,
        domain,
        clusterId,
        rootNamespace,
        meshConfigFile,
        value,
        discovery,
        version,
        features,
        requestBytesMax);
  }

  /**
   * With what the environment of this process switches.
   *
   * @throws IllegalArgumentException naming a variable whose value cannot be read
   */
  public ControlPlaneSettings withEnvironment() {
    return new ControlPlaneSettings(
        listen,
        domain,
        clusterId,
        rootNamespace,
        meshConfigFile,
        push,
        discovery,
        version,
        Features.of(System.getenv()),
        requestBytesMax);
  }
}
