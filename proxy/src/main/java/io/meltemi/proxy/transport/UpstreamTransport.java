package io.meltemi.proxy.transport;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** TLS towards hosts, as one transport socket of a cluster has it. Any thread. */
public final class UpstreamTransport implements AutoCloseable {
  /** Sessions are resumed with any host of the cluster, as Envoy does. */
  private static final String ANY_HOST = "-";

  private static final AttributeKey<TlsInfo> INFO =
      AttributeKey.valueOf(UpstreamTransport.class, "info");

  private final ClientSettings settings;
  private final ContextCell contexts;
  private @Nullable PeerExchanges peerExchanges;

  /** How peers tell each other of themselves behind the handshake. */
  private record PeerExchanges(String protocol, PeerMetadata own, PeerExchange.Stats stats) {}

  UpstreamTransport(
      ClientSettings settings, SecretSet secrets, Supplier<TlsEngine> engine, Ticker ticker) {
    this.settings = settings;
    this.contexts =
        new ContextCell(
            secrets,
            false,
            ticker,
            (protocols, inputs) -> TlsContexts.client(engine.get(), settings, protocols, inputs));
  }

  /**
   * Exchanges metadata with peers that agree to it; said once, before the first connection.
   *
   * @param protocol of ALPN that means it
   */
  public void exchangeMetadata(String protocol, PeerMetadata own, PeerExchange.Stats stats) {
    peerExchanges = new PeerExchanges(protocol, own, stats);
  }

  /**
   * The handler of a new connection; its owner is the pipeline that it is put into.
   *
   * @param hostname of the host; may be empty
   * @return null while a secret was not delivered
   * @throws SSLException when the engine does not take what is configured
   */
  public @Nullable SslHandler newHandler(
      ByteBufAllocator allocator, TransportOptions options, String hostname) throws SSLException {
    List<String> protocols =
        !options.applicationProtocols().isEmpty()
            ? options.applicationProtocols()
            : settings.protocols().isEmpty() ? options.fallbackProtocols() : settings.protocols();
    String sni = sni(options, hostname);
    SslHandler handler =
        contexts.newHandler(
            protocols, context -> context.newHandler(allocator, sni.isEmpty() ? ANY_HOST : sni, 0));
    if (handler != null) {
      configure(handler.engine(), sni);
      // the connector has a clock of its own for this
      handler.setHandshakeTimeoutMillis(0);
    }
    return handler;
  }

  private String sni(TransportOptions options, String hostname) {
    if (!options.serverName().isEmpty()) {
      return options.serverName();
    }
    return settings.hostAsSni() && !hostname.isEmpty() ? hostname : settings.sni();
  }

  private void configure(SSLEngine made, String sni) {
    if (made instanceof ReferenceCountedOpenSslEngine openSsl) {
      if (!sni.isEmpty()) {
        // Netty sets only what looks like a full name
        SSL.setTlsExtHostName(openSsl.sslPointer(), sni);
      }
      return;
    }
    SSLParameters parameters = made.getSSLParameters();
    if (!sni.isEmpty()) {
      // a host name of the JDK's would refuse an underscore
      parameters.setServerNames(
          List.of(new RawServerName(sni.getBytes(StandardCharsets.US_ASCII))));
    }
    parameters.setNamedGroups(settings.parameters().jdkCurves());
    made.setSSLParameters(parameters);
  }

  /** A server name as it is. */
  private static final class RawServerName extends SNIServerName {
    private static final int HOST_NAME = 0;

    RawServerName(byte[] name) {
      super(HOST_NAME, name);
    }
  }

  /**
   * Counts a handshake that is done and keeps what it found for {@link #infoOf}.
   *
   * @throws CertificateException when the host does not have the name that the stream wants
   */
  public void finished(Channel channel, TransportOptions options, String hostname, TlsStats stats)
      throws CertificateException {
    SslHandler handler = channel.pipeline().get(SslHandler.class);
    ValidationSettings checks = contexts.validation();
    TlsConnection connection =
        TlsConnection.of(handler, checks != null && !checks.authorities().isEmpty());
    List<String> wanted =
        options.subjectAltNames().isEmpty() && settings.sniIsSan()
            ? List.of(sni(options, hostname))
            : options.subjectAltNames();
    if (!wanted.isEmpty()) {
      X509Certificate leaf =
          connection.peer() instanceof CertificateDetails details ? details.leaf() : null;
      if (leaf == null) {
        throw new PeerRejectedException(
            PeerRejectedException.Reason.NO_CERTIFICATE, "no certificate");
      }
      PeerVerifier.checkNames(leaf, wanted);
    }
    stats.succeeded(connection);
    channel.attr(INFO).set(connection);
    PeerExchanges exchanges = peerExchanges;
    if (exchanges == null) {
      return;
    }
    if (exchanges.protocol().equals(connection.applicationProtocol())) {
      String tls = channel.pipeline().context(handler).name();
      channel
          .pipeline()
          .addAfter(tls, "peer-exchange", new PeerExchange(exchanges.own(), exchanges.stats()));
    } else {
      exchanges.stats().alpnNotFound().inc();
    }
  }

  /** What the handshake of a channel found; null on a plain one. Event loop of the channel only. */
  public static @Nullable TlsInfo infoOf(Channel channel) {
    Attribute<TlsInfo> found = channel.attr(INFO);
    return found.get();
  }

  /** Counts a handshake that failed. */
  public static void failed(Throwable cause, TlsStats stats) {
    stats.failed(cause);
  }

  /** Its secrets that servers deliver. */
  public List<RemoteSecret> remoteSecrets() {
    return contexts.secrets().remote();
  }

  /** The certificates of its present secrets. */
  public CertificatesInUse inUse() {
    return CertificatesInUse.of(contexts.secrets());
  }

  /** Releases the engine's contexts; connections live on. */
  @Override
  public void close() {
    contexts.close();
  }
}
