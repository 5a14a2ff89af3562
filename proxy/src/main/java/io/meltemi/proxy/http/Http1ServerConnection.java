package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.CodecError;
import io.meltemi.proxy.codec.HeadEncoder;
import io.meltemi.proxy.codec.HeadEncoder.ConnectionOption;
import io.meltemi.proxy.codec.HeadParser;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection from a client. Requests are served one after the other in their order;
 * what a client sends ahead waits unread. While no request is under way it holds neither a stream
 * nor a buffer.
 */
final class Http1ServerConnection extends HttpServerConnection {
  /** How much of a body is read and dropped, to keep the connection, when its answer came first. */
  private static final int DISCARD_BYTES_MAX = 64 * 1024;

  private enum Phase {
    /** Between messages, or within a head. */
    HEAD,
    BODY,
    TRAILERS,
    /** The request is complete, its response is not. */
    RESPONSE,
    /** Nothing is read any more. */
    CLOSING
  }

  private final class HeadTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      HttpStream present = stream;
      if (present != null && !present.areHeadersReceived()) {
        closeAfterResponse = true;
        present.onHeadTimeout();
      }
    }
  }

  private final HeadTimer headTimer = new HeadTimer();
  private @Nullable HttpStream stream;
  private @Nullable ByteBuf ahead;
  private Phase phase = Phase.HEAD;

  /** Whether the first bytes may still turn out to be HTTP/2. */
  private boolean undecided;

  private boolean reading = true;
  private boolean processing;
  private boolean chunkedResponse;
  private boolean closeAfterResponse;
  private boolean discarding;
  private int discarded;
  private boolean closed;

  Http1ServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream,
      boolean undecided) {
    super(manager, state, downstream, state.loop.nanos());
    this.undecided = undecided;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    Channel added = context.channel();
    attach(added, new ChannelWriter(added, loop));
    countOpened();
    if (!undecided) {
      countHttp1();
    }
    updateReading();
  }

  private void countHttp1() {
    manager.stats().cxHttp1Total.inc();
    manager.stats().cxHttp1Active.inc();
  }

  /** Closes now when idle, else with the response under way. */
  @Override
  void onDrain() {
    if (closed) {
      return;
    }
    manager.stats().cxDrainClose.inc();
    closeAfterResponse = true;
    HttpStream present = stream;
    if (present == null) {
      close();
    }
  }

  @Override
  boolean isQuiet() {
    return stream == null;
  }

  @Override
  boolean isClosing() {
    return phase == Phase.CLOSING;
  }

  @Override
  boolean onDurationMax() {
    if (stream == null && !settings.protocol().safeDurationMax()) {
      channel().close();
      return false;
    }
    closeAfterResponse = true;
    return true;
  }

  @Override
  void onIdle() {
    channel().close();
  }

  // ---- bytes in

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (undecided && isHttp2(context, in)) {
      return;
    }
    beginRead(in.readableBytes());
    ByteBuf waiting = ahead;
    if (waiting != null) {
      waiting.writeBytes(in);
      in.release();
      return;
    }
    process(in);
  }

  /**
   * Hands the connection over when it begins as HTTP/2 does; a beginning too short to tell counts
   * as HTTP/1, as in Envoy.
   */
  private boolean isHttp2(ChannelHandlerContext context, ByteBuf in) {
    undecided = false;
    if (!Http2ServerConnection.isPreface(in)) {
      countHttp1();
      return false;
    }
    stopTimer();
    Http2ServerConnection next =
        new Http2ServerConnection(manager, state, downstream, createdNanos);
    context.pipeline().replace(this, null, next);
    next.channelRead(context.pipeline().context(next), in);
    return true;
  }

  /** Works off the buffer, whose ownership comes here. */
  private void process(ByteBuf in) {
    processing = true;
    try {
      while (step(in)) {
        // each step takes one piece of one message
      }
    } finally {
      processing = false;
      if (in.isReadable() && phase == Phase.RESPONSE) {
        ahead = channel().alloc().buffer(Math.max(256, in.readableBytes())).writeBytes(in);
        updateReading();
      }
      in.release();
    }
  }

  private boolean step(ByteBuf in) {
    return switch (phase) {
      case HEAD -> in.isReadable() && readHead(in);
      case BODY -> readBody(in);
      case TRAILERS -> in.isReadable() && readTrailers(in);
      case RESPONSE -> false;
      case CLOSING -> {
        in.skipBytes(in.readableBytes());
        yield false;
      }
    };
  }

  private boolean readHead(ByteBuf in) {
    HttpStream present = stream;
    if (present == null) {
      present = begin();
    }
    Http1Exchange http1 = present.http1();
    switch (http1.parser.parse(in)) {
      case MORE -> {
        return false;
      }
      case FAILED -> {
        codecError(present, http1.parser.error());
        return false;
      }
      case DONE -> {}
    }
    loop.timers().cancel(headTimer);
    requests++;
    if (!http1.parser.keepsAlive()) {
      closeAfterResponse = true;
    }
    int requestsMax = settings.protocol().requestsPerConnectionMax();
    if (requestsMax > 0 && requests >= requestsMax) {
      manager.stats().cxMaxRequestsReached.inc();
      closeAfterResponse = true;
    }
    if (!admit(present)) {
      return true;
    }
    if (present.tunnel != HttpStream.Tunnel.NONE) {
      // what follows is no HTTP any more, whatever becomes of the request
      http1.body.beginUntilClose();
    } else if (http1.parser.isChunked()) {
      http1.body.beginChunked();
    } else {
      http1.body.beginLength(Math.max(0, http1.parser.contentLength()));
    }
    boolean end = http1.body.isEnd();
    phase = end ? Phase.RESPONSE : Phase.BODY;
    if (!end && http1.parser.expectsContinue()) {
      HeadEncoder.interim(writer().gather(64), 100);
      writer().flush();
    }
    present.onHeaders(end);
    return true;
  }

  private HttpStream begin() {
    HttpStream taken = state.take();
    stream = taken;
    downstream.describe(taken.info);
    taken.begin(this);
    Http1Exchange http1 = taken.http1();
    http1.parser.beginRequest(taken.request);
    http1.body.beginNone();
    if (settings.times().requestHeadersNanos() > 0) {
      loop.timers().start(headTimer, settings.times().requestHeadersNanos());
    }
    return taken;
  }

  /** Refuses what this connection manager does not serve, before any filter sees it. */
  private boolean admit(HttpStream present) {
    HttpConnectionManagerSettings.Protocol protocol = settings.protocol();
    Http1Exchange http1 = present.http1();
    if (http1.parser.minorVersion() == 0) {
      if (!protocol.acceptHttp10()) {
        refuse(present, 426, "low_version");
        return false;
      }
      if (!present.request.contains(HeaderName.AUTHORITY)) {
        if (protocol.defaultHost().isEmpty()) {
          refuse(present, 400, "missing_host_header");
          return false;
        }
        present.request.add(HeaderName.AUTHORITY, protocol.defaultHost());
      }
    }
    if (http1.parser.isConnect()) {
      present.tunnel = HttpStream.Tunnel.CONNECT;
    } else if (http1.parser.isUpgrade()) {
      present.tunnel = HttpStream.Tunnel.UPGRADE;
    }
    return true;
  }

  private void refuse(HttpStream present, int status, String details) {
    closeAfterResponse = true;
    phase = Phase.BODY;
    present.http1().body.beginUntilClose();
    present.refuse(LocalReply.of(status, "", null, details));
  }

  private void codecError(HttpStream present, CodecError error) {
    closeAfterResponse = true;
    loop.timers().cancel(headTimer);
    int generation = present.generation();
    present.onCodecError(error);
    if (present.generation() == generation && stream == present) {
      // the reply is held by a filter; nothing of this request is read any more
      phase = Phase.CLOSING;
    }
  }

  private boolean readBody(ByteBuf in) {
    HttpStream present = stream;
    if (present == null) {
      return false;
    }
    Http1Exchange http1 = present.http1();
    switch (http1.body.next(in)) {
      case MORE -> {
        return false;
      }
      case DATA -> {
        return readData(in, present);
      }
      case TRAILERS -> {
        http1.parser.beginTrailers(present.requestTrailers);
        phase = Phase.TRAILERS;
        return true;
      }
      case END -> throw new IllegalStateException("body has ended");
      case FAILED -> codecError(present, http1.body.error());
    }
    return false;
  }

  private boolean readData(ByteBuf in, HttpStream present) {
    Http1Exchange http1 = present.http1();
    int count = http1.body.available();
    http1.body.taken(count);
    boolean end = http1.body.isEnd();
    if (end) {
      phase = Phase.RESPONSE;
    }
    if (discarding) {
      in.skipBytes(count);
      discarded += count;
      if (end) {
        present.finish();
      } else if (discarded > DISCARD_BYTES_MAX) {
        closeAfterResponse = true;
        present.finish();
        return false;
      }
      return true;
    }
    if (count == in.readableBytes()) {
      // a filter may keep the whole buffer and moves its own view of it
      ByteBuf lent = in.retainedDuplicate();
      in.skipBytes(count);
      try {
        present.onData(lent, end);
      } finally {
        lent.release();
      }
      return true;
    }
    ByteBuf piece = in.readRetainedSlice(count);
    try {
      present.onData(piece, end);
    } finally {
      piece.release();
    }
    return true;
  }

  private boolean readTrailers(ByteBuf in) {
    HttpStream present = stream;
    if (present == null) {
      return false;
    }
    Http1Exchange http1 = present.http1();
    switch (http1.parser.parse(in)) {
      case MORE -> {
        return false;
      }
      case FAILED -> {
        codecError(present, http1.parser.error());
        return false;
      }
      case DONE -> {}
    }
    http1.body.trailersTaken();
    phase = Phase.RESPONSE;
    if (discarding) {
      present.finish();
    } else if (present.requestTrailers.isEmpty()) {
      present.onData(Unpooled.EMPTY_BUFFER, true);
    } else {
      present.onTrailers();
    }
    return true;
  }

  private void updateReading() {
    boolean wanted = reading && ahead == null;
    Channel present = channel();
    if (present.config().isAutoRead() != wanted) {
      present.config().setAutoRead(wanted);
    }
  }

  // ---- what streams ask

  @Override
  public void sendHeaders(HttpStream from, int status, HeaderBlock headers, boolean endStream) {
    if (from.tunnel != HttpStream.Tunnel.NONE) {
      closeAfterResponse = true;
      if (from.isTunnelled(status)) {
        sendTunnelHead(from, status, headers, endStream);
        return;
      }
    }
    boolean http10 = from.http1().parser.minorVersion() == 0;
    boolean bodiless = from.isHeadRequest() || status == 204 || status == 304;
    chunkedResponse = false;
    if (endStream && !bodiless) {
      if (!headers.contains(HeaderName.CONTENT_LENGTH)) {
        headers.addNumber(HeaderName.CONTENT_LENGTH, 0);
      }
    } else if (!endStream && !headers.contains(HeaderName.CONTENT_LENGTH)) {
      if (http10) {
        closeAfterResponse = true;
      } else {
        chunkedResponse = true;
      }
    }
    boolean unreadable = endStream && !from.isDecodeEnded() && !canDiscard(from);
    closeAfterResponse |= unreadable;
    ConnectionOption option =
        closeAfterResponse
            ? ConnectionOption.CLOSE
            : http10 ? ConnectionOption.KEEP_ALIVE : ConnectionOption.NONE;
    ChannelWriter out = writer();
    ByteBuf buffer = out.gather(HeadEncoder.sizeMax(headers));
    int before = buffer.readableBytes();
    HeadEncoder.response(
        buffer, status, headers, chunkedResponse, option, settings.protocol().names());
    from.info.headerBytesSent = (long) buffer.readableBytes() - before;
    out.flush();
    if (endStream) {
      responseEnded(from);
    }
  }

  /** The head behind which bytes pass as they are. */
  private void sendTunnelHead(HttpStream from, int status, HeaderBlock headers, boolean endStream) {
    chunkedResponse = false;
    headers.remove(HeaderName.CONTENT_LENGTH);
    ChannelWriter out = writer();
    ByteBuf buffer = out.gather(HeadEncoder.sizeMax(headers));
    int before = buffer.readableBytes();
    HeadEncoder.response(
        buffer,
        status,
        headers,
        false,
        status == 101 ? ConnectionOption.UPGRADE : ConnectionOption.NONE,
        settings.protocol().names());
    from.info.headerBytesSent = (long) buffer.readableBytes() - before;
    out.flush();
    if (endStream) {
      responseEnded(from);
    }
  }

  @Override
  public void sendData(HttpStream from, ByteBuf data, boolean endStream) {
    ChannelWriter out = writer();
    int size = data.readableBytes();
    if (chunkedResponse) {
      if (size > 0) {
        HeadEncoder.chunkStart(out.gather(16), size);
        out.write(data);
        HeadEncoder.chunkEnd(out.gather(2));
      }
      if (endStream) {
        HeadEncoder.lastChunk(out.gather(5));
      }
    } else {
      out.write(data);
    }
    out.flush();
    if (endStream) {
      responseEnded(from);
    }
  }

  @Override
  public void sendTrailers(HttpStream from, HeaderBlock trailers) {
    ChannelWriter out = writer();
    if (chunkedResponse) {
      HeadEncoder.lastChunk(out.gather(HeadEncoder.sizeMax(trailers)), trailers);
    }
    out.flush();
    responseEnded(from);
  }

  /** Whether the rest of a request's body is small enough to be read and dropped. */
  private static boolean canDiscard(HttpStream from) {
    Http1Exchange http1 = from.http1();
    return from.areHeadersReceived()
        && !http1.parser.expectsContinue()
        && !http1.body.isUntilClose()
        && http1.parser.contentLength() <= DISCARD_BYTES_MAX;
  }

  private void responseEnded(HttpStream from) {
    if (from.isDecodeEnded() || phase == Phase.RESPONSE) {
      from.finish();
      return;
    }
    if (!closeAfterResponse && canDiscard(from)) {
      discarding = true;
      discarded = 0;
      return;
    }
    closeAfterResponse = true;
    from.finish();
  }

  @Override
  public void streamFinished(HttpStream from) {
    if (stream == from) {
      stream = null;
    }
    state.giveBack(from);
    discarding = false;
    if (closed) {
      return;
    }
    if (closeAfterResponse) {
      close();
      return;
    }
    idleSinceNanos = loop.now();
    phase = Phase.HEAD;
    reading = true;
    ByteBuf next = ahead;
    if (next != null && !processing) {
      ahead = null;
      loop.enter();
      try {
        process(next);
      } finally {
        loop.exit();
      }
    }
    updateReading();
  }

  @Override
  public void resetStream(HttpStream from) {
    closed = true;
    phase = Phase.CLOSING;
    writer().flush();
    from.finish();
    channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Reads nothing more, and ends the connection behind what was written. */
  private void close() {
    if (phase == Phase.CLOSING && closed) {
      return;
    }
    closed = true;
    phase = Phase.CLOSING;
    releaseAhead();
    reading = true;
    updateReading();
    writer().flush();
    closeBehindOutput();
  }

  @Override
  public void setReading(HttpStream from, boolean wanted) {
    if (stream == from) {
      reading = wanted;
      updateReading();
    }
  }

  @Override
  public void describe(HttpStream from) {
    HeadParser parser = from.http1().parser;
    from.info.protocol = parser.minorVersion() == 1 ? "HTTP/1.1" : "HTTP/1.0";
    from.info.headerBytesReceived = parser.headBytes();
    manager.stats().rqHttp1Total.inc();
  }

  @Override
  public boolean isWritable(HttpStream from) {
    return channel().isWritable();
  }

  // ---- the channel's end

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    HttpStream present = stream;
    if (present != null && !closed) {
      present.onWritable(context.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closed = true;
    phase = Phase.CLOSING;
    loop.timers().cancel(headTimer);
    countClosed();
    HttpStats stats = manager.stats();
    if (!undecided) {
      stats.cxHttp1Active.dec();
    }
    HttpStream present = stream;
    if (present != null) {
      if (present.areHeadersReceived()) {
        stats.cxDestroyRemoteActiveRq.inc();
        present.onConnectionClosed();
      } else {
        present.finish();
      }
    }
    writer().discard();
    releaseAhead();
  }

  private void releaseAhead() {
    ByteBuf waiting = ahead;
    if (waiting != null) {
      ahead = null;
      waiting.release();
    }
  }
}
