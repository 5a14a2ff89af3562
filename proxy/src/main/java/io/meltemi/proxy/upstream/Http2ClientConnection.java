package io.meltemi.proxy.upstream;

import io.meltemi.proxy.codec.Http2Connection;
import io.meltemi.proxy.codec.Http2Error;
import io.meltemi.proxy.codec.Http2Listener;
import io.meltemi.proxy.codec.Http2Reset;
import io.meltemi.proxy.codec.Http2Stream;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection to a host, with many streams at once. It takes no further stream after the
 * peer's GOAWAY, at its limits of requests and age, and when it drains; then it closes behind the
 * last one.
 */
final class Http2ClientConnection extends ClientConnection implements Http2Listener {
  private static final int INTERIM_RESPONSES_MAX = 16;

  private final class AgeTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      pool.stats().cxMaxDurationReached.inc();
      drain();
    }
  }

  /** One request and its response; used again on this connection. */
  private final class Stream extends Http2Stream implements UpstreamStream {
    private @Nullable UpstreamCallbacks callbacks;
    private @Nullable HeaderBlock trailers;

    /** What an extended CONNECT asks for; null on every other stream. */
    private @Nullable String protocol;

    private int number;
    private int interimResponses;

    void lease(UpstreamCallbacks newCallbacks) {
      callbacks = newCallbacks;
      number = ++requests;
      interimResponses = 0;
      protocol = null;
    }

    private UpstreamCallbacks callbacks() {
      UpstreamCallbacks present = callbacks;
      if (present == null) {
        throw new IllegalStateException("the lease is over");
      }
      return present;
    }

    /** The lease is over; what comes of the stream now concerns nobody. */
    private UpstreamCallbacks end() {
      UpstreamCallbacks present = callbacks();
      callbacks = null;
      pool.requestDone();
      return present;
    }

    @Override
    public void sendHeaders(HeaderBlock headers, boolean endStream) {
      boolean upgrade = headers.contains(HeaderName.UPGRADE);
      if (upgrade || headers.find(HeaderName.PATH) < 0) {
        sendRequest(connect(headers, upgrade), endStream);
      } else {
        sendRequest(headers, endStream);
      }
    }

    /** CONNECT without what it must not have, an upgrade as extended CONNECT (RFC 8441). */
    private HeaderBlock connect(HeaderBlock headers, boolean upgrade) {
      HeaderBlock changed = new HeaderBlock();
      changed.copyFrom(headers);
      if (upgrade) {
        String asked = headers.get(HeaderName.UPGRADE);
        protocol = asked;
        changed.set(HeaderName.METHOD, "CONNECT");
        changed.set(HeaderName.PROTOCOL, asked == null ? "" : asked);
        changed.remove(HeaderName.UPGRADE);
      } else {
        changed.remove(HeaderName.SCHEME);
      }
      changed.remove(HeaderName.CONTENT_LENGTH);
      return changed;
    }

    @Override
    public void reset() {
      if (callbacks != null) {
        pool.stats().rqTxReset.inc();
        end();
      }
      reset(Http2Error.CANCEL);
    }

    @Override
    public int requestNumber() {
      return number;
    }

    @Override
    public String protocol() {
      return "HTTP/2";
    }

    @Override
    public @Nullable SocketAddress localAddress() {
      return channel().localAddress();
    }

    @Override
    public @Nullable TlsInfo tls() {
      return Http2ClientConnection.this.tls();
    }

    @Override
    protected HeaderBlock headers() {
      return callbacks().responseHeaders();
    }

    @Override
    protected HeaderBlock trailers() {
      HeaderBlock block = trailers;
      if (block == null) {
        block = new HeaderBlock();
        trailers = block;
      }
      return block;
    }

    @Override
    protected void onInterim(int status) {
      // the proxy has answered an expectation itself, so nobody waits for these
      if (++interimResponses > INTERIM_RESPONSES_MAX) {
        pool.stats().cxProtocolError.inc();
        UpstreamCallbacks told = end();
        reset(Http2Error.ENHANCE_YOUR_CALM);
        told.onReset(ResetReason.PROTOCOL_ERROR, "http2.too_many_interim_responses");
      }
    }

    @Override
    protected void onHeaders(int received, boolean endStream) {
      int status = received;
      String upgraded = protocol;
      if (upgraded != null && received == 200) {
        status = 101;
        headers().set(HeaderName.STATUS, "101");
        headers().set(HeaderName.UPGRADE, upgraded);
      }
      if (endStream) {
        UpstreamCallbacks told = end();
        told.onResponseHeaders(status, true);
        stopSending();
      } else {
        callbacks().onResponseHeaders(status, false);
      }
    }

    @Override
    protected void onData(ByteBuf data, boolean endStream) {
      if (endStream) {
        UpstreamCallbacks told = end();
        told.onResponseData(data, true);
        stopSending();
      } else {
        callbacks().onResponseData(data, false);
      }
    }

    @Override
    protected void onTrailers() {
      UpstreamCallbacks told = end();
      told.onResponseTrailers(trailers());
      stopSending();
    }

    /** The response is complete: the rest of the request is of no use (RFC 9113 section 8.1). */
    private void stopSending() {
      if (!isLocalEnded()) {
        reset(Http2Error.NO_ERROR);
      }
    }

    @Override
    protected void onReset(Http2Reset reason, Http2Error error, String details) {
      if (callbacks == null) {
        return;
      }
      pool.stats().rqRxReset.inc();
      UpstreamCallbacks told = end();
      switch (reason) {
        case REMOTE ->
            told.onReset(
                error == Http2Error.CONNECT_ERROR
                    ? ResetReason.REMOTE_CONNECT_ERROR
                    : ResetReason.REMOTE_RESET,
                details);
        case REMOTE_REFUSED -> told.onReset(ResetReason.REMOTE_REFUSED, details);
        case MALFORMED, HEAD_TOO_LARGE -> {
          pool.stats().cxProtocolError.inc();
          told.onReset(ResetReason.PROTOCOL_ERROR, details);
        }
        case CONNECTION_ERROR ->
            told.onReset(
                error == Http2Error.NO_ERROR ? ResetReason.CLOSED : ResetReason.PROTOCOL_ERROR,
                details);
        case CONNECTION_CLOSED -> told.onReset(ResetReason.CLOSED, details);
      }
    }

    @Override
    protected void onWritable(boolean writable) {
      UpstreamCallbacks present = callbacks;
      if (present != null) {
        present.onUpstreamWritable(writable);
      }
    }
  }

  private final ArrayDeque<Stream> free = new ArrayDeque<>(8);
  private final AgeTimer ageTimer = new AgeTimer();
  private @Nullable Http2Connection http2;
  private boolean retired;
  private int requests;

  Http2ClientConnection(ConnectionPool pool, boolean counted, long createdNanos) {
    super(pool, counted, createdNanos);
  }

  private Http2Connection http2() {
    Http2Connection present = http2;
    if (present == null) {
      throw new IllegalStateException("not connected");
    }
    return present;
  }

  @Override
  void connected(Channel channel) {
    if (http2 != null) {
      return;
    }
    super.connected(channel);
    Http2Connection made =
        new Http2Connection(
            Http2Connection.Role.CLIENT,
            settings.http2(),
            settings.responseHead(),
            pool.stats().http2(),
            new Http2Connection.Transport(
                channel, writer(), loop, pool.cluster().settings().connection().bufferLimitBytes()),
            this);
    http2 = made;
    made.start();
    if (settings.connectionDurationNanosMax() > 0) {
      loop.timers().start(ageTimer, settings.connectionDurationNanosMax());
    }
  }

  @Override
  boolean hasRoom() {
    return !retired && isOpen() && http2().canOpen();
  }

  @Override
  int room() {
    return hasRoom() ? http2().room() : 0;
  }

  @Override
  boolean isIdle() {
    return http2().streams() == 0;
  }

  @Override
  UpstreamStream begin(UpstreamCallbacks callbacks) {
    stopIdle();
    Stream stream = free.pollFirst();
    if (stream == null) {
      stream = new Stream();
    }
    stream.lease(callbacks);
    http2().open(stream);
    if (requests == settings.requestsPerConnectionMax()) {
      pool.stats().cxMaxRequests.inc();
      retired = true;
    }
    return stream;
  }

  @Override
  void drain() {
    if (!retired) {
      retired = true;
      pool.retire(this);
    }
    if (isOpen() && http2().streams() == 0) {
      closeLocally();
    }
  }

  @Override
  void onClosed() {
    retired = true;
    loop.timers().cancel(ageTimer);
    http2().closed();
  }

  @Override
  void read(ByteBuf in) {
    http2().read(in);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    Http2Connection present = http2;
    if (present != null) {
      present.writabilityChanged();
    }
  }

  @Override
  public Http2Stream newStream() {
    throw new IllegalStateException("a server opens no streams");
  }

  @Override
  public void onStreamClosed(Http2Stream stream) {
    free.addFirst((Stream) stream);
    if (!isOpen()) {
      return;
    }
    if (!listed && hasRoom()) {
      pool.release(this);
    }
    if (isOpen() && isIdle()) {
      if (retired) {
        closeLocally();
      } else {
        startIdle();
      }
    }
  }

  @Override
  public void onGoAway(Http2Error error) {
    pool.stats().cxCloseNotify.inc();
    drain();
  }

  @Override
  public void onSettings() {
    pool.streamsExpected(http2().streamsMax());
    if (hasRoom()) {
      pool.release(this);
    } else {
      pool.unlist(this);
    }
  }

  @Override
  public void onFailed(Http2Error error, String details) {
    if (error != Http2Error.NO_ERROR) {
      pool.stats().cxProtocolError.inc();
    }
    if (!retired) {
      retired = true;
      pool.retire(this);
    }
    // GOAWAY is flushed at the end of the present read
    loop.eventLoop()
        .execute(
            () ->
                channel()
                    .writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(ChannelFutureListener.CLOSE));
  }
}
