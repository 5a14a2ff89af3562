package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.BackendRef;
import io.meltemi.config.kind.gatewayapi.ObjectRef;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.traffic.Destination;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;

/** Turns references to backends into destinations. */
final class Backends {
  private static final Destination NOWHERE = new Destination("", "", OptionalInt.empty());
  private static final int HASH_CHARS = 8;

  private final GatewayApiInputs inputs;
  private final Grants grants;

  Backends(GatewayApiInputs inputs, Grants grants) {
    this.inputs = inputs;
    this.grants = grants;
  }

  /** Who refers to the backend. */
  record Referrer(String routeKind, String namespace, boolean grantsNeeded) {}

  /**
   * A destination and what is wrong with it.
   *
   * @param destination empty when the whole rule cannot be served; a destination without host
   *     answers every request with 500
   */
  record Resolved(Optional<Destination> destination, Optional<Problem> problem) {}

  Resolved resolve(BackendRef backend, Referrer referrer) {
    ObjectRef ref = backend.ref();
    String namespace = ref.namespaceOr(referrer.namespace());
    if (referrer.grantsNeeded()
        && !grants.allows(
            new Grants.Party(ParentRef.GROUP, referrer.routeKind(), referrer.namespace(), ""),
            new Grants.Party(ref.group(), ref.kind(), namespace, ref.name()))) {
      return nowhere(
          "RefNotPermitted",
          "backendRef "
              + ref.name()
              + "/"
              + namespace
              + " not accessible to a "
              + referrer.routeKind()
              + " in namespace \""
              + referrer.namespace()
              + "\" (missing a ReferenceGrant?)");
    }
    ResourceName name = new ResourceName(namespace, ref.name());
    if (ref.is("", "Service")) {
      return ref.name().contains(".")
          ? fatal("service name invalid; the name of the Service must be used, not the hostname.")
          : found(backend, inputs.hostname(ref.name(), namespace), isService(name));
    }
    if (ref.is("multicluster.x-k8s.io", "ServiceImport")) {
      return found(backend, inputs.hostname(ref.name(), namespace), isService(name));
    }
    if (ref.is("networking.istio.io", "Hostname")) {
      return ref.namespace().isPresent()
          ? fatal("namespace may not be set with Hostname type")
          : found(backend, ref.name(), inputs.services().find(ref.name(), namespace).isPresent());
    }
    if (ref.is("inference.networking.k8s.io", "InferencePool")) {
      return pool(name);
    }
    return nowhere(
        "InvalidKind",
        "referencing unsupported backendRef: group \""
            + ref.group()
            + "\" kind \""
            + ref.kind()
            + '"');
  }

  private boolean isService(ResourceName name) {
    return inputs.snapshot().get(Kinds.SERVICE, name).isPresent();
  }

  private static Resolved found(BackendRef backend, String hostname, boolean exists) {
    if (backend.port().isEmpty()) {
      return fatal("port is required in backendRef");
    }
    return new Resolved(
        Optional.of(new Destination(hostname, "", backend.port())),
        exists ? Optional.empty() : Optional.of(notFound(hostname)));
  }

  private Resolved pool(ResourceName name) {
    if (name.name().contains(".")) {
      return fatal(
          "InferencePool.Name invalid; the name of the InferencePool must be used, not the"
              + " hostname.");
    }
    if (inputs.snapshot().get(Kinds.INFERENCE_POOL, name).isEmpty()) {
      return new Resolved(Optional.of(NOWHERE), Optional.of(notFound(name.name())));
    }
    String hostname = inputs.hostname(poolService(name.name()), name.namespace());
    Optional<ServiceDirectory.Entry> service = inputs.services().find(hostname, name.namespace());
    if (service.isEmpty()) {
      return new Resolved(Optional.of(NOWHERE), Optional.of(notFound(hostname)));
    }
    OptionalInt port = service.get().ports().stream().mapToInt(Integer::intValue).findFirst();
    return new Resolved(Optional.of(new Destination(hostname, "", port)), Optional.empty());
  }

  /** The name of the service that stands for a pool of inference servers. */
  static String poolService(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return name + "-ip-" + HexFormat.of().formatHex(digest).substring(0, HASH_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static Problem notFound(String what) {
    return new Problem("BackendNotFound", "backend(" + what + ") not found");
  }

  private static Resolved nowhere(String reason, String message) {
    return new Resolved(Optional.of(NOWHERE), Optional.of(new Problem(reason, message)));
  }

  private static Resolved fatal(String message) {
    return new Resolved(Optional.empty(), Optional.of(new Problem("InvalidDestination", message)));
  }
}
