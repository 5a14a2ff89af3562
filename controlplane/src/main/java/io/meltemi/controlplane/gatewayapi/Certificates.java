package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.gatewayapi.ObjectRef;
import io.meltemi.config.kind.secret.Secret;
import io.meltemi.config.kind.secret.SecretValue;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;

/** Checks what certificate references lead to. Values are looked at and never told. */
final class Certificates {
  private static final int KEYS_SHOWN_MAX = 3;
  private static final String BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----";

  private final ConfigSnapshot snapshot;

  Certificates(ConfigSnapshot snapshot) {
    this.snapshot = snapshot;
  }

  /** {@code group/kind/name.namespace} as messages have it. */
  static String text(ObjectRef ref) {
    return String.join("/", ref.group(), ref.kind(), ref.name()) + "." + ref.namespace().orElse("");
  }

  /**
   * What is wrong with a server's or client's certificate and key; nothing when they can be used.
   */
  Optional<String> keyPairProblem(ObjectRef ref, String namespace) {
    if (!ref.is("", "Secret")) {
      return Optional.of("only secret is allowed");
    }
    ResourceName name = new ResourceName(ref.namespaceOr(namespace), ref.name());
    Optional<Resource<Secret>> secret = snapshot.get(Kinds.SECRET, name);
    if (secret.isEmpty()) {
      return Optional.of("secret " + name + " not found");
    }
    return keyPairProblem(secret.get().spec());
  }

  private static Optional<String> keyPairProblem(Secret secret) {
    boolean generic = secret.value("cert").isPresent();
    Optional<SecretValue> certificate = secret.value(generic ? "cert" : "tls.crt");
    Optional<SecretValue> key = secret.value(generic ? "key" : "tls.key");
    if (certificate.isEmpty() || key.isEmpty()) {
      return Optional.of(
          "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key);"
              + found(secret.data().keySet()));
    }
    if (!certificate.get().text().contains(BEGIN_CERTIFICATE)) {
      return Optional.of(
          "the certificate is malformed: tls: failed to find any PEM data in certificate input");
    }
    if (!isCertificate(certificate.get().bytes())) {
      return Optional.of("the certificate is malformed: x509: malformed certificate");
    }
    return key.get().text().contains("PRIVATE KEY-----")
        ? Optional.empty()
        : Optional.of(
            "the certificate is malformed: tls: failed to find any PEM data in key input");
  }

  /** The problem with a reference to the certificates that clients or backends are checked with. */
  Optional<Problem> authorityProblem(ObjectRef ref, String namespace) {
    ResourceName name = new ResourceName(ref.namespaceOr(namespace), ref.name());
    if (ref.is("", "ConfigMap")) {
      Optional<Resource<ConfigMap>> map = snapshot.get(Kinds.CONFIG_MAP, name);
      return map.isEmpty()
          ? invalid(ref, "configmap " + name + " not found")
          : bundleProblem(ref, authority(map.get().spec()), map.get().spec().data().keySet());
    }
    if (ref.is("", "Secret")) {
      Optional<Resource<Secret>> secret = snapshot.get(Kinds.SECRET, name);
      return secret.isEmpty()
          ? invalid(ref, "secret " + name + " not found")
          : bundleProblem(ref, authority(secret.get().spec()), secret.get().spec().data().keySet());
    }
    return Optional.of(
        new Problem(
            "InvalidCACertificateKind",
            "invalid CA certificate reference "
                + text(ref)
                + ", only secret and configmap are allowed"));
  }

  private static Optional<Problem> bundleProblem(
      ObjectRef ref, Optional<String> bundle, Collection<String> keys) {
    if (bundle.isEmpty()) {
      return invalid(ref, noAuthority(keys));
    }
    return isCertificate(bundle.get().getBytes(StandardCharsets.UTF_8))
        ? Optional.empty()
        : invalid(ref, "the bundle is malformed");
  }

  /** What is said of an object without certificates of an authority. */
  static String noAuthority(Collection<String> keys) {
    return "found secret, but didn't have expected keys cacert or ca.crt;" + found(keys);
  }

  private static String found(Collection<String> keys) {
    String text =
        " found: " + keys.stream().sorted().limit(KEYS_SHOWN_MAX).collect(Collectors.joining(", "));
    return keys.size() < KEYS_SHOWN_MAX
        ? text
        : text + ", and " + (keys.size() - KEYS_SHOWN_MAX) + " more...";
  }

  /** The certificates in a ConfigMap. */
  static Optional<String> authority(ConfigMap map) {
    return Optional.ofNullable(map.data().get("ca.crt"))
        .or(() -> Optional.ofNullable(map.data().get("cacert")));
  }

  private static Optional<String> authority(Secret secret) {
    return secret.value("ca.crt").or(() -> secret.value("cacert")).map(SecretValue::text);
  }

  private static Optional<Problem> invalid(ObjectRef ref, String why) {
    return Optional.of(
        new Problem(
            "InvalidCACertificateRef",
            "invalid CA certificate reference " + text(ref) + ", " + why));
  }

  private static boolean isCertificate(byte[] pem) {
    try {
      return !CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem))
          .isEmpty();
    } catch (CertificateException _) {
      return false;
    }
  }
}
