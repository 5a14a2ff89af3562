package io.meltemi.proxy.transport;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Hands what an engine asks to the verifier. Any thread. */
final class PeerTrustManager extends X509ExtendedTrustManager {
  private final PeerVerifier verifier;
  private final X509Certificate[] acceptedIssuers;

  /**
   * @param namesIssuers whether a client is told which authorities are trusted
   */
  PeerTrustManager(PeerVerifier verifier, boolean namesIssuers) {
    this.verifier = verifier;
    this.acceptedIssuers =
        namesIssuers
            ? verifier.settings().authorities().toArray(X509Certificate[]::new)
            : new X509Certificate[0];
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    try {
      verifier.check(chain);
    } catch (PeerRejectedException e) {
      throw e.forEngine();
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return acceptedIssuers.clone();
  }
}
