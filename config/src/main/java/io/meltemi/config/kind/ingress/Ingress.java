package io.meltemi.config.kind.ingress;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * HTTP routes from outside.
 *
 * @param className {@code ingressClassName}; unset leaves it to the annotation and the mesh
 */
public record Ingress(
    Optional<String> className, Optional<Backend> defaultBackend, List<Tls> tls, List<Rule> rules) {

  /** A certificate and the hosts it is for; no hosts mean all. */
  public record Tls(List<String> hosts, String secretName) {
    public Tls {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * Paths of a host.
   *
   * @param host empty means every host
   */
  public record Rule(String host, List<Path> paths) {
    public Rule {
      paths = List.copyOf(paths);
    }
  }

  /** A path and where it goes. */
  public record Path(String path, PathType type, Backend backend) {}

  /** How a path is compared. */
  public enum PathType {
    EXACT,
    PREFIX,
    IMPLEMENTATION_SPECIFIC
  }

  /** Where requests go. */
  public sealed interface Backend {
    /** A port of a service, by number or by name. */
    record ToService(String name, OptionalInt portNumber, String portName) implements Backend {}

    /** Something else, which no mesh serves. */
    record ToResource(String kind, String name) implements Backend {}
  }

  public Ingress {
    tls = List.copyOf(tls);
    rules = List.copyOf(rules);
  }
}
