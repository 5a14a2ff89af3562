package io.meltemi.config.traffic;

import io.meltemi.config.traffic.OutboundTrafficPolicy.Mode;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Optional;

/** Reads {@code OutboundTrafficPolicy}. */
public final class OutboundTrafficPolicyParser {
  private OutboundTrafficPolicyParser() {}

  /**
   * Reads it; without a mode it is REGISTRY_ONLY.
   *
   * @param inMesh in MeshConfig, where every mode is allowed
   */
  public static OutboundTrafficPolicy parse(ObjectReader reader, boolean inMesh) {
    Mode mode = reader.enumeration("mode", Mode.class).orElse(Mode.REGISTRY_ONLY);
    Optional<Destination> proxy = reader.object("egressProxy", DestinationParser::parse);
    if (!inMesh && mode == Mode.ALLOW_ANY_DYNAMIC_DNS) {
      reader.error("mode", mode.name(), "REGISTRY_ONLY or ALLOW_ANY; this one is for MeshConfig");
    }
    if (proxy.isPresent()) {
      if (mode != Mode.ALLOW_ANY) {
        reader.error("egressProxy", "egressProxy with mode " + mode, "mode ALLOW_ANY beside it");
      }
      if (proxy.get().port().isEmpty()) {
        reader.error("egressProxy", "no port", "egressProxy.port.number");
      }
    }
    return new OutboundTrafficPolicy(mode, proxy);
  }
}
