package io.meltemi.proxy.upstream;

import io.meltemi.proxy.codec.BodyDecoder;
import io.meltemi.proxy.codec.HeadEncoder;
import io.meltemi.proxy.codec.HeadEncoder.ConnectionOption;
import io.meltemi.proxy.codec.HeadParser;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.transport.OutputEnd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection to a host, leased to one stream at a time. It goes back to its pool as
 * soon as request and response are complete, before the stream hears of the end.
 */
final class Http1ClientConnection extends ClientConnection implements UpstreamStream {
  private static final byte[] HEAD = "HEAD".getBytes(StandardCharsets.US_ASCII);
  private static final int INTERIM_RESPONSES_MAX = 16;

  private enum Tunnel {
    NONE,
    UPGRADE,
    CONNECT
  }

  private enum Phase {
    HEAD,
    BODY,
    TRAILERS
  }

  private final HeadParser parser;
  private final BodyDecoder body = new BodyDecoder();
  private @Nullable HeaderBlock trailers;
  private @Nullable UpstreamCallbacks callbacks;
  private Phase phase = Phase.HEAD;
  private boolean headRequest;

  /** The request asks for an upgrade, or is CONNECT. */
  private Tunnel asked = Tunnel.NONE;

  private boolean tunnelled;
  private boolean chunkedRequest;
  private boolean requestEnded;
  private boolean responseBegun;
  private boolean closeAfterResponse;
  private int interimResponses;
  private int requests;

  Http1ClientConnection(ConnectionPool pool, boolean counted, long createdNanos) {
    super(pool, counted, createdNanos);
    this.parser = new HeadParser(settings.responseHead(), settings.spelling());
  }

  @Override
  boolean hasRoom() {
    return isOpen() && callbacks == null;
  }

  @Override
  int room() {
    return hasRoom() ? 1 : 0;
  }

  @Override
  boolean isIdle() {
    return callbacks == null;
  }

  @Override
  UpstreamStream begin(UpstreamCallbacks newCallbacks) {
    stopIdle();
    callbacks = newCallbacks;
    requests++;
    phase = Phase.HEAD;
    requestEnded = false;
    responseBegun = false;
    tunnelled = false;
    interimResponses = 0;
    parser.beginResponse(newCallbacks.responseHeaders());
    return this;
  }

  @Override
  void startIdle() {
    super.startIdle();
    setReading(true);
  }

  @Override
  void drain() {
    if (callbacks == null) {
      closeLocally();
    } else {
      closeAfterResponse = true;
    }
  }

  @Override
  public void sendHeaders(HeaderBlock headers, boolean endStream) {
    int method = headers.find(HeaderName.METHOD);
    headRequest = method >= 0 && headers.valueEquals(method, HEAD);
    boolean upgrade = headers.contains(HeaderName.UPGRADE);
    asked =
        upgrade ? Tunnel.UPGRADE : headers.find(HeaderName.PATH) < 0 ? Tunnel.CONNECT : Tunnel.NONE;
    chunkedRequest =
        asked == Tunnel.NONE && !endStream && !headers.contains(HeaderName.CONTENT_LENGTH);
    closeAfterResponse =
        settings.requestsPerConnectionMax() > 0 && requests >= settings.requestsPerConnectionMax();
    ChannelWriter out = writer();
    HeadEncoder.request(
        out.gather(HeadEncoder.sizeMax(headers)),
        headers,
        chunkedRequest,
        upgrade ? ConnectionOption.UPGRADE : ConnectionOption.NONE,
        settings.spelling());
    requestEnded = endStream;
    out.flush();
  }

  @Override
  public void sendData(ByteBuf data, boolean endStream) {
    ChannelWriter out = writer();
    int size = data.readableBytes();
    if (chunkedRequest) {
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
    requestEnded = endStream;
    out.flush();
    if (endStream && asked == Tunnel.CONNECT && channel() instanceof DuplexChannel duplex) {
      // the end of one direction has no other form
      duplex.write(Unpooled.EMPTY_BUFFER).addListener(_ -> OutputEnd.send(duplex));
      duplex.flush();
    }
  }

  @Override
  public void sendTrailers(HeaderBlock requestTrailers) {
    ChannelWriter out = writer();
    if (chunkedRequest) {
      HeadEncoder.lastChunk(out.gather(HeadEncoder.sizeMax(requestTrailers)), requestTrailers);
    }
    requestEnded = true;
    out.flush();
  }

  @Override
  public void reset() {
    if (callbacks != null) {
      callbacks = null;
      pool.stats().rqTxReset.inc();
      pool.stats().cxDestroyWithActiveRq.inc();
      pool.requestDone();
    }
    closeLocally();
  }

  @Override
  public void setReading(boolean reading) {
    Channel present = channel();
    if (present.config().isAutoRead() != reading) {
      present.config().setAutoRead(reading);
    }
  }

  @Override
  public boolean isWritable() {
    return channel().isWritable();
  }

  @Override
  public int requestNumber() {
    return requests;
  }

  @Override
  public String protocol() {
    return "HTTP/1.1";
  }

  @Override
  public @Nullable SocketAddress localAddress() {
    return channel().localAddress();
  }

  @Override
  void read(ByteBuf in) {
    while (isOpen()) {
      UpstreamCallbacks present = callbacks;
      if (present == null) {
        if (in.isReadable()) {
          // nobody asked for this
          pool.stats().cxProtocolError.inc();
          closeLocally();
        }
        return;
      }
      boolean more =
          switch (phase) {
            case HEAD -> in.isReadable() && readHead(in, present);
            case BODY -> readBody(in, present);
            case TRAILERS -> in.isReadable() && readTrailers(in, present);
          };
      if (!more) {
        return;
      }
    }
  }

  /** True when the bytes behind it are to be looked at. */
  private boolean readHead(ByteBuf in, UpstreamCallbacks present) {
    responseBegun = true;
    switch (parser.parse(in)) {
      case MORE -> {
        return false;
      }
      case FAILED -> {
        protocolError(parser.error().toString());
        return false;
      }
      case DONE -> {}
    }
    int status = parser.status();
    if (asked != Tunnel.NONE && opensTunnel(status)) {
      tunnelled = true;
      closeAfterResponse = true;
      body.beginUntilClose();
      phase = Phase.BODY;
      present.onResponseHeaders(status, false);
      return true;
    }
    if (status < 200) {
      return interim(status, present);
    }
    beginBody(status, present.responseHeaders());
    if (!parser.keepsAlive()) {
      closeAfterResponse = true;
    }
    if (body.isEnd()) {
      finish(in);
      present.onResponseHeaders(status, true);
      return false;
    }
    phase = Phase.BODY;
    present.onResponseHeaders(status, false);
    return true;
  }

  private boolean opensTunnel(int status) {
    return asked == Tunnel.UPGRADE
        ? status == 101 && parser.isUpgrade()
        : status >= 200 && status < 300;
  }

  private boolean interim(int status, UpstreamCallbacks present) {
    // the proxy has answered an expectation itself, so nobody waits for these
    if (status == 101 || ++interimResponses > INTERIM_RESPONSES_MAX) {
      protocolError("unexpected interim response " + status);
      return false;
    }
    parser.beginResponse(present.responseHeaders());
    return true;
  }

  private void beginBody(int status, HeaderBlock headers) {
    if (status == 204) {
      headers.remove(HeaderName.CONTENT_LENGTH);
      body.beginNone();
    } else if (headRequest || status == 304) {
      body.beginNone();
    } else if (parser.isChunked()) {
      body.beginChunked();
    } else if (parser.contentLength() >= 0) {
      body.beginLength(parser.contentLength());
    } else {
      body.beginUntilClose();
    }
  }

  private boolean readBody(ByteBuf in, UpstreamCallbacks present) {
    switch (body.next(in)) {
      case MORE -> {
        return false;
      }
      case DATA -> {
        return readData(in, present);
      }
      case TRAILERS -> {
        HeaderBlock block = trailers;
        if (block == null) {
          block = new HeaderBlock();
          trailers = block;
        }
        parser.beginTrailers(block);
        phase = Phase.TRAILERS;
        return true;
      }
      case END -> throw new IllegalStateException("body has ended");
      case FAILED -> protocolError(body.error().toString());
    }
    return false;
  }

  private boolean readData(ByteBuf in, UpstreamCallbacks present) {
    int count = body.available();
    body.taken(count);
    boolean end = body.isEnd();
    if (count == in.readableBytes()) {
      // the callee may keep the whole buffer: its indices are not ours any more
      if (end) {
        finish(null);
      }
      present.onResponseData(in, end);
      return false;
    }
    ByteBuf piece = in.readRetainedSlice(count);
    try {
      if (end) {
        finish(in);
      }
      present.onResponseData(piece, end);
    } finally {
      piece.release();
    }
    return !end;
  }

  private boolean readTrailers(ByteBuf in, UpstreamCallbacks present) {
    switch (parser.parse(in)) {
      case MORE -> {
        return false;
      }
      case FAILED -> {
        protocolError(parser.error().toString());
        return false;
      }
      case DONE -> {}
    }
    body.trailersTaken();
    HeaderBlock block = trailers;
    finish(in);
    if (block == null || block.isEmpty()) {
      present.onResponseData(Unpooled.EMPTY_BUFFER, true);
    } else {
      // the connection may serve the next stream within the callback
      trailers = null;
      present.onResponseTrailers(block);
      trailers = block;
    }
    return false;
  }

  /** The response is complete: the connection is given back, or closed when it cannot be used. */
  private void finish(@Nullable ByteBuf rest) {
    callbacks = null;
    pool.requestDone();
    boolean surplus = false;
    if (rest != null && rest.isReadable()) {
      surplus = true;
      pool.stats().cxProtocolError.inc();
      rest.skipBytes(rest.readableBytes());
    }
    long durationMax = settings.connectionDurationNanosMax();
    boolean tooOld = durationMax > 0 && ageNanos() > durationMax;
    if (tooOld) {
      pool.stats().cxMaxDurationReached.inc();
    }
    if (closeAfterResponse || surplus || tooOld || !requestEnded) {
      if (requests == settings.requestsPerConnectionMax()) {
        pool.stats().cxMaxRequests.inc();
      }
      closeLocally();
    } else {
      pool.release(this);
    }
  }

  private void protocolError(String detail) {
    pool.stats().cxProtocolError.inc();
    fail(ResetReason.PROTOCOL_ERROR, detail);
    closeLocally();
  }

  private void fail(ResetReason reason, String detail) {
    UpstreamCallbacks present = callbacks;
    if (present != null) {
      callbacks = null;
      pool.stats().rqRxReset.inc();
      pool.stats().cxDestroyWithActiveRq.inc();
      pool.requestDone();
      present.onReset(reason, detail);
    }
  }

  @Override
  void onClosed() {
    UpstreamCallbacks present = callbacks;
    if (present == null) {
      return;
    }
    if (phase == Phase.BODY && body.isUntilClose() && !tunnelled) {
      callbacks = null;
      pool.requestDone();
      present.onResponseData(Unpooled.EMPTY_BUFFER, true);
      return;
    }
    fail(responseBegun ? ResetReason.CLOSED : ResetReason.CLOSED_BEFORE_RESPONSE, "");
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    UpstreamCallbacks present = callbacks;
    if (present != null) {
      present.onUpstreamWritable(context.channel().isWritable());
    }
  }
}
