package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.secret.Secret;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.Optional;

/** What certificates and keys are kept in. Immutable; any thread. */
public final class Credentials {
  /** There are none. */
  public static final Credentials NONE = new Credentials(ConfigSnapshot.EMPTY);

  private final ConfigSnapshot snapshot;

  /** Those of a snapshot. */
  public Credentials(ConfigSnapshot snapshot) {
    this.snapshot = snapshot;
  }

  public Optional<Resource<Secret>> secret(ResourceName name) {
    return snapshot.get(Kinds.SECRET, name);
  }

  public Optional<Resource<ConfigMap>> configMap(ResourceName name) {
    return snapshot.get(Kinds.CONFIG_MAP, name);
  }
}
