package io.meltemi.config.kind.pod;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a pod, or the template of a deployment, runs.
 *
 * @param serviceAccountName {@code default} when not written
 */
public record PodSpec(
    List<Container> containers,
    List<Container> initContainers,
    String serviceAccountName,
    String nodeName,
    String hostname,
    String subdomain,
    boolean hostNetwork) {

  /**
   * A container.
   *
   * @param environment values written out, in order; {@code valueFrom} entries are left out
   */
  public record Container(
      String name,
      String image,
      List<String> command,
      List<String> args,
      Map<String, String> environment,
      List<ContainerPort> ports,
      Optional<ReadinessProbe> readinessProbe) {
    public Container {
      command = List.copyOf(command);
      args = List.copyOf(args);
      environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
      ports = List.copyOf(ports);
    }
  }

  /** {@code protocol} is {@code TCP} when not written. */
  public record ContainerPort(String name, int containerPort, String protocol) {}

  /**
   * How to see whether a container can take traffic; {@code exec} and {@code grpc} probes are left
   * out.
   *
   * @param httpPath path to get; empty for a mere TCP connection
   * @param port number, or name of a container port
   * @param periodSeconds 10 when not written
   * @param failureThreshold failures in a row that make it not ready; 3 when not written
   */
  public record ReadinessProbe(
      String httpPath, String port, int periodSeconds, int failureThreshold) {}

  public PodSpec {
    containers = List.copyOf(containers);
    initContainers = List.copyOf(initContainers);
  }
}
