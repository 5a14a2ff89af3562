package io.meltemi.proxy.transport;

import io.meltemi.common.time.Ticker;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The contexts of one transport socket: made at first use, made anew when a secret has changed,
 * released when replaced or closed. Connections of a replaced context live on. Any thread.
 */
final class ContextCell implements AutoCloseable {
  /** Lists of protocols that streams may ask for on one socket. */
  private static final int VARIANTS_MAX = 16;

  private static final System.Logger LOG = System.getLogger(ContextCell.class.getName());

  private final SecretSet secrets;
  private final boolean peerIsClient;
  private final Ticker ticker;
  private final Maker maker;
  private @Nullable Built built;
  private boolean closed;

  /** Makes a context for a list of ALPN protocols. */
  interface Maker {
    SslContext make(List<String> protocols, TlsContexts.Inputs inputs) throws SSLException;
  }

  /** Makes a handler from a context. */
  interface HandlerMaker {
    SslHandler make(SslContext context);
  }

  /**
   * @param secrets that it was made from
   * @param variants by their protocols
   */
  private record Built(
      List<Secret> secrets, TlsContexts.Inputs inputs, Map<List<String>, SslContext> variants) {
    void release() {
      variants.values().forEach(ReferenceCountUtil::release);
      variants.clear();
    }
  }

  ContextCell(SecretSet secrets, boolean peerIsClient, Ticker ticker, Maker maker) {
    this.secrets = secrets;
    this.peerIsClient = peerIsClient;
    this.ticker = ticker;
    this.maker = maker;
  }

  SecretSet secrets() {
    return secrets;
  }

  /**
   * A handler of the newest context.
   *
   * @return null while a secret is missing
   * @throws SSLException when the engine does not take what is configured
   */
  @Nullable SslHandler newHandler(List<String> protocols, HandlerMaker handlers)
      throws SSLException {
    SslContext context;
    synchronized (this) {
      if (closed) {
        // the last connections of a configuration that is going
        List<Secret> current = secrets.current();
        if (current == null) {
          return null;
        }
        context = maker.make(protocols, secrets.inputs(current, peerIsClient, ticker));
      } else {
        context = context(protocols);
        if (context == null) {
          return null;
        }
        ReferenceCountUtil.retain(context);
      }
    }
    try {
      return handlers.make(context);
    } catch (IllegalArgumentException | IllegalStateException e) {
      // what engines throw for settings that they do not take
      throw new SSLException(e);
    } finally {
      ReferenceCountUtil.release(context);
    }
  }

  private @Nullable SslContext context(List<String> protocols) throws SSLException {
    Built present = built;
    if (present == null || !secrets.areCurrent(present.secrets())) {
      present = rebuild(present);
      if (present == null) {
        return null;
      }
    }
    SslContext known = present.variants().get(protocols);
    if (known == null) {
      known = maker.make(protocols, present.inputs());
      if (present.variants().size() >= VARIANTS_MAX) {
        present.release();
      }
      present.variants().put(List.copyOf(protocols), known);
    }
    return known;
  }

  private @Nullable Built rebuild(@Nullable Built before) {
    List<Secret> current = secrets.current();
    if (current == null) {
      return before;
    }
    Built made =
        new Built(current, secrets.inputs(current, peerIsClient, ticker), new LinkedHashMap<>());
    if (before != null) {
      before.release();
      LOG.log(System.Logger.Level.DEBUG, "a secret has changed");
    }
    built = made;
    return made;
  }

  /** What the newest context checks; null while a secret is missing. */
  synchronized @Nullable ValidationSettings validation() {
    Built present = built;
    return present == null ? null : present.inputs().verifier().settings();
  }

  /** Goes on with the contexts, and so the sessions, of a socket that was configured alike. */
  void takeOver(ContextCell before) {
    Built taken;
    synchronized (before) {
      taken = before.built;
      before.built = null;
      before.closed = true;
      if (taken != null && !before.secrets.areCurrent(taken.secrets())) {
        taken.release();
        taken = null;
      }
    }
    if (taken != null) {
      synchronized (this) {
        List<Secret> current = secrets.current();
        if (current == null || built != null || closed || !taken.secrets().equals(current)) {
          taken.release();
        } else {
          built = new Built(current, taken.inputs(), taken.variants());
        }
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Built present = built;
    if (present != null) {
      present.release();
      built = null;
    }
  }
}
