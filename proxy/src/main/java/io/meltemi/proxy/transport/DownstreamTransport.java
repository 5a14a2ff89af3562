package io.meltemi.proxy.transport;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** TLS towards clients, as one filter chain has it. Any thread. */
public final class DownstreamTransport implements AutoCloseable {
  private final ServerSettings settings;
  private final Supplier<TlsEngine> engine;
  private final ContextCell contexts;

  DownstreamTransport(
      ServerSettings settings, SecretSet secrets, Supplier<TlsEngine> engine, Ticker ticker) {
    this.settings = settings;
    this.engine = engine;
    this.contexts =
        new ContextCell(
            secrets,
            true,
            ticker,
            (_, inputs) -> TlsContexts.server(engine.get(), settings, inputs));
  }

  /**
   * The handler of a new connection; its owner is the pipeline that it is put into.
   *
   * @return null while a secret was not delivered
   * @throws SSLException when the engine does not take what is configured
   */
  public @Nullable SslHandler newHandler(ByteBufAllocator allocator) throws SSLException {
    SslHandler handler =
        contexts.newHandler(settings.protocols(), context -> context.newHandler(allocator));
    if (handler != null) {
      if (engine.get() == TlsEngine.JDK) {
        SSLEngine jdk = handler.engine();
        SSLParameters parameters = jdk.getSSLParameters();
        parameters.setNamedGroups(settings.parameters().jdkCurves());
        parameters.setUseCipherSuitesOrder(!settings.choice().clientOrder());
        jdk.setSSLParameters(parameters);
      }
      // the listener has a clock of its own for this
      handler.setHandshakeTimeoutMillis(0);
    }
    return handler;
  }

  /** Counts a handshake that is done and tells what it found. */
  public TlsInfo finished(SslHandler handler, TlsStats stats) {
    ValidationSettings checks = contexts.validation();
    TlsConnection connection =
        TlsConnection.of(handler, checks != null && !checks.authorities().isEmpty());
    stats.succeeded(connection);
    return connection;
  }

  /** Counts a handshake that failed, or bytes that were not TLS. */
  public static void failed(Throwable cause, TlsStats stats) {
    stats.failed(cause);
  }

  /** Goes on with the contexts, and so the sessions, of one that was configured alike. */
  public void takeOver(DownstreamTransport before) {
    contexts.takeOver(before.contexts);
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
