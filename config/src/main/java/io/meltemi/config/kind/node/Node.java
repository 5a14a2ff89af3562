package io.meltemi.config.kind.node;

import java.util.List;

/**
 * A machine; its locality stands in its labels.
 *
 * @param addresses {@code status.addresses} of any type, in order
 */
public record Node(List<String> addresses) {
  public Node {
    addresses = List.copyOf(addresses);
  }
}
