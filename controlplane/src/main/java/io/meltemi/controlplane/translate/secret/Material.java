package io.meltemi.controlplane.translate.secret;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.meltemi.common.pem.Pem;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.secret.SecretValue;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The values of a Secret or ConfigMap as an Envoy secret. Both of Istio's sets of keys are known;
 * the generic one comes first. What a proxy could not use is not made. No message repeats a value.
 */
final class Material {
  private static final List<Keys> KEYS =
      List.of(
          new Keys("cert", "key", "", "cacert", "crl"),
          new Keys("tls.crt", "tls.key", "tls.ocsp-staple", "ca.crt", "ca.crl"));

  private final Function<String, Optional<byte[]>> values;

  /**
   * Names of values.
   *
   * @param staple empty for none
   */
  private record Keys(
      String certificate, String key, String staple, String authorities, String revoked) {}

  /** A secret, or what is wrong. */
  sealed interface Result {
    record Made(Secret secret) implements Result {}

    /**
     * @param field such as {@code data.tls.key}
     */
    record Unusable(String field, String found, String expected) implements Result {}
  }

  private Material(Function<String, Optional<byte[]>> values) {
    this.values = values;
  }

  static Material of(io.meltemi.config.kind.secret.Secret secret) {
    return new Material(
        key -> secret.value(key).filter(value -> value.length() > 0).map(SecretValue::bytes));
  }

  static Material of(ConfigMap map) {
    Map<String, String> data = map.data();
    return new Material(
        key ->
            Optional.ofNullable(data.get(key))
                .filter(text -> !text.isEmpty())
                .map(text -> text.getBytes(StandardCharsets.UTF_8)));
  }

  boolean hasKeyPair() {
    return KEYS.stream().anyMatch(this::hasKeyPair);
  }

  private boolean hasKeyPair(Keys keys) {
    return values.apply(keys.certificate()).isPresent() && values.apply(keys.key()).isPresent();
  }

  boolean hasAuthorities() {
    return KEYS.stream().anyMatch(keys -> values.apply(keys.authorities()).isPresent());
  }

  /** A certificate with its key. */
  Result keyPair(String name) {
    for (Keys keys : KEYS) {
      if (hasKeyPair(keys)) {
        return keyPair(name, keys);
      }
    }
    return new Result.Unusable("data", "neither", "cert and key, or tls.crt and tls.key");
  }

  private Result keyPair(String name, Keys keys) {
    byte[] chain = values.apply(keys.certificate()).orElseThrow();
    byte[] key = values.apply(keys.key()).orElseThrow();
    List<X509Certificate> certificates;
    try {
      certificates = Pem.certificates(chain);
    } catch (CertificateException e) {
      return new Result.Unusable(
          "data." + keys.certificate(), String.valueOf(e.getMessage()), "PEM certificates");
    }
    try {
      PrivateKey parsed = Pem.privateKey(key, "");
      if (!Pem.fits(certificates.getFirst().getPublicKey(), parsed)) {
        return new Result.Unusable(
            "data." + keys.key(), "another key", "the key of " + keys.certificate());
      }
    } catch (GeneralSecurityException e) {
      return new Result.Unusable(
          "data." + keys.key(), String.valueOf(e.getMessage()), "a PEM private key");
    }
    TlsCertificate.Builder pair =
        TlsCertificate.newBuilder().setCertificateChain(pem(chain)).setPrivateKey(pem(key));
    if (!keys.staple().isEmpty()) {
      values.apply(keys.staple()).ifPresent(staple -> pair.setOcspStaple(inline(staple)));
    }
    return new Result.Made(Secret.newBuilder().setName(name).setTlsCertificate(pair).build());
  }

  /** Authorities' certificates, with their list of revoked ones where there is one. */
  Result authorities(String name) {
    for (Keys keys : KEYS) {
      Optional<byte[]> roots = values.apply(keys.authorities());
      if (roots.isPresent()) {
        return authorities(name, keys, roots.get());
      }
    }
    return new Result.Unusable("data", "neither", "cacert or ca.crt");
  }

  private Result authorities(String name, Keys keys, byte[] roots) {
    CertificateValidationContext.Builder checks =
        CertificateValidationContext.newBuilder().setTrustedCa(pem(roots));
    try {
      Pem.certificates(roots);
    } catch (CertificateException e) {
      return new Result.Unusable(
          "data." + keys.authorities(), String.valueOf(e.getMessage()), "PEM certificates");
    }
    Optional<byte[]> revoked = values.apply(keys.revoked());
    if (revoked.isPresent()) {
      try {
        Pem.revocationLists(revoked.get());
      } catch (CertificateException e) {
        return new Result.Unusable(
            "data." + keys.revoked(), String.valueOf(e.getMessage()), "PEM revocation lists");
      }
      checks.setCrl(pem(revoked.get()));
    }
    return new Result.Made(Secret.newBuilder().setName(name).setValidationContext(checks).build());
  }

  /** PEM as proxies want it: Envoy takes no blanks around lines, which YAML brings in easily. */
  private static DataSource pem(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    if (text.lines().allMatch(line -> line.equals(line.strip()))) {
      return inline(bytes);
    }
    return inline(
        text.lines()
            .map(String::strip)
            .collect(Collectors.joining("\n", "", "\n"))
            .getBytes(StandardCharsets.ISO_8859_1));
  }

  private static DataSource inline(byte[] bytes) {
    return DataSource.newBuilder().setInlineBytes(ByteString.copyFrom(bytes)).build();
  }
}
