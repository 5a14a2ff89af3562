package io.meltemi.proxy.transport;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;

/** What does the cryptography. */
public enum TlsEngine {
  /** BoringSSL through netty-tcnative: Envoy's own. */
  BORINGSSL(SslProvider.OPENSSL_REFCNT),
  /** The JDK's, everywhere. */
  JDK(SslProvider.JDK);

  private static final System.Logger LOG = System.getLogger(TlsEngine.class.getName());
  private final SslProvider provider;

  TlsEngine(SslProvider provider) {
    this.provider = provider;
  }

  SslProvider provider() {
    return provider;
  }

  /** BoringSSL where it loads, else the JDK's; asked for at the first use of TLS. */
  public static TlsEngine best() {
    return Best.ENGINE;
  }

  /** Loads the library once, and only in a process that uses TLS. */
  private static final class Best {
    static final TlsEngine ENGINE = choose();

    private static TlsEngine choose() {
      if (OpenSsl.isAvailable()) {
        return BORINGSSL;
      }
      LOG.log(
          System.Logger.Level.INFO,
          "BoringSSL does not load, TLS runs on the JDK's engine: "
              + OpenSsl.unavailabilityCause());
      return JDK;
    }
  }
}
