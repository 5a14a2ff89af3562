package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.store.ConfigSnapshot;

/**
 * What a conversion looks at.
 *
 * @param domain the cluster's DNS domain, such as {@code cluster.local}
 */
public record GatewayApiInputs(ConfigSnapshot snapshot, String domain, ServiceDirectory services) {
  String hostname(String service, String namespace) {
    return service + "." + namespace + ".svc." + domain;
  }
}
