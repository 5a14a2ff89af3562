package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.ChannelWriter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection (<a href="https://www.rfc-editor.org/rfc/rfc9113">RFC 9113</a>), of either
 * role, without a channel of its own: the owner is a handler that passes on what it reads and
 * closes the channel. Everything on the loop of the connection.
 *
 * <p>The owner calls {@link #start} once the channel is active, {@link #read} with what comes,
 * {@link #writabilityChanged} and, when the channel is inactive, {@link #closed}. It brackets reads
 * with {@link LoopContext#enter} and {@link LoopContext#exit}, so that everything written in
 * between is sent in one piece. A client takes a stream with {@link #open} when {@link #canOpen}
 * and sends with {@link Http2Stream#sendRequest}; a server is asked for streams by {@link
 * Http2Listener#newStream}.
 *
 * <p>Priorities are read over. Push is refused. What a peer may cost is limited by {@link
 * Http2Settings.Floods}; whoever goes beyond loses the connection with {@code ENHANCE_YOUR_CALM}.
 */
public final class Http2Connection {
  /** Which side of the connection this is. */
  public enum Role {
    CLIENT,
    SERVER
  }

  /**
   * What the connection writes to.
   *
   * @param bufferBytesMax what a stream may keep waiting before it is no longer writable
   */
  public record Transport(
      Channel channel, ChannelWriter writer, LoopContext loop, int bufferBytesMax) {}

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private static final int HEADER_TABLE_SIZE = 1;
  private static final int ENABLE_PUSH = 2;
  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int MAX_FRAME_SIZE = 5;
  private static final int MAX_HEADER_LIST_SIZE = 6;
  private static final int ENABLE_CONNECT_PROTOCOL = 8;

  private static final int STREAM_ID_MAX = Integer.MAX_VALUE;
  private static final int CONTINUATIONS_MAX = 8;

  /** As in Envoy: so many streams must be over before their ends are judged. */
  private static final int JUDGED_STREAMS_MIN = 500;

  private static final int RESET_IDS = 64;
  private static final long MILLIS = 1_000_000L;
  private static final long FLUSH_NANOS_DEFAULT = 300_000 * MILLIS;

  private final class KeepAliveTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      onKeepAlive();
    }
  }

  private final boolean server;
  private final Http2Settings settings;
  private final HeadLimits limits;
  private final Http2Stats stats;
  private final Channel channel;
  private final ChannelWriter writer;
  private final LoopContext loop;
  private final int bufferBytesMax;
  private final Http2Listener listener;
  private final Http2FrameReader reader;
  private final HpackDecoder decoder;
  private final HpackEncoder encoder;
  private final Http2Heads heads;
  private final Http2StreamTable streams = new Http2StreamTable();
  private final Http2FrameLedger frames;
  private final Http2FrameLedger controlFrames;

  private boolean over;
  private boolean settingsReceived;
  private boolean settingsAcknowledged;
  private boolean goAwayReceived;
  private boolean goAwaySent;
  private int lastPeerId;
  private int nextId;

  /** Streams that are taken and have sent nothing yet; one or none, as a rule. */
  private final ArrayList<Http2Stream> reserved = new ArrayList<>(1);

  // what the peer allows
  private int peerStreamsMax = Integer.MAX_VALUE;
  private int peerWindowBytes = Http2Settings.WINDOW_BYTES_DEFAULT;
  private int peerFrameBytesMax = Http2FrameReader.FRAME_BYTES_MAX;
  private int sendWindow = Http2Settings.WINDOW_BYTES_DEFAULT;
  private int receiveWindow = Http2Settings.WINDOW_BYTES_DEFAULT;
  private int unannounced;

  // the field block under way
  private boolean headOpen;
  private int headId;
  private int headFlags;
  private int headDependency;
  private byte[] fragments = {};
  private int fragmentBytes;
  private int continuations;
  private @Nullable HeaderBlock discard;

  // the DATA frame under way
  private @Nullable Http2Stream dataStream;
  private int dataStreamId;

  /** Head of the ring of streams that have bytes and a window and wait for the connection's. */
  private @Nullable Http2Stream waiting;

  private final int[] resetIds = new int[RESET_IDS];
  private int resetAt;

  // defences
  private int emptyFrames;
  private long priorityFrames;
  private long windowUpdates;
  private long dataFramesSent;
  private long streamsOpened;
  private long streamsOver;
  private long streamsSpoilt;
  private long flushNanos = FLUSH_NANOS_DEFAULT;

  private final KeepAliveTimer keepAlive = new KeepAliveTimer();
  private boolean pingUnanswered;

  public Http2Connection(
      Role role,
      Http2Settings settings,
      HeadLimits limits,
      Http2Stats stats,
      Transport transport,
      Http2Listener listener) {
    this.server = role == Role.SERVER;
    this.settings = settings;
    this.limits = limits;
    this.stats = stats;
    this.channel = transport.channel();
    this.writer = transport.writer();
    this.loop = transport.loop();
    this.bufferBytesMax = transport.bufferBytesMax();
    this.listener = listener;
    this.reader = new Http2FrameReader(this, server);
    this.decoder = new HpackDecoder(Math.max(4096, settings.hpackTableBytes()));
    this.encoder = new HpackEncoder(settings.hpackTableBytes());
    this.frames = new Http2FrameLedger(settings.floods().outboundFramesMax());
    this.controlFrames = new Http2FrameLedger(settings.floods().outboundControlFramesMax());
    this.heads = new Http2Heads(server && settings.allowsConnect());
    this.nextId = server ? 2 : 1;
  }

  // ---- what the owner calls

  /** Sends the preface of a client and the settings; once, before anything else. */
  public void start() {
    ByteBuf out = writer.gather(128);
    if (!server) {
      out.writeBytes(PREFACE);
    }
    boolean connect = server && settings.allowsConnect();
    frameHeader(out, (connect ? 5 : 4) * 6, Http2FrameReader.SETTINGS, 0, 0);
    setting(out, HEADER_TABLE_SIZE, settings.hpackTableBytes());
    if (server) {
      setting(out, MAX_CONCURRENT_STREAMS, settings.concurrentStreamsMax());
    } else {
      setting(out, ENABLE_PUSH, 0);
    }
    setting(out, INITIAL_WINDOW_SIZE, settings.streamWindowBytes());
    setting(out, MAX_HEADER_LIST_SIZE, limits.bytesMax());
    if (connect) {
      setting(out, ENABLE_CONNECT_PROTOCOL, 1);
    }
    int more = settings.connectionWindowBytes() - receiveWindow;
    if (more > 0) {
      receiveWindow += more;
      frameHeader(out, 4, Http2FrameReader.WINDOW_UPDATE, 0, 0);
      out.writeInt(more);
    }
    writer.flush();
    if (settings.keepAlive().intervalNanos() > 0) {
      loop.timers().start(keepAlive, settings.keepAlive().intervalNanos());
    }
  }

  private static void setting(ByteBuf out, int id, int value) {
    out.writeShort(id);
    out.writeInt(value);
  }

  /** How long an ended stream may wait for the peer's windows; 0 for ever. */
  public void flushNanos(long nanos) {
    flushNanos = nanos;
  }

  /** Works off the buffer, which stays the caller's. */
  public void read(ByteBuf in) {
    reader.read(in);
  }

  /** Whether the connection has failed or its channel is gone. */
  public boolean isOver() {
    return over;
  }

  /** Whether a head has begun and waits for its continuation. */
  public boolean isHeadOpen() {
    return headOpen;
  }

  /** Number of open streams, those taken and not yet sent included. */
  public int streams() {
    return streams.size() + reserved.size();
  }

  /** Whether a client may take another stream now. */
  public boolean canOpen() {
    return !over
        && !goAwayReceived
        && !goAwaySent
        && nextId > 0
        && streams() < Math.min(peerStreamsMax, settings.concurrentStreamsMax());
  }

  /** How many streams a client may take now, as far as their number goes. */
  public int room() {
    return Math.max(0, Math.min(peerStreamsMax, settings.concurrentStreamsMax()) - streams());
  }

  /** How many streams the peer and the settings let a client have at once. */
  public int streamsMax() {
    return Math.min(peerStreamsMax, settings.concurrentStreamsMax());
  }

  /** Takes a stream, only when {@link #canOpen}; its request or its reset follows. */
  public void open(Http2Stream stream) {
    if (!canOpen()) {
      throw new IllegalStateException("no stream can be opened");
    }
    stream.begin(this, 0, 0, 0);
    reserved.add(stream);
    streamsOpened++;
    stats.streamsActive.inc();
  }

  /** Tells the peer that this connection will end soon; streams are still taken. */
  public void announceEnd() {
    if (!over && !goAwaySent) {
      goAway(STREAM_ID_MAX, Http2Error.NO_ERROR);
    }
  }

  /** Takes no further streams; those open go on. */
  public void refuseStreams() {
    if (!over && !goAwaySent) {
      goAwaySent = true;
      goAway(lastPeerId, Http2Error.NO_ERROR);
    }
  }

  private void goAway(int lastId, Http2Error error) {
    stats.goAwaySent.inc();
    ByteBuf out = writer.gather(17);
    frameHeader(out, 8, Http2FrameReader.GOAWAY, 0, 0);
    out.writeInt(lastId);
    out.writeInt(error.code());
    writer.flush();
  }

  /** The socket takes bytes again, or no longer. */
  public void writabilityChanged() {
    for (Http2Stream stream : streams.toArray()) {
      tellWritable(stream);
    }
  }

  /** The channel is gone: every stream hears it. */
  public void closed() {
    if (!over) {
      over = true;
      end(Http2Reset.CONNECTION_CLOSED, Http2Error.CANCEL, "");
    }
  }

  private void end(Http2Reset reason, Http2Error error, String details) {
    loop.timers().cancel(keepAlive);
    headOpen = false;
    for (Http2Stream stream : streams.toArray()) {
      if (!stream.closed) {
        close(stream, reason, error, details);
      }
    }
    while (!reserved.isEmpty()) {
      close(reserved.getLast(), reason, error, details);
    }
  }

  /** Ends the connection: what the peer did, or did not, cannot go on. */
  public void fail(Http2Error error, String details) {
    if (over) {
      return;
    }
    over = true;
    goAwaySent = true;
    goAway(lastPeerId, error);
    end(Http2Reset.CONNECTION_ERROR, error, details);
    listener.onFailed(error, details);
  }

  private void flood(io.meltemi.proxy.telemetry.Counter counter, String details) {
    if (!over) {
      counter.inc();
      fail(Http2Error.ENHANCE_YOUR_CALM, details);
    }
  }

  // ---- frames in

  /** Checks what can be checked of any frame by its head; false when the connection has failed. */
  boolean onFrame(int type, int flags, int streamId, int length) {
    if (length > Http2FrameReader.FRAME_BYTES_MAX) {
      fail(Http2Error.FRAME_SIZE_ERROR, "http2.frame_too_large");
      return false;
    }
    if (!settingsReceived && type != Http2FrameReader.SETTINGS) {
      fail(Http2Error.PROTOCOL_ERROR, "http2.settings_expected");
      return false;
    }
    if (headOpen && (type != Http2FrameReader.CONTINUATION || streamId != headId)) {
      fail(Http2Error.PROTOCOL_ERROR, "http2.continuation_expected");
      return false;
    }
    boolean onStream;
    boolean sizeFits;
    switch (type) {
      case Http2FrameReader.DATA -> {
        onStream = true;
        sizeFits = (flags & Http2FrameReader.PADDED) == 0 || length > 0;
      }
      case Http2FrameReader.HEADERS -> {
        onStream = true;
        int least =
            ((flags & Http2FrameReader.PADDED) != 0 ? 1 : 0)
                + ((flags & Http2FrameReader.WITH_PRIORITY) != 0 ? 5 : 0);
        sizeFits = length >= least;
      }
      case Http2FrameReader.PRIORITY -> {
        onStream = true;
        sizeFits = length == 5;
      }
      case Http2FrameReader.RST_STREAM -> {
        onStream = true;
        sizeFits = length == 4;
      }
      case Http2FrameReader.SETTINGS -> {
        onStream = false;
        sizeFits = length % 6 == 0 && ((flags & Http2FrameReader.ACK) == 0 || length == 0);
        if (!settingsReceived && (flags & Http2FrameReader.ACK) != 0) {
          fail(Http2Error.PROTOCOL_ERROR, "http2.settings_expected");
          return false;
        }
      }
      case Http2FrameReader.PING -> {
        onStream = false;
        sizeFits = length == 8;
      }
      case Http2FrameReader.GOAWAY -> {
        onStream = false;
        sizeFits = length >= 8;
      }
      case Http2FrameReader.WINDOW_UPDATE -> {
        onStream = streamId != 0;
        sizeFits = length == 4;
      }
      case Http2FrameReader.CONTINUATION -> {
        if (!headOpen) {
          fail(Http2Error.PROTOCOL_ERROR, "http2.unexpected_continuation");
          return false;
        }
        onStream = true;
        sizeFits = true;
      }
      case Http2FrameReader.PUSH_PROMISE -> {
        fail(Http2Error.PROTOCOL_ERROR, "http2.push_promise");
        return false;
      }
      default -> {
        return true;
      }
    }
    if (onStream != (streamId != 0)) {
      fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_stream_id");
      return false;
    }
    if (!sizeFits) {
      fail(Http2Error.FRAME_SIZE_ERROR, "http2.invalid_frame_size");
      return false;
    }
    return true;
  }

  private boolean isIdle(int id) {
    boolean byPeer = (id & 1) == (server ? 1 : 0);
    return byPeer ? id > lastPeerId : id >= nextId && nextId > 0;
  }

  private boolean emptyFrame(boolean empty) {
    if (!empty) {
      emptyFrames = 0;
      return true;
    }
    if (++emptyFrames > settings.floods().emptyFramesMax()) {
      flood(stats.emptyFramesFlood, "http2.inbound_empty_frame_flood");
      return false;
    }
    return true;
  }

  void onHeadersFrame(int id, int flags, int dependency, byte[] payload, int from, int to) {
    boolean endStream = (flags & Http2FrameReader.END_STREAM) != 0;
    if (!emptyFrame(from == to && !endStream)) {
      return;
    }
    if (server ? (id & 1) == 0 : isIdle(id)) {
      fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_stream_id");
      return;
    }
    headId = id;
    headFlags = flags;
    headDependency = dependency;
    if ((flags & Http2FrameReader.END_HEADERS) != 0) {
      endHead(payload, from, to);
      return;
    }
    headOpen = true;
    continuations = 0;
    fragmentBytes = 0;
    fragment(payload, from, to);
  }

  void onContinuation(int flags, byte[] payload, int length) {
    if (!emptyFrame(length == 0)) {
      return;
    }
    if (++continuations > CONTINUATIONS_MAX + limits.bytesMax() / 4096) {
      flood(stats.continuationFlood, "http2.inbound_continuation_frames_flood");
      return;
    }
    if (!fragment(payload, 0, length)) {
      return;
    }
    if ((flags & Http2FrameReader.END_HEADERS) != 0) {
      headOpen = false;
      byte[] all = fragments;
      int count = fragmentBytes;
      fragments = new byte[0];
      endHead(all, 0, count);
    }
  }

  private boolean fragment(byte[] payload, int from, int to) {
    if (fragmentBytes + (to - from) > limits.bytesMax() + Http2FrameReader.FRAME_BYTES_MAX) {
      stats.headerOverflow.inc();
      flood(stats.continuationFlood, "http2.headers_too_large");
      return false;
    }
    fragments = Http2FrameReader.append(fragments, fragmentBytes, payload, from, to - from);
    fragmentBytes += to - from;
    return true;
  }

  /** A field block is complete. */
  private void endHead(byte[] block, int from, int to) {
    int id = headId;
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      if (server && id > lastPeerId) {
        newStream(id, block, from, to);
      } else if (wasReset(id)) {
        decodeAway(block, from, to);
      } else {
        fail(Http2Error.STREAM_CLOSED, "http2.stream_closed");
      }
      return;
    }
    boolean endStream = (headFlags & Http2FrameReader.END_STREAM) != 0;
    if (stream.remoteEnded) {
      if (decodeAway(block, from, to)) {
        streamError(stream, Http2Reset.MALFORMED, Http2Error.STREAM_CLOSED, "http2.stream_closed");
      }
    } else if (stream.headReceived) {
      trailers(stream, block, from, to, endStream);
    } else {
      head(stream, block, from, to, endStream);
    }
  }

  private void newStream(int id, byte[] block, int from, int to) {
    lastPeerId = id;
    streamsOpened++;
    if (goAwaySent) {
      decodeAway(block, from, to);
      rememberReset(id);
      return;
    }
    if (streams.size() >= settings.concurrentStreamsMax()) {
      if (decodeAway(block, from, to)) {
        refuse(id, Http2Error.REFUSED_STREAM);
      }
      return;
    }
    if (headDependency == id) {
      if (decodeAway(block, from, to)) {
        refuse(id, Http2Error.PROTOCOL_ERROR);
      }
      return;
    }
    Http2Stream stream = listener.newStream();
    stream.begin(this, id, peerWindowBytes, settings.streamWindowBytes());
    streams.put(stream);
    stats.streamsActive.inc();
    head(stream, block, from, to, (headFlags & Http2FrameReader.END_STREAM) != 0);
  }

  private void refuse(int id, Http2Error error) {
    rememberReset(id);
    writeReset(id, error);
    streamOver(true);
  }

  /** Decodes a block that nobody wants, for the sake of the table. */
  private boolean decodeAway(byte[] block, int from, int to) {
    HeaderBlock into = discard;
    if (into == null) {
      into = new HeaderBlock();
      discard = into;
    }
    into.clear();
    if (!decoder.decode(block, from, to, into, limits)) {
      fail(Http2Error.COMPRESSION_ERROR, "http2.compression_error");
      return false;
    }
    return true;
  }

  /** Decodes a head or trailers and checks what is common to them; false when all is said. */
  private boolean decode(Http2Stream stream, HeaderBlock into, byte[] block, int from, int to) {
    into.clear();
    if (!decoder.decode(block, from, to, into, limits)) {
      fail(Http2Error.COMPRESSION_ERROR, "http2.compression_error");
      return false;
    }
    if (decoder.isTooLarge()) {
      stats.headerOverflow.inc();
      String details =
          into.rawLength() > limits.bytesMax()
              ? "http2.headers_too_large"
              : "http2.too_many_headers";
      streamError(stream, Http2Reset.HEAD_TOO_LARGE, Http2Error.INTERNAL_ERROR, details);
      return false;
    }
    if (decoder.isMalformed()) {
      malformed(stream, "http2.invalid.header.field");
      return false;
    }
    return true;
  }

  private void head(Http2Stream stream, byte[] block, int from, int to, boolean endStream) {
    HeaderBlock into = stream.headers();
    if (!decode(stream, into, block, from, to)) {
      return;
    }
    int status = 0;
    if (server) {
      if (!heads.request(into)) {
        malformed(stream, "http2.violation.of.messaging.rule");
        return;
      }
      stream.headRequest = heads.isHeadRequest();
      stream.bodyLeft = heads.contentLength();
    } else {
      if (!heads.response(into) || (heads.status() < 200 && endStream)) {
        malformed(stream, "http2.violation.of.messaging.rule");
        return;
      }
      status = heads.status();
      if (status < 200) {
        stream.onInterim(status);
        return;
      }
      boolean bodiless = stream.headRequest || status == 204 || status == 304;
      stream.bodyLeft = bodiless ? -1 : heads.contentLength();
    }
    stream.headReceived = true;
    if (endStream) {
      if (stream.bodyLeft > 0) {
        malformed(stream, "http2.violation.of.messaging.rule");
        return;
      }
      stream.remoteEnded = true;
    }
    stream.onHeaders(status, endStream);
    closeIfOver(stream);
  }

  private void trailers(Http2Stream stream, byte[] block, int from, int to, boolean endStream) {
    HeaderBlock into = stream.trailers();
    if (!decode(stream, into, block, from, to)) {
      return;
    }
    if (!endStream || stream.bodyLeft > 0 || !heads.trailers(into)) {
      malformed(stream, "http2.violation.of.messaging.rule");
      return;
    }
    stats.trailers.inc();
    stream.remoteEnded = true;
    if (into.isEmpty()) {
      stream.onData(Unpooled.EMPTY_BUFFER, true);
    } else {
      stream.onTrailers();
    }
    closeIfOver(stream);
  }

  private void malformed(Http2Stream stream, String details) {
    stats.rxMessagingError.inc();
    if (settings.resetsMalformed()) {
      streamError(stream, Http2Reset.MALFORMED, Http2Error.PROTOCOL_ERROR, details);
    } else {
      fail(Http2Error.PROTOCOL_ERROR, details);
    }
  }

  /** A DATA frame begins; all of it counts against the windows, padding too. */
  void onDataFrame(int id, int length) {
    dataStream = null;
    dataStreamId = id;
    if (length > receiveWindow) {
      fail(Http2Error.FLOW_CONTROL_ERROR, "http2.flow_control_error");
      return;
    }
    receiveWindow -= length;
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      if (isIdle(id)) {
        fail(Http2Error.PROTOCOL_ERROR, "http2.idle_stream");
      } else if (!wasReset(id)) {
        refuse(id, Http2Error.STREAM_CLOSED);
      }
      return;
    }
    if (stream.remoteEnded) {
      streamError(stream, Http2Reset.MALFORMED, Http2Error.STREAM_CLOSED, "http2.stream_closed");
      return;
    }
    if (!stream.headReceived) {
      malformed(stream, "http2.violation.of.messaging.rule");
      return;
    }
    if (length > stream.receiveWindow) {
      streamError(
          stream, Http2Reset.MALFORMED, Http2Error.FLOW_CONTROL_ERROR, "http2.flow_control_error");
      return;
    }
    stream.receiveWindow -= length;
    dataStream = stream;
  }

  /** The stream of the DATA frame under way, or null when it has gone. */
  private @Nullable Http2Stream dataStream() {
    Http2Stream stream = dataStream;
    if (stream == null || stream.closed || stream.id != dataStreamId || stream.connection != this) {
      dataStream = null;
      return null;
    }
    return stream;
  }

  void onPadding(int count) {
    Http2Stream stream = dataStream();
    if (stream == null) {
      announce(count);
    } else {
      taken(stream, count);
    }
  }

  void onEmptyData(boolean endStream) {
    if (!emptyFrame(!endStream)) {
      return;
    }
    Http2Stream stream = dataStream();
    if (stream != null && endStream) {
      data(stream, Unpooled.EMPTY_BUFFER, 0, true);
    }
  }

  /** The next bytes of the buffer are body. */
  void onData(ByteBuf in, int count, boolean endStream) {
    emptyFrames = 0;
    Http2Stream stream = dataStream();
    if (stream == null) {
      in.skipBytes(count);
      announce(count);
      return;
    }
    ByteBuf piece = in.readRetainedSlice(count);
    try {
      data(stream, piece, count, endStream);
    } finally {
      piece.release();
    }
    if (dataStream() == null) {
      announce(count);
    } else {
      taken(stream, count);
    }
  }

  private void data(Http2Stream stream, ByteBuf piece, int count, boolean endStream) {
    if (stream.bodyLeft >= 0) {
      stream.bodyLeft -= count;
      if (stream.bodyLeft < 0 || (endStream && stream.bodyLeft > 0)) {
        malformed(stream, "http2.violation.of.messaging.rule");
        return;
      }
    }
    stream.remoteEnded = endStream;
    stream.onData(piece, endStream);
    closeIfOver(stream);
  }

  /** Bytes of a stream were passed on: its window opens again, and so does the connection's. */
  private void taken(Http2Stream stream, int count) {
    if (stream.readingStopped) {
      stream.withheld += count;
      return;
    }
    announce(count);
    if (stream.remoteEnded) {
      return;
    }
    stream.unannounced += count;
    if (stream.unannounced >= settings.streamWindowBytes() / 2) {
      stream.receiveWindow += stream.unannounced;
      writeWindowUpdate(stream.id, stream.unannounced);
      stream.unannounced = 0;
    }
  }

  private void announce(int count) {
    unannounced += count;
    if (unannounced >= settings.connectionWindowBytes() / 2 && !over) {
      receiveWindow += unannounced;
      writeWindowUpdate(0, unannounced);
      unannounced = 0;
    }
  }

  void readingResumed(Http2Stream stream) {
    int count = stream.withheld;
    if (count > 0) {
      stream.withheld = 0;
      taken(stream, count);
    }
  }

  void onPriority(int id, int dependency) {
    if (++priorityFrames > settings.floods().priorityFramesPerStreamMax() * (1 + streamsOpened)) {
      flood(stats.priorityFlood, "http2.inbound_priority_frames_flood");
      return;
    }
    if (id == dependency) {
      Http2Stream stream = streams.get(id);
      if (stream == null) {
        writeReset(id, Http2Error.PROTOCOL_ERROR);
      } else {
        streamError(
            stream, Http2Reset.MALFORMED, Http2Error.PROTOCOL_ERROR, "http2.self_dependency");
      }
    }
  }

  void onResetFrame(int id, int code) {
    if (isIdle(id)) {
      fail(Http2Error.PROTOCOL_ERROR, "http2.idle_stream");
      return;
    }
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      return;
    }
    stats.rxReset.inc();
    Http2Error error = Http2Error.of(code);
    boolean spoilt = server && !stream.localEnded;
    if (error == Http2Error.REFUSED_STREAM) {
      close(stream, Http2Reset.REMOTE_REFUSED, error, "http2.remote_refuse");
    } else {
      close(stream, Http2Reset.REMOTE, error, "http2.remote_reset");
    }
    judge(spoilt);
  }

  void onSettings(int flags, byte[] payload, int length) {
    settingsReceived = true;
    if ((flags & Http2FrameReader.ACK) != 0) {
      if (!settingsAcknowledged) {
        settingsAcknowledged = true;
        decoder.tableBytesMax(settings.hpackTableBytes());
      }
      return;
    }
    for (int at = 0; at < length; at += 6) {
      int id = ((payload[at] & 0xff) << 8) | (payload[at + 1] & 0xff);
      long value = Http2FrameReader.int32(payload, at + 2) & 0xffffffffL;
      if (!setting(id, value)) {
        return;
      }
    }
    ByteBuf out = writer.gather(9);
    frameHeader(out, 0, Http2FrameReader.SETTINGS, Http2FrameReader.ACK, 0);
    wroteControl();
    pump();
    if (!over) {
      listener.onSettings();
    }
  }

  private boolean setting(int id, long value) {
    switch (id) {
      case HEADER_TABLE_SIZE -> encoder.peerTableBytesMax(value);
      case ENABLE_PUSH -> {
        if (value > 1 || (!server && value != 0)) {
          fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_setting");
          return false;
        }
      }
      case MAX_CONCURRENT_STREAMS -> peerStreamsMax = (int) Math.min(value, Integer.MAX_VALUE);
      case INITIAL_WINDOW_SIZE -> {
        if (value > Http2Settings.WINDOW_BYTES_MAX) {
          fail(Http2Error.FLOW_CONTROL_ERROR, "http2.invalid_setting");
          return false;
        }
        return peerWindow((int) value);
      }
      case MAX_FRAME_SIZE -> {
        if (value < Http2FrameReader.FRAME_BYTES_MAX || value > 0xffffff) {
          fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_setting");
          return false;
        }
        peerFrameBytesMax = (int) value;
      }
      case ENABLE_CONNECT_PROTOCOL -> {
        if (value > 1) {
          fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_setting");
          return false;
        }
      }
      default -> {
        // unknown settings are ignored (RFC 9113 section 6.5.2)
      }
    }
    return true;
  }

  /** Every stream's window moves by the difference, below zero if need be (section 6.9.2). */
  private boolean peerWindow(int bytes) {
    int change = bytes - peerWindowBytes;
    peerWindowBytes = bytes;
    if (change == 0 || streams.size() == 0) {
      return true;
    }
    for (Http2Stream stream : streams.toArray()) {
      long moved = (long) stream.sendWindow + change;
      if (moved > Http2Settings.WINDOW_BYTES_MAX) {
        fail(Http2Error.FLOW_CONTROL_ERROR, "http2.flow_control_error");
        return false;
      }
      stream.sendWindow = (int) moved;
      if (moved > 0) {
        waitForConnection(stream);
      }
    }
    return true;
  }

  void onPing(int flags, byte[] payload) {
    if ((flags & Http2FrameReader.ACK) != 0) {
      if (pingUnanswered) {
        pingUnanswered = false;
        loop.timers().start(keepAlive, settings.keepAlive().intervalNanos());
      }
      return;
    }
    ByteBuf out = writer.gather(17);
    frameHeader(out, 8, Http2FrameReader.PING, Http2FrameReader.ACK, 0);
    out.writeBytes(payload, 0, 8);
    wroteControl();
  }

  private void onKeepAlive() {
    if (over) {
      return;
    }
    if (pingUnanswered) {
      stats.keepAliveTimeout.inc();
      fail(Http2Error.NO_ERROR, "http2.keepalive_timeout");
      return;
    }
    pingUnanswered = true;
    ByteBuf out = writer.gather(17);
    frameHeader(out, 8, Http2FrameReader.PING, 0, 0);
    out.writeLong(loop.nanos());
    loop.timers().start(keepAlive, settings.keepAlive().timeoutNanos());
    wroteControl();
  }

  void onGoAway(int lastId, int code) {
    goAwayReceived = true;
    Http2Error error = Http2Error.of(code);
    if (!server) {
      for (Http2Stream stream : streams.toArray()) {
        if (stream.id > lastId && !stream.closed) {
          close(stream, Http2Reset.REMOTE_REFUSED, error, "http2.remote_refuse");
        }
      }
    }
    if (!over) {
      listener.onGoAway(error);
    }
  }

  void onWindowUpdate(int id, int increment) {
    Http2Settings.Floods floods = settings.floods();
    if (++windowUpdates
        > 5 + 2 * (streamsOpened + floods.windowUpdatesPerDataFrameMax() * dataFramesSent)) {
      flood(stats.windowUpdateFlood, "http2.inbound_window_update_frames_flood");
      return;
    }
    if (id == 0) {
      if (increment == 0) {
        fail(Http2Error.PROTOCOL_ERROR, "http2.invalid_window_update");
      } else if (sendWindow > Http2Settings.WINDOW_BYTES_MAX - increment) {
        fail(Http2Error.FLOW_CONTROL_ERROR, "http2.flow_control_error");
      } else {
        sendWindow += increment;
        pump();
      }
      return;
    }
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      if (isIdle(id)) {
        fail(Http2Error.PROTOCOL_ERROR, "http2.idle_stream");
      }
      return;
    }
    if (increment == 0) {
      streamError(
          stream, Http2Reset.MALFORMED, Http2Error.PROTOCOL_ERROR, "http2.invalid_window_update");
    } else if ((long) stream.sendWindow + increment > Http2Settings.WINDOW_BYTES_MAX) {
      streamError(
          stream, Http2Reset.MALFORMED, Http2Error.FLOW_CONTROL_ERROR, "http2.flow_control_error");
    } else {
      stream.sendWindow += increment;
      if (stream.sendWindow > 0) {
        waitForConnection(stream);
        pump();
      }
    }
  }

  // ---- the end of streams

  private void rememberReset(int id) {
    resetIds[resetAt] = id;
    resetAt = (resetAt + 1) % RESET_IDS;
  }

  /** Whether the stream was reset here a short while ago: the peer may not know it yet. */
  private boolean wasReset(int id) {
    for (int reset : resetIds) {
      if (reset == id) {
        return true;
      }
    }
    return false;
  }

  /** The peer did wrong on one stream. */
  private void streamError(
      Http2Stream stream, Http2Reset reason, Http2Error error, String details) {
    rememberReset(stream.id);
    writeReset(stream.id, error);
    close(stream, reason, error, details);
    judge(true);
  }

  /** The stream's own side gives it up. */
  void resetStream(Http2Stream stream, Http2Error error) {
    if (stream.id != 0) {
      rememberReset(stream.id);
      writeReset(stream.id, error);
    }
    close(stream);
    judge(false);
  }

  private void streamOver(boolean spoilt) {
    judge(spoilt);
  }

  /** A peer most of whose streams end badly is only after the work they make. */
  private void judge(boolean spoilt) {
    if (!server) {
      return;
    }
    streamsOver++;
    if (spoilt) {
      streamsSpoilt++;
      if (streamsOver >= JUDGED_STREAMS_MIN && streamsSpoilt * 2 > streamsOver) {
        flood(stats.resetFlood, "http2.too_many_premature_resets");
      }
    }
  }

  void closeIfOver(Http2Stream stream) {
    if (stream.closed || !stream.localEnded || stream.hasQueued()) {
      return;
    }
    if (stream.remoteEnded) {
      close(stream);
      judge(false);
    } else if (stream.abandoned) {
      resetStream(stream, Http2Error.NO_ERROR);
    }
  }

  private void close(Http2Stream stream) {
    forget(stream);
    listener.onStreamClosed(stream);
  }

  private void close(Http2Stream stream, Http2Reset reason, Http2Error error, String details) {
    forget(stream);
    stream.onReset(reason, error, details);
    listener.onStreamClosed(stream);
  }

  private void forget(Http2Stream stream) {
    stream.closed = true;
    stats.streamsActive.dec();
    if (stream.id == 0) {
      reserved.remove(stream);
    } else {
      streams.remove(stream);
    }
    if (stream.waiting) {
      leaveWaiting(stream);
    }
    if (stream.queuedBytes > 0) {
      stats.pendingSendBytes.add(-stream.queuedBytes);
    }
    stream.discardQueued();
    if (stream.hasFlushTimer()) {
      loop.timers().cancel(stream.flushTimer());
    }
    int withheld = stream.withheld;
    if (withheld > 0) {
      stream.withheld = 0;
      announce(withheld);
    }
  }

  void flushTimedOut(Http2Stream stream) {
    stats.txFlushTimeout.inc();
    resetStream(stream, Http2Error.NO_ERROR);
  }

  // ---- frames out

  private static void frameHeader(ByteBuf out, int length, int type, int flags, int id) {
    out.writeInt((length << 8) | type);
    out.writeByte(flags);
    out.writeInt(id);
  }

  private void wroteControl() {
    writer.flush();
    if (!controlFrames.written(writer)) {
      flood(stats.outboundControlFlood, "http2.outbound_control_frames_flood");
    } else {
      wrote();
    }
  }

  private void wrote() {
    if (!frames.written(writer)) {
      flood(stats.outboundFlood, "http2.outbound_frames_flood");
    }
  }

  private void writeReset(int id, Http2Error error) {
    if (over) {
      return;
    }
    stats.txReset.inc();
    ByteBuf out = writer.gather(13);
    frameHeader(out, 4, Http2FrameReader.RST_STREAM, 0, id);
    out.writeInt(error.code());
    wroteControl();
  }

  private void writeWindowUpdate(int id, int increment) {
    if (over) {
      return;
    }
    ByteBuf out = writer.gather(13);
    frameHeader(out, 4, Http2FrameReader.WINDOW_UPDATE, 0, id);
    out.writeInt(increment);
    wroteControl();
  }

  void sendHead(Http2Stream stream, int status, HeaderBlock headers, boolean endStream) {
    if (over) {
      return;
    }
    encoder.begin();
    if (status == 0) {
      if (stream.id == 0) {
        beginRequest(stream, headers);
      }
      encoder.request(headers);
    } else {
      encoder.status(status);
      encoder.fields(headers);
    }
    writeHead(stream.id, endStream);
    if (endStream) {
      stream.localEnded = true;
      closeIfOver(stream);
    }
  }

  private void beginRequest(Http2Stream stream, HeaderBlock headers) {
    int id = nextId;
    nextId += 2;
    reserved.remove(stream);
    stream.id = id;
    stream.sendWindow = peerWindowBytes;
    stream.receiveWindow = settings.streamWindowBytes();
    stream.headRequest = Http2Heads.isHeadRequest(headers);
    streams.put(stream);
  }

  /** Writes the encoded field block, in as many frames as the peer's limit asks for. */
  private void writeHead(int id, boolean endStream) {
    byte[] block = encoder.array();
    int length = encoder.length();
    int first = Math.min(length, peerFrameBytesMax);
    ByteBuf out = writer.gather(length + (length / peerFrameBytesMax + 1) * 9);
    int flags = endStream ? Http2FrameReader.END_STREAM : 0;
    boolean whole = first == length;
    frameHeader(
        out,
        first,
        Http2FrameReader.HEADERS,
        whole ? flags | Http2FrameReader.END_HEADERS : flags,
        id);
    out.writeBytes(block, 0, first);
    for (int at = first; at < length; ) {
      int count = Math.min(length - at, peerFrameBytesMax);
      boolean end = at + count == length;
      frameHeader(
          out, count, Http2FrameReader.CONTINUATION, end ? Http2FrameReader.END_HEADERS : 0, id);
      out.writeBytes(block, at, count);
      at += count;
    }
    writer.flush();
    wrote();
  }

  void sendData(Http2Stream stream, ByteBuf data, boolean endStream) {
    if (over) {
      return;
    }
    int length = data.readableBytes();
    stream.localEnded = endStream;
    boolean fits = length == 0 || length <= Math.min(stream.sendWindow, sendWindow);
    if (stream.hasQueued() || !fits) {
      sendLater(stream, data, length, endStream);
      return;
    }
    if (length > 0 || endStream) {
      stream.sendWindow -= length;
      sendWindow -= length;
      writeData(stream.id, data, data.readerIndex(), length, endStream);
      closeIfOver(stream);
    }
  }

  private void sendLater(Http2Stream stream, ByteBuf data, int length, boolean endStream) {
    stream.endQueued = endStream;
    if (length > 0) {
      stream.enqueue(data.retainedSlice());
      stats.pendingSendBytes.add(length);
    }
    if (endStream) {
      startFlushTimer(stream);
    }
    if (stream.sendWindow > 0) {
      waitForConnection(stream);
      pump();
    }
    if (!stream.closed) {
      tellWritable(stream);
    }
  }

  private void startFlushTimer(Http2Stream stream) {
    if (flushNanos > 0) {
      loop.timers().start(stream.flushTimer(), flushNanos);
    }
  }

  void sendTrailers(Http2Stream stream, HeaderBlock trailers) {
    if (over) {
      return;
    }
    stream.localEnded = true;
    if (stream.hasQueued()) {
      HeaderBlock copy = new HeaderBlock();
      copy.copyFrom(trailers);
      stream.trailersQueued = copy;
      stream.endQueued = true;
      startFlushTimer(stream);
      return;
    }
    writeTrailers(stream, trailers);
    closeIfOver(stream);
  }

  private void writeTrailers(Http2Stream stream, HeaderBlock trailers) {
    encoder.begin();
    encoder.fields(trailers);
    writeHead(stream.id, true);
  }

  /** Writes bytes whose windows are taken, in frames that the peer accepts. */
  private void writeData(int id, ByteBuf data, int from, int length, boolean endStream) {
    int at = from;
    int left = length;
    do {
      int count = Math.min(left, Http2FrameReader.FRAME_BYTES_MAX);
      left -= count;
      boolean end = endStream && left == 0;
      frameHeader(
          writer.gather(9),
          count,
          Http2FrameReader.DATA,
          end ? Http2FrameReader.END_STREAM : 0,
          id);
      writer.write(data, at, count);
      at += count;
      dataFramesSent++;
      writer.flush();
      wrote();
    } while (left > 0 && !over);
  }

  // ---- those who wait for windows

  private void waitForConnection(Http2Stream stream) {
    if (stream.waiting || !stream.hasQueued()) {
      return;
    }
    stream.waiting = true;
    Http2Stream head = waiting;
    if (head == null) {
      waiting = stream;
      stream.nextWaiting = stream;
      stream.previousWaiting = stream;
      return;
    }
    Http2Stream tail = head.previousWaiting == null ? head : head.previousWaiting;
    stream.nextWaiting = head;
    stream.previousWaiting = tail;
    tail.nextWaiting = stream;
    head.previousWaiting = stream;
  }

  private void leaveWaiting(Http2Stream stream) {
    Http2Stream next = stream.nextWaiting;
    Http2Stream previous = stream.previousWaiting;
    stream.waiting = false;
    stream.nextWaiting = null;
    stream.previousWaiting = null;
    if (next == null || previous == null || next == stream) {
      waiting = null;
      return;
    }
    previous.nextWaiting = next;
    next.previousWaiting = previous;
    if (waiting == stream) {
      waiting = next;
    }
  }

  /** Sends what the windows allow, a frame of each waiting stream in turn. */
  private void pump() {
    while (!over) {
      Http2Stream stream = waiting;
      if (stream == null) {
        return;
      }
      ByteBuf first = stream.firstQueued();
      if (first == null) {
        leaveWaiting(stream);
        endQueued(stream);
        continue;
      }
      int allowed = Math.min(stream.sendWindow, sendWindow);
      if (allowed <= 0) {
        if (sendWindow <= 0) {
          return;
        }
        leaveWaiting(stream);
        continue;
      }
      waiting = stream.nextWaiting;
      sendQueued(stream, first, Math.min(allowed, Http2FrameReader.FRAME_BYTES_MAX));
    }
  }

  private void sendQueued(Http2Stream stream, ByteBuf first, int allowed) {
    int size = first.readableBytes();
    int count = Math.min(size, allowed);
    stream.sendWindow -= count;
    sendWindow -= count;
    stream.queuedBytes -= count;
    stats.pendingSendBytes.add(-count);
    boolean all = count == size;
    boolean end =
        all && stream.queuedBytes == 0 && stream.endQueued && stream.trailersQueued == null;
    if (end) {
      stream.endQueued = false;
    }
    int from = first.readerIndex();
    if (!all) {
      first.skipBytes(count);
    }
    writeData(stream.id, first, from, count, end);
    if (stream.closed) {
      return;
    }
    if (all) {
      stream.removeQueued();
    }
    if (end) {
      if (stream.waiting) {
        leaveWaiting(stream);
      }
      closeIfOver(stream);
      return;
    }
    if (stream.queuedBytes == 0) {
      if (stream.waiting) {
        leaveWaiting(stream);
      }
      if (stream.endQueued) {
        endQueued(stream);
        return;
      }
    }
    if (stream.toldUnwritable) {
      tellWritable(stream);
    }
  }

  /** Nothing waits any more but the end. */
  private void endQueued(Http2Stream stream) {
    if (!stream.endQueued) {
      return;
    }
    stream.endQueued = false;
    HeaderBlock trailers = stream.trailersQueued;
    stream.trailersQueued = null;
    if (trailers != null) {
      writeTrailers(stream, trailers);
    } else {
      writeData(stream.id, Unpooled.EMPTY_BUFFER, 0, 0, true);
    }
    closeIfOver(stream);
  }

  boolean isWritable(Http2Stream stream) {
    return !over && stream.queuedBytes <= bufferBytesMax && channel.isWritable();
  }

  private void tellWritable(Http2Stream stream) {
    if (stream.closed || stream.localEnded) {
      return;
    }
    boolean low = stream.queuedBytes <= bufferBytesMax / 2;
    boolean writable =
        stream.toldUnwritable ? low && channel.isWritable() && !over : isWritable(stream);
    if (writable == stream.toldUnwritable) {
      stream.toldUnwritable = !writable;
      stream.onWritable(writable);
    }
  }
}
