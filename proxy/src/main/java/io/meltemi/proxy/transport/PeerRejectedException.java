package io.meltemi.proxy.transport;

import java.security.cert.CertificateException;

/** A peer's certificate that our configuration does not accept. */
final class PeerRejectedException extends CertificateException {
  private static final long serialVersionUID = 1L;
  private final Reason reason;

  /** Which check it was. */
  enum Reason {
    NO_CERTIFICATE,
    CHAIN,
    SUBJECT_ALT_NAME,
    HASH
  }

  PeerRejectedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  Reason reason() {
    return reason;
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
