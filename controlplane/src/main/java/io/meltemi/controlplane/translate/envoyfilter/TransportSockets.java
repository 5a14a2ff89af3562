package io.meltemi.controlplane.translate.envoyfilter;

import io.envoyproxy.envoy.config.core.v3.TransportSocket;

/** Transport sockets under a patch: one of the same name merges, any other is replaced. */
final class TransportSockets {
  private TransportSockets() {}

  static TransportSocket merge(TransportSocket present, TransportSocket part, MessageMerge merge) {
    if (!present.getName().equals(part.getName())) {
      return part;
    }
    return present.hasTypedConfig() && part.hasTypedConfig()
        ? present.toBuilder()
            .setTypedConfig(merge.any(present.getTypedConfig(), part.getTypedConfig()))
            .build()
        : merge.merge(present, part);
  }
}
