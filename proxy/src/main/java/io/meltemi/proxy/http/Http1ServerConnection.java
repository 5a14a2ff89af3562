package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.CodecError;
import io.meltemi.proxy.codec.HeadEncoder;
import io.meltemi.proxy.codec.HeadEncoder.ConnectionOption;
import io.meltemi.proxy.codec.HeadParser;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.transport.OutputEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection from a client. Requests are served one after the other in their order;
 * what a client sends ahead waits unread. While no request is under way it holds neither a stream
 * nor a buffer.
 */
final class Http1ServerConnection extends ChannelInboundHandlerAdapter implements HttpConnection {
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

  private final class Timer extends LoopTimer {
    @Override
    protected void onTimeout() {
      onTimer();
    }
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

  private final HttpConnectionManager manager;
  private final HttpConnectionManagerSettings settings;
  private final HttpConnectionManager.LoopState state;
  private final LoopContext loop;
  private final DownstreamConnection downstream;
  private final Timer timer = new Timer();
  private final HeadTimer headTimer = new HeadTimer();
  private @Nullable Channel channel;
  private @Nullable ChannelWriter writer;
  private SocketAddress remoteAddress = new InetSocketAddress(0);
  private @Nullable SocketAddress localAddress;
  private byte[] remoteText = {};
  private byte[] remoteBytes = {};
  private @Nullable HttpStream stream;
  private @Nullable ByteBuf ahead;
  private Phase phase = Phase.HEAD;

  /** Whether the first bytes may still turn out to be HTTP/2. */
  private boolean undecided;

  private boolean inRead;
  private boolean reading = true;
  private boolean processing;
  private boolean chunkedResponse;
  private boolean closeAfterResponse;
  private boolean discarding;
  private int discarded;
  private boolean closed;
  private boolean maxDurationReached;
  private int requests;
  private long createdNanos;
  private long idleSinceNanos;
  private long writtenBefore;

  Http1ServerConnection(
      HttpConnectionManager manager,
      HttpConnectionManager.LoopState state,
      DownstreamConnection downstream,
      boolean undecided) {
    this.manager = manager;
    this.settings = manager.settings();
    this.state = state;
    this.loop = state.loop;
    this.downstream = downstream;
    this.undecided = undecided;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    Channel added = context.channel();
    channel = added;
    writer = new ChannelWriter(added, loop);
    createdNanos = loop.nanos();
    idleSinceNanos = createdNanos;
    remoteAddress = downstream.facts().remoteAddress();
    localAddress = downstream.facts().localAddress();
    if (remoteAddress instanceof InetSocketAddress inet) {
      InetAddress address = inet.getAddress();
      if (address != null) {
        remoteBytes = address.getAddress();
        remoteText = NetUtil.toAddressString(address).getBytes(StandardCharsets.US_ASCII);
      }
    }
    HttpStats stats = manager.stats();
    stats.cxTotal.inc();
    stats.cxActive.inc();
    if (!undecided) {
      countHttp1();
    }
    if (isTls()) {
      stats.cxSslTotal.inc();
      stats.cxSslActive.inc();
    }
    startTimer();
    downstream.onDrain(this::onDrain);
    updateReading();
  }

  private void countHttp1() {
    manager.stats().cxHttp1Total.inc();
    manager.stats().cxHttp1Active.inc();
  }

  /** Closes now when idle, else with the response under way. */
  private void onDrain() {
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

  private Channel channel() {
    Channel present = channel;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return present;
  }

  private ChannelWriter writer() {
    ChannelWriter present = writer;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline");
    }
    return present;
  }

  // ---- time

  /** One timer for the idle and the whole life; it looks at the clock only when it fires. */
  private void startTimer() {
    long idle = settings.times().connectionIdleNanos();
    long life = settings.times().connectionNanosMax();
    long delay = Math.min(idle > 0 ? idle : Long.MAX_VALUE, life > 0 ? life : Long.MAX_VALUE);
    if (delay < Long.MAX_VALUE) {
      loop.timers().start(timer, delay);
    }
  }

  private void onTimer() {
    if (phase == Phase.CLOSING) {
      channel().close();
      return;
    }
    long now = loop.nanos();
    long idle = settings.times().connectionIdleNanos();
    long life = settings.times().connectionNanosMax();
    long next = Long.MAX_VALUE;
    if (life > 0) {
      long left = createdNanos + life - now;
      if (left <= 0) {
        if (!maxDurationReached) {
          maxDurationReached = true;
          manager.stats().cxMaxDurationReached.inc();
        }
        if (stream == null) {
          channel().close();
          return;
        }
        closeAfterResponse = true;
      } else {
        next = left;
      }
    }
    if (idle > 0) {
      long left = stream == null ? idleSinceNanos + idle - now : idle;
      if (left <= 0) {
        manager.stats().cxIdleTimeout.inc();
        channel().close();
        return;
      }
      next = Math.min(next, left);
    }
    if (next < Long.MAX_VALUE) {
      loop.timers().start(timer, next);
    }
  }

  // ---- bytes in

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (undecided && isHttp2(context, in)) {
      return;
    }
    if (!inRead) {
      inRead = true;
      loop.enter();
    }
    manager.stats().cxRxBytesTotal.add(in.readableBytes());
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
    loop.timers().cancel(timer);
    Http2ServerConnection next =
        new Http2ServerConnection(manager, state, downstream, createdNanos);
    context.pipeline().replace(this, null, next);
    next.channelRead(context.pipeline().context(next), in);
    return true;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (inRead) {
      inRead = false;
      loop.exit();
      long written = writer().written();
      manager.stats().cxTxBytesTotal.add(written - writtenBefore);
      writtenBefore = written;
    }
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
    if (http1.parser.isChunked()) {
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
    if (http1.parser.isConnect() || http1.parser.isUpgrade()) {
      // Envoy answers 403 to an upgrade that no upgrade_configs entry allows
      refuse(present, 403, "upgrade_failed");
      return false;
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
    HeadEncoder.response(buffer, status, headers, chunkedResponse, option);
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

  /**
   * Ends the connection behind what was written: the sending side first, so that a client that is
   * still sending can read the answer; then all of it, when the client has done the same or the
   * delay is over.
   */
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
    Channel present = channel();
    long delay = settings.times().delayedCloseNanos();
    if (delay == 0 || !(present instanceof DuplexChannel duplex)) {
      loop.flush(new CloseAction(present));
      return;
    }
    loop.timers().start(timer, delay);
    loop.flush(new ShutdownAction(duplex));
  }

  /** Runs behind the flush of the last response. */
  static final class CloseAction extends io.meltemi.proxy.loop.Flushable {
    private final Channel channel;

    CloseAction(Channel channel) {
      this.channel = channel;
    }

    @Override
    protected void flushNow() {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** As {@link CloseAction}, for the sending side only. */
  static final class ShutdownAction extends io.meltemi.proxy.loop.Flushable {
    private final DuplexChannel channel;

    ShutdownAction(DuplexChannel channel) {
      this.channel = channel;
    }

    @Override
    protected void flushNow() {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> OutputEnd.send(channel));
    }
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

  @Override
  public int bufferBytesMax() {
    return downstream.settings().bufferBytesMax();
  }

  @Override
  public boolean isTls() {
    return downstream.facts().tls().isPresent();
  }

  @Override
  public DownstreamConnection downstream() {
    return downstream;
  }

  @Override
  public SocketAddress remoteAddress() {
    return remoteAddress;
  }

  @Override
  public byte[] remoteAddressText() {
    return remoteText;
  }

  @Override
  public byte[] remoteAddressBytes() {
    return remoteBytes;
  }

  @Override
  public int localPort() {
    return localAddress instanceof InetSocketAddress inet ? inet.getPort() : 0;
  }

  @Override
  public ByteBufAllocator allocator() {
    return channel().alloc();
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
    loop.timers().cancel(timer);
    loop.timers().cancel(headTimer);
    HttpStats stats = manager.stats();
    stats.cxActive.dec();
    if (!undecided) {
      stats.cxHttp1Active.dec();
    }
    if (isTls()) {
      stats.cxSslActive.dec();
    }
    stats.cxDestroy.inc();
    stats.cxLengthMs.record(TimeUnit.NANOSECONDS.toMillis(loop.nanos() - createdNanos));
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

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }
}
