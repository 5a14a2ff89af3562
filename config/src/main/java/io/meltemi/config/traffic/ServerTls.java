package io.meltemi.config.traffic;

import java.util.List;
import java.util.Optional;

/**
 * How a server ends TLS connections (Istio {@code ServerTLSSettings}).
 *
 * @param httpsRedirect answers plain-text requests with a redirect to https
 * @param cipherSuites known and distinct ones
 */
public record ServerTls(
    boolean httpsRedirect,
    Mode mode,
    Credentials credentials,
    Peer peer,
    ProtocolVersion minProtocolVersion,
    ProtocolVersion maxProtocolVersion,
    List<String> cipherSuites,
    List<String> ecdhCurves) {

  public enum Mode {
    PASSTHROUGH,
    SIMPLE,
    MUTUAL,
    AUTO_PASSTHROUGH,
    ISTIO_MUTUAL,
    OPTIONAL_MUTUAL
  }

  public enum ProtocolVersion {
    TLS_AUTO,
    TLSV1_0,
    TLSV1_1,
    TLSV1_2,
    TLSV1_3
  }

  /** Certificate, key and client CA as paths; each may be empty. */
  public record Files(String serverCertificate, String privateKey, String caCertificates) {}

  /**
   * What the server shows; at most one source is set.
   *
   * @param certificates {@code tlsCertificates}
   * @param caCertCredentialName secret with the client CA alone
   */
  public record Credentials(
      Files files,
      List<Files> certificates,
      String credentialName,
      List<String> credentialNames,
      String caCertCredentialName,
      String caCrl) {
    public Credentials {
      certificates = List.copyOf(certificates);
      credentialNames = List.copyOf(credentialNames);
    }
  }

  /** What the client must show; empty lists ask for nothing. */
  public record Peer(
      List<String> subjectAltNames,
      List<String> verifyCertificateSpki,
      List<String> verifyCertificateHash,
      Optional<Boolean> insecureSkipVerify) {
    public Peer {
      subjectAltNames = List.copyOf(subjectAltNames);
      verifyCertificateSpki = List.copyOf(verifyCertificateSpki);
      verifyCertificateHash = List.copyOf(verifyCertificateHash);
    }
  }

  public ServerTls {
    cipherSuites = List.copyOf(cipherSuites);
    ecdhCurves = List.copyOf(ecdhCurves);
  }
}
