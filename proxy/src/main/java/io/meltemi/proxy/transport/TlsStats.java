package io.meltemi.proxy.transport;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;

/**
 * The {@code ssl.} numbers of a listener or a cluster; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats#tls-statistics">Envoy's
 * TLS statistics</a>. Any thread.
 */
public final class TlsStats {
  private final StatScope scope;
  private final String prefix = "ssl.";
  final Counter connectionError;
  final Counter handshake;
  final Counter sessionReused;
  final Counter noCertificate;
  final Counter failVerifyNoCert;
  final Counter failVerifyError;
  final Counter failVerifySan;
  final Counter failVerifyCertHash;

  /**
   * @param scope of the listener or cluster
   */
  public TlsStats(StatScope scope) {
    this.scope = scope;
    connectionError = scope.counter(prefix + "connection_error");
    handshake = scope.counter(prefix + "handshake");
    sessionReused = scope.counter(prefix + "session_reused");
    noCertificate = scope.counter(prefix + "no_certificate");
    failVerifyNoCert = scope.counter(prefix + "fail_verify_no_cert");
    failVerifyError = scope.counter(prefix + "fail_verify_error");
    failVerifySan = scope.counter(prefix + "fail_verify_san");
    failVerifyCertHash = scope.counter(prefix + "fail_verify_cert_hash");
  }

  /** A handshake succeeded. */
  void succeeded(TlsConnection connection) {
    handshake.inc();
    if (connection.isResumed()) {
      sessionReused.inc();
    }
    if (!connection.isPeerCertificatePresented()) {
      noCertificate.inc();
    }
    scope.counter(prefix + "versions." + connection.version()).inc();
    scope.counter(prefix + "ciphers." + connection.cipher()).inc();
    if (!connection.group().isEmpty()) {
      scope.counter(prefix + "curves." + connection.group()).inc();
    }
  }

  /** A connection had to be closed because a secret was not delivered yet. */
  public void secretsNotReady() {
    scope.counter("server_ssl_socket_factory.downstream_context_secrets_not_ready").inc();
  }

  /** As {@link #secretsNotReady()} for a connection to a host. */
  public void upstreamSecretsNotReady() {
    scope.counter("client_ssl_socket_factory.upstream_context_secrets_not_ready").inc();
  }

  /** A handshake failed, or what followed was not TLS. */
  void failed(Throwable cause) {
    PeerRejectedException rejected = PeerRejectedException.within(cause);
    if (rejected == null) {
      if (TransportFailure.isMissingCertificate(cause)) {
        failVerifyNoCert.inc();
      } else if (!TransportFailure.isClosed(cause)) {
        connectionError.inc();
      }
      return;
    }
    switch (rejected.reason()) {
      case NO_CERTIFICATE -> failVerifyNoCert.inc();
      case CHAIN -> failVerifyError.inc();
      case SUBJECT_ALT_NAME -> failVerifySan.inc();
      case HASH -> failVerifyCertHash.inc();
    }
  }
}
