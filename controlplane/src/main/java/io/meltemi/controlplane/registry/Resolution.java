package io.meltemi.controlplane.registry;

/** How a client finds the addresses behind a service. */
public enum Resolution {
  /** The control plane sends the endpoints (Envoy EDS). */
  ENDPOINTS,
  /** The address the caller asked for (Envoy ORIGINAL_DST). */
  PASSTHROUGH,
  /** The proxy resolves the names and uses every answer (Envoy STRICT_DNS). */
  DNS,
  /** The proxy resolves the name and uses one answer for new connections (Envoy LOGICAL_DNS). */
  DNS_ROUND_ROBIN,
  /** The proxy resolves whatever name the request carries (Envoy dynamic forward proxy). */
  DYNAMIC_DNS,
  /** Another name of another service (Kubernetes ExternalName). */
  ALIAS
}
