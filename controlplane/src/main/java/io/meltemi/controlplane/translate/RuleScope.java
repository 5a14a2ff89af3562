package io.meltemi.controlplane.translate;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.controlplane.push.ProxyNode;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Which match blocks of virtual services are for one proxy: the conditions that are decided when
 * configuration is made, not per request.
 *
 * @param labels of the proxy's workload
 * @param namespace of the proxy's workload
 * @param gateways the gateways that routes are made for: {@code mesh} or {@code namespace/name}
 */
public record RuleScope(Labels labels, String namespace, Set<String> gateways) {
  public RuleScope {
    gateways = Set.copyOf(gateways);
  }

  /** The rules of a sidecar. */
  public static RuleScope mesh(ProxyNode node) {
    return of(node, VirtualService.MESH_GATEWAY);
  }

  /**
   * The rules of one gateway resource.
   *
   * @param gateway {@code namespace/name}
   */
  public static RuleScope of(ProxyNode node, String gateway) {
    return new RuleScope(node.labels(), node.namespace(), Set.of(gateway));
  }

  /**
   * True when a match block is for this proxy and port. A block that names gateways is decided by
   * them alone, its source conditions are not looked at.
   *
   * @param port the port that the block asks for
   * @param listenPort the port that clients ask for
   */
  public boolean includes(SourceMatch source, OptionalInt port, int listenPort) {
    if (port.isPresent() && port.getAsInt() != listenPort) {
      return false;
    }
    if (!source.gateways().isEmpty()) {
      return source.gateways().stream().anyMatch(gateways::contains);
    }
    return labels.matches(source.labels())
        && (source.namespace().isEmpty() || source.namespace().equals(namespace));
  }
}
