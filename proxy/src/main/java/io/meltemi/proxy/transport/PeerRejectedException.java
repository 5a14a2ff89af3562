package io.meltemi.proxy.transport;

import io.netty.handler.ssl.OpenSslCertificateException;
import java.security.cert.CertificateException;

/** A peer's certificate that our configuration does not accept. */
final class PeerRejectedException extends CertificateException {
  private static final long serialVersionUID = 1L;
  private final Reason reason;
  private final Fault fault;

  /** Which check it was. */
  enum Reason {
    NO_CERTIFICATE,
    CHAIN,
    SUBJECT_ALT_NAME,
    HASH
  }

  /** Something that is not wrong with the chain. */
  PeerRejectedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
    this.fault = Fault.OTHER_NAME;
  }

  /** Something that is wrong with the chain. */
  PeerRejectedException(Fault fault) {
    super("X509_verify_cert: certificate verification error at depth 0: " + fault.words);
    this.reason = Reason.CHAIN;
    this.fault = fault;
  }

  /** What may be wrong with a chain, in OpenSSL's words and by its number, which says the alert. */
  enum Fault {
    NO_REVOCATION_LIST(3, "unable to get certificate CRL"),
    SIGNATURE(7, "certificate signature failure"),
    NOT_YET_VALID(9, "certificate is not yet valid"),
    EXPIRED(10, "certificate has expired"),
    NO_ISSUER(20, "unable to get local issuer certificate"),
    REVOKED(23, "certificate revoked"),
    PURPOSE(26, "unsupported certificate purpose"),
    REJECTED(28, "certificate rejected"),
    // of those that become the alert certificate_unknown, as Envoy sends
    OTHER_NAME(47, "permitted subtree violation");

    private final int number;
    private final String words;

    Fault(int number, String words) {
      this.number = number;
      this.words = words;
    }
  }

  Reason reason() {
    return reason;
  }

  Fault fault() {
    return fault;
  }

  /** As engines want to hear it, so that the peer is told the right alert. */
  CertificateException forEngine() {
    return new OpenSslCertificateException(this, fault.number);
  }

  /** The reason within a failed handshake's causes; null when it failed for something else. */
  static @org.jspecify.annotations.Nullable PeerRejectedException within(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 16; depth++) {
      if (cause instanceof PeerRejectedException rejected) {
        return rejected;
      }
      cause = cause.getCause();
    }
    return null;
  }
}
