package io.meltemi.controlplane.translate.secret;

import io.meltemi.config.resource.ResourceName;
import java.util.Optional;

/**
 * What a proxy calls a secret, taken apart.
 *
 * @param resource of a Secret or ConfigMap
 * @param roots whether only certificates of authorities are asked for
 */
record CredentialName(Kind kind, ResourceName resource, boolean roots) {
  /** Added to a credential's name for the roots that came with it. */
  private static final String ROOTS_SUFFIX = "-cacert";

  /** Where it is, and who may read it. */
  enum Kind {
    /** A Secret of the proxy's own namespace. */
    SECRET("kubernetes://"),
    /** A Secret that a gateway of the Gateway API refers to. */
    GATEWAY_SECRET("kubernetes-gateway://"),
    /** A ConfigMap, which anyone may read. */
    CONFIG_MAP("configmap://");

    private final String scheme;

    Kind(String scheme) {
      this.scheme = scheme;
    }
  }

  /**
   * Empty when it is no name of something that this control plane serves.
   *
   * @param namespace of the proxy, for names without one
   */
  static Optional<CredentialName> parse(String name, String namespace) {
    for (Kind kind : Kind.values()) {
      if (name.startsWith(kind.scheme)) {
        String rest = name.substring(kind.scheme.length());
        int slash = rest.indexOf('/');
        String own = slash < 0 ? namespace : rest.substring(0, slash);
        String object = rest.substring(slash + 1);
        if (own.isEmpty()
            || object.isEmpty()
            || object.indexOf('/') >= 0
            || (slash < 0 && kind != Kind.SECRET)) {
          return Optional.empty();
        }
        return Optional.of(
            new CredentialName(kind, new ResourceName(own, object), object.endsWith(ROOTS_SUFFIX)));
      }
    }
    return Optional.empty();
  }

  /** The object without the suffix that asks for roots. */
  ResourceName withoutSuffix() {
    return roots
        ? new ResourceName(
            resource.namespace(),
            resource.name().substring(0, resource.name().length() - ROOTS_SUFFIX.length()))
        : resource;
  }
}
