package io.meltemi.config.traffic;

import java.util.List;
import java.util.Optional;

/**
 * How a client makes TLS connections (Istio {@code ClientTLSSettings}).
 *
 * @param credentialName name of a secret, or {@code configmap://} or {@code sds://} form; empty
 *     when files or nothing are used
 * @param sni empty when not set
 */
public record ClientTls(
    Mode mode,
    Files files,
    String credentialName,
    List<String> subjectAltNames,
    String sni,
    Optional<Boolean> insecureSkipVerify) {

  public enum Mode {
    DISABLE,
    SIMPLE,
    MUTUAL,
    ISTIO_MUTUAL
  }

  /** Paths; each may be empty. */
  public record Files(
      String clientCertificate, String privateKey, String caCertificates, String caCrl) {}

  public ClientTls {
    subjectAltNames = List.copyOf(subjectAltNames);
  }
}
