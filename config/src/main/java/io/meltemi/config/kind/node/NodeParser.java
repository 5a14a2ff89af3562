package io.meltemi.config.kind.node;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads Node. */
public final class NodeParser {
  private NodeParser() {}

  public static Node parse(ObjectReader document, Metadata metadata) {
    return new Node(
        document
            .object("status", status -> status.objects("addresses", r -> r.string("address")))
            .orElse(List.of()));
  }
}
