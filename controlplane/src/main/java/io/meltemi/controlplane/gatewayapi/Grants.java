package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.ReferenceGrant;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.List;

/** Who may refer across namespaces. */
final class Grants {
  private final List<Resource<ReferenceGrant>> grants;

  /** An object that refers, or is referred to; name is empty for the former. */
  record Party(String group, String kind, String namespace, String name) {}

  Grants(ConfigSnapshot snapshot) {
    this.grants = snapshot.list(Kinds.REFERENCE_GRANT);
  }

  /** True within a namespace, and when a grant of the target's namespace says so. */
  boolean allows(Party from, Party to) {
    if (from.namespace().equals(to.namespace())) {
      return true;
    }
    return grants.stream()
        .filter(grant -> grant.namespace().equals(to.namespace()))
        .anyMatch(
            grant ->
                grant.spec().from().stream()
                        .anyMatch(
                            f ->
                                f.group().equals(from.group())
                                    && f.kind().equals(from.kind())
                                    && f.namespace().equals(from.namespace()))
                    && grant.spec().to().stream()
                        .anyMatch(
                            t ->
                                t.group().equals(to.group())
                                    && t.kind().equals(to.kind())
                                    && t.name().map(to.name()::equals).orElse(true)));
  }
}
