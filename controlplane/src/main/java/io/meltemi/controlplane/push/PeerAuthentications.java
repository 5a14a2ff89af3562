package io.meltemi.controlplane.push;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication.Mode;
import io.meltemi.config.resource.Resource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What workloads take: their own policy over that of their namespace over that of the mesh, the
 * oldest of each level; plain text and mutual TLS where nothing is said.
 */
final class PeerAuthentications {
  private final Map<String, List<Resource<PeerAuthentication>>> byNamespace = new HashMap<>();
  private final String rootNamespace;

  /**
   * Indexes them.
   *
   * @param policies in order of precedence
   */
  PeerAuthentications(List<Resource<PeerAuthentication>> policies, String rootNamespace) {
    this.rootNamespace = rootNamespace;
    for (Resource<PeerAuthentication> policy : policies) {
      byNamespace.computeIfAbsent(policy.namespace(), _ -> new java.util.ArrayList<>()).add(policy);
    }
  }

  /** The mode of every port that no policy of a workload is for. */
  Mode ofNamespace(String namespace) {
    Mode mesh = whole(rootNamespace).map(PeerAuthentication::mode).orElse(Mode.UNSET);
    Mode own = whole(namespace).map(PeerAuthentication::mode).orElse(Mode.UNSET);
    return own != Mode.UNSET ? own : mesh != Mode.UNSET ? mesh : Mode.PERMISSIVE;
  }

  /**
   * The modes of one workload.
   *
   * @param labels of the workload
   */
  MutualTls of(String namespace, Labels labels) {
    Mode around = ofNamespace(namespace);
    if (namespace.equals(rootNamespace)) {
      // policies of the root namespace that select workloads are not looked at
      return new MutualTls(around, Map.of());
    }
    Optional<PeerAuthentication> own =
        byNamespace.getOrDefault(namespace, List.of()).stream()
            .map(Resource::spec)
            .filter(policy -> policy.selector().filter(labels::matches).isPresent())
            .findFirst();
    if (own.isEmpty()) {
      return new MutualTls(around, Map.of());
    }
    Mode mode = own.get().mode() == Mode.UNSET ? around : own.get().mode();
    Map<Integer, Mode> ports = new HashMap<>();
    own.get()
        .portModes()
        .forEach((port, written) -> ports.put(port, written == Mode.UNSET ? mode : written));
    return new MutualTls(mode, ports);
  }

  private Optional<PeerAuthentication> whole(String namespace) {
    return byNamespace.getOrDefault(namespace, List.of()).stream()
        .map(Resource::spec)
        .filter(policy -> policy.selector().isEmpty())
        .findFirst();
  }
}
