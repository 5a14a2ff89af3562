package io.meltemi.config.kind.gatewayapi;

import java.util.List;
import java.util.Map;

/** How TLS is spoken to backends. */
public record BackendTlsPolicy(
    List<PolicyTarget> targetRefs, Validation validation, Map<String, String> options) {

  /**
   * How the backend's certificate is checked.
   *
   * @param wellKnownCaCertificates {@code System} or a word of somebody else's; empty when
   *     certificates are referred to
   * @param hostname server name to send, and to find in the certificate unless other names are
   *     given
   */
  public record Validation(
      List<ObjectRef> caCertificateRefs,
      String wellKnownCaCertificates,
      String hostname,
      List<SubjectAltName> subjectAltNames) {
    public Validation {
      caCertificateRefs = List.copyOf(caCertificateRefs);
      subjectAltNames = List.copyOf(subjectAltNames);
    }
  }

  /** A name to find in the certificate. */
  public record SubjectAltName(boolean uri, String value) {}

  public BackendTlsPolicy {
    targetRefs = List.copyOf(targetRefs);
  }
}
