package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.Http2Connection;
import io.meltemi.proxy.codec.Http2Error;
import io.meltemi.proxy.codec.Http2Listener;
import io.meltemi.proxy.codec.Http2Reset;
import io.meltemi.proxy.codec.Http2Stream;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection from a client: many streams at once, each an {@link HttpStream} of its own.
 * It ends in two steps, as Envoy's does: a GOAWAY that announces it, and after {@code
 * drain_timeout} one that refuses further streams; the last stream closes it.
 */
final class Http2ServerConnection extends HttpServerConnection implements Http2Listener {
  private static final byte[] PREFACE = "PRI * HTTP/2".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONTINUE = "100-continue".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONNECT = "CONNECT".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] GET = "GET".getBytes(StandardCharsets.US_ASCII);
  private static final HeaderBlock NO_HEADERS = new HeaderBlock();

  private enum Phase {
    OPEN,
    /** The end is announced; streams are still taken. */
    ANNOUNCED,
    /** Streams are refused; those open go on. */
    LAST_STREAMS,
    CLOSING
  }

  private final class DrainTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      onDrainTimer();
    }
  }

  private final class HeadTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      if (core().isHeadOpen()) {
        manager.stats().rqHeaderTimeout.inc();
        core().fail(Http2Error.CANCEL, "request_header_timeout");
      }
    }
  }

  private final DrainTimer drainTimer = new DrainTimer();
  private final HeadTimer headTimer = new HeadTimer();
  private final boolean counted;
  private @Nullable Http2Connection core;
  private Phase phase = Phase.OPEN;

  Http2ServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream) {
    this(manager, state, downstream, false, state.loop.nanos());
  }

  /** Takes over a connection that is counted already. */
  Http2ServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream,
      long createdNanos) {
    this(manager, state, downstream, true, createdNanos);
  }

  private Http2ServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream,
      boolean counted,
      long createdNanos) {
    super(manager, state, downstream, createdNanos);
    this.counted = counted;
  }

  /** Whether the bytes begin as a client's connection preface does. */
  static boolean isPreface(ByteBuf in) {
    if (in.readableBytes() < PREFACE.length) {
      return false;
    }
    for (int i = 0; i < PREFACE.length; i++) {
      if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    Channel added = context.channel();
    ChannelWriter out = ChannelWriter.shared(added, loop);
    idleSinceNanos = loop.nanos();
    HttpStats stats = manager.stats();
    if (!counted) {
      countOpened();
    }
    stats.cxHttp2Total.inc();
    stats.cxHttp2Active.inc();
    Http2Connection made =
        new Http2Connection(
            Http2Connection.Role.SERVER,
            settings.codec().http2(),
            settings.protocol().head(),
            manager.http2Stats(),
            new Http2Connection.Transport(added, out, loop, bufferBytesMax()),
            this);
    core = made;
    made.flushNanos(settings.times().streamIdleNanos());
    attach(added, out);
    made.start();
    if (!added.config().isAutoRead()) {
      added.config().setAutoRead(true);
    }
  }

  private Http2Connection core() {
    Http2Connection present = core;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return present;
  }

  // ---- time, and the end

  @Override
  boolean isQuiet() {
    return core().streams() == 0;
  }

  @Override
  boolean isClosing() {
    return phase == Phase.CLOSING;
  }

  @Override
  boolean onDurationMax() {
    drain();
    return true;
  }

  @Override
  void onIdle() {
    core().refuseStreams();
    close();
  }

  @Override
  void onDrain() {
    if (phase == Phase.OPEN) {
      manager.stats().cxDrainClose.inc();
    }
    drain();
  }

  private void drain() {
    if (phase != Phase.OPEN) {
      return;
    }
    phase = Phase.ANNOUNCED;
    core().announceEnd();
    loop.timers().start(drainTimer, settings.times().drainNanos());
  }

  private void onDrainTimer() {
    if (phase != Phase.ANNOUNCED) {
      return;
    }
    phase = Phase.LAST_STREAMS;
    core().refuseStreams();
    closeIfDone();
  }

  private void closeIfDone() {
    if (phase == Phase.LAST_STREAMS && core().streams() == 0) {
      close();
    }
  }

  /** Refuses what comes, and ends the connection behind what was written. */
  private void close() {
    if (phase == Phase.CLOSING) {
      return;
    }
    phase = Phase.CLOSING;
    loop.timers().cancel(drainTimer);
    loop.timers().cancel(headTimer);
    writer().flushAndCount();
    closeBehindOutput();
  }

  // ---- bytes in

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    beginRead(in.readableBytes());
    try {
      core().read(in);
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    super.channelReadComplete(context);
    long headNanos = settings.times().requestHeadersNanos();
    if (headNanos > 0 && core().isHeadOpen() && !headTimer.isStarted()) {
      loop.timers().start(headTimer, headNanos);
    }
  }

  // ---- what the codec tells

  @Override
  public Http2Stream newStream() {
    Http2ServerStream stream = state.takeHttp2();
    HttpStream http = state.take();
    stream.attach(this, http);
    downstream.describe(http.info);
    http.begin(this);
    return stream;
  }

  /** A request's head has come. */
  void onRequest(Http2ServerStream stream, HttpStream http, boolean endStream) {
    if (headTimer.isStarted()) {
      loop.timers().cancel(headTimer);
    }
    requests++;
    int requestsMax = settings.protocol().requestsPerConnectionMax();
    if (requestsMax > 0 && requests >= requestsMax) {
      if (phase == Phase.OPEN) {
        manager.stats().cxMaxRequestsReached.inc();
      }
      drain();
    }
    HeaderBlock headers = http.request;
    int method = headers.find(HeaderName.METHOD);
    if (method >= 0 && headers.valueEquals(method, CONNECT)) {
      connect(http, headers, method);
    }
    if (headers.find(HeaderName.AUTHORITY) < 0) {
      http.refuse(LocalReply.of(400, "", null, "missing_host_header"));
      return;
    }
    int expect = headers.find(HeaderName.EXPECT);
    if (expect >= 0 && headers.valueEqualsIgnoreCase(expect, CONTINUE)) {
      headers.remove(HeaderName.EXPECT);
      if (!endStream) {
        stream.sendResponse(100, NO_HEADERS, false);
      }
    }
    http.onHeaders(endStream);
  }

  /** An extended CONNECT (RFC 8441) goes on as what HTTP/1.1 has for it. */
  private static void connect(HttpStream http, HeaderBlock headers, int method) {
    int protocol = headers.find(HeaderName.PROTOCOL);
    if (protocol < 0) {
      http.tunnel = HttpStream.Tunnel.CONNECT;
      return;
    }
    http.tunnel = HttpStream.Tunnel.UPGRADE;
    headers.setValue(method, GET, 0, GET.length);
    headers.add(HeaderName.UPGRADE, headers.value(protocol));
    headers.remove(HeaderName.PROTOCOL);
  }

  /**
   * The stream is broken.
   *
   * @param told whether the proxy knows of the request
   */
  void onReset(HttpStream http, boolean told, Http2Reset reason, String details) {
    switch (reason) {
      case REMOTE, REMOTE_REFUSED ->
          http.onReset(ResponseFlag.DOWNSTREAM_REMOTE_RESET, "http2.remote_reset");
      case MALFORMED, HEAD_TOO_LARGE ->
          http.onReset(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, details);
      case CONNECTION_ERROR -> {
        manager.stats().cxDestroyLocalActiveRq.inc();
        http.onReset(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, details);
      }
      case CONNECTION_CLOSED -> {
        if (told) {
          manager.stats().cxDestroyRemoteActiveRq.inc();
          http.onConnectionClosed();
        } else {
          http.finish();
        }
      }
    }
  }

  @Override
  public void onStreamClosed(Http2Stream closed) {
    Http2ServerStream stream = (Http2ServerStream) closed;
    stream.forget();
    if (!stream.isAttached()) {
      state.giveBack(stream);
    }
    if (core().streams() == 0) {
      idleSinceNanos = loop.now();
      closeIfDone();
    }
  }

  @Override
  public void onGoAway(Http2Error error) {
    // the client opens no further streams; it closes the connection itself
    phase = phase == Phase.CLOSING ? phase : Phase.LAST_STREAMS;
    closeIfDone();
  }

  @Override
  public void onSettings() {
    // nothing here depends on them
  }

  @Override
  public void onFailed(Http2Error error, String details) {
    if (details.equals("http2.too_many_premature_resets")) {
      manager.stats().rqTooManyPrematureResets.inc();
    }
    manager.stats().cxProtocolError.inc();
    close();
  }

  // ---- what streams ask

  private static Http2ServerStream on(HttpStream http) {
    Http2ServerStream stream = http.http2;
    if (stream == null) {
      throw new IllegalStateException("not a stream of HTTP/2");
    }
    return stream;
  }

  @Override
  public void sendHeaders(HttpStream from, int status, HeaderBlock headers, boolean endStream) {
    Http2ServerStream stream = on(from);
    long before = writer().written();
    int told = status;
    if (from.isTunnelled(status)) {
      headers.remove(HeaderName.CONTENT_LENGTH);
      told = status == 101 ? 200 : status;
    }
    stream.sendResponse(told, headers, endStream);
    from.info.headerBytesSent = writer().written() - before;
    if (endStream) {
      from.finish();
    }
  }

  @Override
  public void sendData(HttpStream from, ByteBuf data, boolean endStream) {
    on(from).sendData(data, endStream);
    if (endStream) {
      from.finish();
    }
  }

  @Override
  public void sendTrailers(HttpStream from, HeaderBlock trailers) {
    on(from).sendTrailers(trailers);
    from.finish();
  }

  @Override
  public void resetStream(HttpStream from) {
    boolean upstream =
        from.tunnel != HttpStream.Tunnel.NONE
            && from.info.responseCodeDetails.endsWith("{connection_termination}");
    on(from).reset(upstream ? Http2Error.CONNECT_ERROR : Http2Error.INTERNAL_ERROR);
    from.finish();
  }

  @Override
  public void streamFinished(HttpStream from) {
    Http2ServerStream stream = on(from);
    from.http2 = null;
    stream.detach();
    state.giveBack(from);
    if (stream.isForgotten()) {
      state.giveBack(stream);
    } else if (stream.isLocalEnded()) {
      stream.abandon();
    } else {
      // nothing when the codec is just closing it
      stream.reset(Http2Error.INTERNAL_ERROR);
    }
  }

  @Override
  public void setReading(HttpStream from, boolean wanted) {
    on(from).setReading(wanted);
  }

  @Override
  public void describe(HttpStream from) {
    from.info.protocol = "HTTP/2";
    from.info.headerBytesReceived = from.request.rawLength();
    manager.stats().rqHttp2Total.inc();
  }

  @Override
  public boolean isWritable(HttpStream from) {
    return on(from).isWritable();
  }

  // ---- the channel's end

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (!core().isOver()) {
      core().writabilityChanged();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    phase = Phase.CLOSING;
    loop.timers().cancel(drainTimer);
    loop.timers().cancel(headTimer);
    countClosed();
    manager.stats().cxHttp2Active.dec();
    core().closed();
    writer().discard();
  }
}
