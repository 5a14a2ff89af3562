package io.meltemi.config.kind.gatewayapi;

import java.util.List;
import java.util.Optional;

/** Lets objects of other namespaces refer to objects of this one. */
public record ReferenceGrant(List<From> from, List<To> to) {
  /** Who may refer. */
  public record From(String group, String kind, String namespace) {}

  /** To what; any name when none is given. */
  public record To(String group, String kind, Optional<String> name) {}

  public ReferenceGrant {
    from = List.copyOf(from);
    to = List.copyOf(to);
  }
}
