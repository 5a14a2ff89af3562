package io.meltemi.proxy.transport;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import io.netty.internal.tcnative.SSL;
import io.netty.internal.tcnative.SSLContext;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Makes the engines' contexts from settings and secrets. Any thread. */
final class TlsContexts {
  private static final int TICKET_PART_BYTES = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private TlsContexts() {}

  /** What comes from secrets. */
  record Inputs(
      List<TlsCertificate> certificates, PeerVerifier verifier, List<Secret.TicketKey> tickets) {
    Inputs {
      certificates = List.copyOf(certificates);
      tickets = List.copyOf(tickets);
    }
  }

  /**
   * @throws SSLException when the engine does not take the settings
   */
  static SslContext server(TlsEngine engine, ServerSettings settings, Inputs inputs)
      throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(
            keys(
                engine,
                inputs.certificates(),
                new CertificateChooser.Rules(
                    settings.choice().fullScan(), settings.serverNameRequired())));
    common(builder, engine, settings.parameters(), settings.protocols());
    if (settings.clientCertificateRequired()) {
      builder.clientAuth(ClientAuth.REQUIRE);
    } else if (inputs.verifier().settings().isAnythingChecked()) {
      builder.clientAuth(ClientAuth.OPTIONAL);
    }
    builder.trustManager(new PeerTrustManager(inputs.verifier(), true));
    SslContext context = builder.build();
    resumption(engine, context, settings, inputs);
    return context;
  }

  /**
   * @throws SSLException when the engine does not take the settings
   */
  static SslContext client(
      TlsEngine engine, ClientSettings settings, List<String> protocols, Inputs inputs)
      throws SSLException {
    SslContextBuilder builder = SslContextBuilder.forClient();
    if (!inputs.certificates().isEmpty()) {
      builder.keyManager(
          keys(engine, inputs.certificates(), new CertificateChooser.Rules(true, false)));
    }
    common(builder, engine, settings.parameters(), protocols);
    // names are checked by the verifier, as configured
    builder.endpointIdentificationAlgorithm(null);
    builder.trustManager(new PeerTrustManager(inputs.verifier(), false));
    SslContext context = builder.build();
    SSLSessionContext sessions = context.sessionContext();
    if (sessions instanceof OpenSslSessionContext openSsl) {
      openSsl.setSessionCacheEnabled(settings.sessionsMax() > 0);
    }
    // 0 is no limit there
    sessions.setSessionCacheSize(Math.max(1, settings.sessionsMax()));
    return context;
  }

  private static void common(
      SslContextBuilder builder,
      TlsEngine engine,
      TlsParameters parameters,
      List<String> protocols) {
    builder
        .sslProvider(engine.provider())
        .protocols(parameters.protocols())
        .ciphers(parameters.standardCiphers(), IdentityCipherSuiteFilter.INSTANCE);
    if (!protocols.isEmpty()) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              protocols));
    }
    if (engine == TlsEngine.BORINGSSL) {
      builder
          .option(OpenSslContextOption.GROUPS, parameters.curves().toArray(String[]::new))
          // signing and checking run where they are asked for: on the event loop
          .option(OpenSslContextOption.USE_TASKS, false);
    }
  }

  // the only way to the context behind Netty's
  @SuppressWarnings("deprecation")
  private static void resumption(
      TlsEngine engine, SslContext context, ServerSettings settings, Inputs inputs) {
    SSLSessionContext sessions = context.sessionContext();
    if (settings.resumption().seconds() > 0) {
      sessions.setSessionTimeout(
          (int) Math.min(settings.resumption().seconds(), Integer.MAX_VALUE));
    }
    if (engine == TlsEngine.JDK) {
      return;
    }
    OpenSslServerSessionContext server = (OpenSslServerSessionContext) sessions;
    long pointer = ((ReferenceCountedOpenSslContext) context).sslCtxPointer();
    if (settings.choice().clientOrder()) {
      SSLContext.clearOptions(pointer, SSL.SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    server.setSessionCacheEnabled(settings.resumption().sessions());
    if (settings.resumption().tickets()) {
      server.setTicketKeys(ticketKeys(inputs.tickets()));
    }
  }

  private static OpenSslSessionTicketKey[] ticketKeys(List<Secret.TicketKey> configured) {
    if (!configured.isEmpty()) {
      return configured.stream()
          .map(key -> new OpenSslSessionTicketKey(key.name(), key.hmac(), key.aes()))
          .toArray(OpenSslSessionTicketKey[]::new);
    }
    byte[][] parts = new byte[3][TICKET_PART_BYTES];
    for (byte[] part : parts) {
      RANDOM.nextBytes(part);
    }
    return new OpenSslSessionTicketKey[] {
      new OpenSslSessionTicketKey(parts[0], parts[1], parts[2])
    };
  }

  private static KeyManagerFactory keys(
      TlsEngine engine, List<TlsCertificate> certificates, CertificateChooser.Rules rules) {
    KeyManagerFactory factory = new ChooserFactory(new CertificateChooser(certificates, rules));
    // else the key would be parsed again in every handshake
    return engine == TlsEngine.BORINGSSL
        ? new OpenSslCachingX509KeyManagerFactory(factory)
        : factory;
  }

  /** A factory of one key manager. */
  private static final class ChooserFactory extends SimpleKeyManagerFactory {
    private final X509ExtendedKeyManager manager;

    ChooserFactory(X509ExtendedKeyManager manager) {
      this.manager = manager;
    }

    @Override
    protected void engineInit(@Nullable KeyStore keyStore, char @Nullable [] password) {}

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) {}

    @Override
    protected KeyManager[] engineGetKeyManagers() {
      return new KeyManager[] {manager};
    }
  }
}
