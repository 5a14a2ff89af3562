package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.CodecError;
import io.meltemi.proxy.codec.HeadEncoder;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.RequestView;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteTable;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.tracing.RequestTrace;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response on their way through the filter chain. Kept per event loop and
 * connection manager, and used again for later streams with its filters, blocks and timers.
 *
 * <p>Any callback may end the stream, and the object may then serve another one before the callback
 * returns: whoever calls out compares {@link #generation} afterwards.
 */
final class HttpStream implements RequestView, StreamTimes.Watcher {
  private static final byte[] TEXT_PLAIN = "text/plain".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEAD = "HEAD".getBytes(StandardCharsets.US_ASCII);

  private enum Phase {
    HEADERS,
    DATA,
    TRAILERS
  }

  /** What the connection, or the stream, is to become for the rest of its life. */
  enum Tunnel {
    /** An ordinary request. */
    NONE,
    /** Another protocol, named in {@code upgrade}; an extended CONNECT counts as one. */
    UPGRADE,
    /** Plain bytes to what {@code :authority} names. */
    CONNECT
  }

  private final HttpConnectionManager manager;
  private final HttpConnectionManagerSettings settings;
  private final LoopContext loop;
  private final HttpFilter[] mainFilters;

  /** Of upgrades that have filters of their own, made at first use. */
  private final Map<String, HttpFilter[]> upgradeFilters = new HashMap<>(2);

  private List<HttpConnectionManager.ChainEntry> chain;
  private HttpFilter[] filters;
  private int last;
  final HeaderBlock request = new HeaderBlock();
  final HeaderBlock response = new HeaderBlock();
  final HeaderBlock requestTrailers = new HeaderBlock();
  final StreamInfo info = new StreamInfo();
  private final @Nullable RequestTrace trace;
  private final byte[] uuid = new byte[36];
  private final RouteChoice choice = new RouteChoice();
  private final StreamTimes times;

  /** Made when the connection manager changes headers early. */
  private @Nullable FormatOutput earlyScratch;

  private @Nullable Http1Exchange http1;

  /** The stream of an HTTP/2 connection that this one is on. */
  @Nullable Http2ServerStream http2;

  /** Set by the connection with the head. */
  Tunnel tunnel = Tunnel.NONE;

  /** Whether the upgrade or CONNECT is let through and counted. */
  private boolean upgradeCounted;

  private @Nullable HttpConnection connection;
  private int generation;
  private long random;
  private boolean internal;
  private boolean routeKnown;
  private boolean headersReceived;
  private boolean headRequest;
  private boolean decodeEnded;
  private boolean trailersHeld;
  private boolean filtersRun;

  /** Whether the request was a gRPC call before a filter changed it. */
  private boolean grpcCall;

  private boolean replied;
  private boolean responseStarted;
  private boolean responseSent;

  /** Whether a filter has answered in place of the response that comes. */
  private boolean replaced;

  private boolean encodeEnded;

  /** Whether the end of the response has gone to the client. */
  private boolean endSent;

  private boolean readingHeldByBuffer;

  /** The filters that take no more of the request, a bit for each; then of the response. */
  private long requestHeldBy;

  private long responseHeldBy;
  private int decodePausedAt = -1;
  private Phase decodePhase = Phase.HEADERS;
  private FilterStatus decodeStatus = FilterStatus.CONTINUE;
  private @Nullable ByteBuf decodeHeld;
  private boolean decodeGathered;

  /** Whether the end of the request, but for trailers, has come to where it is held. */
  private boolean decodeHeldEnd;

  /** How much of the request may be held; negative for what the connection says. */
  private int requestBufferBytesMax = -1;

  private int encodePausedAt = -1;
  private Phase encodePhase = Phase.HEADERS;
  private FilterStatus encodeStatus = FilterStatus.CONTINUE;
  private @Nullable ByteBuf encodeHeld;
  private boolean encodeGathered;

  /** Whether the end of the response, but for trailers, has come to where it is held. */
  private boolean encodeHeldEnd;

  private @Nullable HeaderBlock encodeTrailers;
  private int status;
  private boolean routerToldUnwritable;

  /** The filters that do not run on this request, a bit for each. */
  private long skipped;

  HttpStream(HttpConnectionManager manager, LoopContext loop) {
    this.manager = manager;
    this.settings = manager.settings();
    this.loop = loop;
    this.times = new StreamTimes(loop, settings.times(), this);
    RequestTrace.Shared tracing = manager.tracing();
    trace = tracing == null ? null : new RequestTrace(tracing, loop, info);
    chain = manager.chains().main();
    mainFilters = newFilters(chain);
    filters = mainFilters;
    last = filters.length - 1;
  }

  private HttpFilter[] newFilters(List<HttpConnectionManager.ChainEntry> entries) {
    HttpFilter[] made = new HttpFilter[entries.size()];
    for (int i = 0; i < made.length; i++) {
      HttpConnectionManager.ChainEntry entry = entries.get(i);
      made[i] = entry.config().newFilter(new Slot(i, entry.name()));
    }
    return made;
  }

  /** The first bytes of a request have come. */
  void begin(HttpConnection newConnection) {
    connection = newConnection;
    long now = loop.now();
    info.startNanos = now;
    info.requestHeaders = request;
    info.responseHeaders = response;
    times.active(now);
    response.clear();
  }

  /** What HTTP/1 needs, made at its first use. */
  Http1Exchange http1() {
    Http1Exchange present = http1;
    if (present == null) {
      present = new Http1Exchange(settings.protocol().head(), settings.protocol().names());
      http1 = present;
    }
    return present;
  }

  int generation() {
    return generation;
  }

  boolean isDecodeEnded() {
    return decodeEnded;
  }

  boolean isResponseSent() {
    return responseSent;
  }

  boolean isHeadRequest() {
    return headRequest;
  }

  boolean areHeadersReceived() {
    return headersReceived;
  }

  private HttpConnection connection() {
    HttpConnection present = connection;
    if (present == null) {
      throw new IllegalStateException("stream is over");
    }
    return present;
  }

  // ---- the request comes in

  /** The request's head is in {@link #request}. */
  void onHeaders(boolean endStream) {
    headersReceived = true;
    decodeEnded = endStream;
    int method = request.find(HeaderName.METHOD);
    headRequest = method >= 0 && request.valueEquals(method, HEAD);
    random = loop.random();
    info.schemeOfUpstream = settings.scheme().ofUpstream();
    count();
    times.begin(endStream);
    if (endStream) {
      info.lastDownstreamRxByteNanos = loop.now();
    }
    int g = generation;
    HttpConnection from = connection();
    applyEarly();
    internal = manager.requestRules().apply(this, from);
    if (generation != g || replied) {
      return;
    }
    if (tunnel != Tunnel.NONE && !admitTunnel()) {
      return;
    }
    filtersRun = true;
    grpcCall = GrpcHeaders.isGrpc(request);
    // as in Envoy the route is found before the first filter: it says which of them run
    skipped = manager.skipped(chain, choice().filterConfigs());
    if (trace != null) {
      trace.begin(request, traceOfRoute(), from.downstream().settings().outbound());
    }
    decodeHeadersFrom(0, endStream);
  }

  private void applyEarly() {
    HeaderMutations early = settings.early();
    if (early.isEmpty()) {
      return;
    }
    FormatOutput scratch = earlyScratch;
    if (scratch == null) {
      scratch = new FormatOutput();
      earlyScratch = scratch;
    }
    early.apply(request, info, scratch);
  }

  private RequestTrace.OfRoute traceOfRoute() {
    Route route = choice().route();
    return route == null ? RequestTrace.OfRoute.NONE : route.labels().trace();
  }

  /** Asks route and connection manager whether they let an upgrade or CONNECT through. */
  private boolean admitTunnel() {
    String type = "connect";
    if (tunnel == Tunnel.UPGRADE) {
      String asked = request.get(HeaderName.UPGRADE);
      type = asked == null ? "" : asked.toLowerCase(Locale.ROOT);
    }
    Route route = choice().route();
    boolean allowed = settings.upgrades().getOrDefault(type, false);
    if (route != null && route.action() instanceof RouteAction.Forward forward) {
      allowed = forward.options().upgrades().getOrDefault(type, allowed);
    }
    if (!allowed) {
      String cluster = choice.cluster();
      info.upstreamCluster = cluster == null ? "" : cluster;
      manager.stats().rqWsOnNonWsRoute.inc();
      sendLocalReply(LocalReply.of(403, "", null, "upgrade_failed"));
      return false;
    }
    upgradeCounted = true;
    manager.stats().cxUpgradesTotal.inc();
    manager.stats().cxUpgradesActive.inc();
    List<HttpConnectionManager.ChainEntry> own = manager.chains().upgrades().get(type);
    if (own != null) {
      chain = own;
      filters = upgradeFilters.computeIfAbsent(type, _ -> newFilters(own));
      last = filters.length - 1;
    }
    return true;
  }

  /** Whether an answer of that status lets the tunnel begin. */
  boolean isTunnelled(int answer) {
    return switch (tunnel) {
      case NONE -> false;
      case UPGRADE -> answer == 101;
      case CONNECT -> answer >= 200 && answer < 300;
    };
  }

  private void count() {
    manager.stats().rqTotal.inc();
    manager.stats().rqActive.inc();
    connection().describe(this);
  }

  private void requestEnded() {
    decodeEnded = true;
    info.lastDownstreamRxByteNanos = loop.now();
    times.endRequest();
  }

  private void decodeHeadersFrom(int from, boolean end) {
    int g = generation;
    for (int i = from; i <= last; i++) {
      if (isSkipped(i)) {
        continue;
      }
      FilterStatus answer = filters[i].decodeHeaders(request, end);
      if (generation != g || replied) {
        return;
      }
      if (answer != FilterStatus.CONTINUE && i < last) {
        pauseDecode(i, Phase.HEADERS, answer);
        decodeHeldEnd |= end;
        return;
      }
    }
  }

  private void pauseDecode(int at, Phase phase, FilterStatus answer) {
    decodePausedAt = at;
    decodePhase = phase;
    decodeStatus = answer;
  }

  /** A piece of the request's body, lent for the call. */
  void onData(ByteBuf data, boolean endStream) {
    times.active(loop.now());
    info.bytesReceived += data.readableBytes();
    if (endStream) {
      requestEnded();
    }
    if (replied || encodeEnded) {
      return;
    }
    decodeDataFrom(0, data, endStream);
  }

  /** The request's trailers are in {@link #requestTrailers}. */
  void onTrailers() {
    requestEnded();
    if (replied || encodeEnded) {
      return;
    }
    decodeTrailersFrom(0);
  }

  private void trailersWhilePaused() {
    trailersHeld = true;
    if (decodeStatus == FilterStatus.BUFFER) {
      int g = generation;
      int at = decodePausedAt;
      FilterStatus answer = filters[at].decodeTrailers(requestTrailers);
      if (generation == g && !replied) {
        if (answer == FilterStatus.CONTINUE) {
          continueDecoding(at);
        } else if (answer == FilterStatus.TAKEN) {
          trailersHeld = false;
        }
      }
    }
  }

  /** Whether a filter is passed over: it has not seen the headers, or need not see more. */
  private boolean isPassed(int filter) {
    return isSkipped(filter) || (filter < decodePausedAt && !filters[filter].changesBody());
  }

  /** The same on the way back. */
  private boolean isPassedBack(int filter) {
    return isSkipped(filter)
        || (encodePausedAt >= 0 && filter > encodePausedAt && !filters[filter].changesBody());
  }

  private void decodeDataFrom(int from, ByteBuf data, boolean end) {
    int g = generation;
    ByteBuf piece = data;
    ByteBuf owned = null;
    try {
      for (int i = from; i <= last; i++) {
        if (isPassed(i)) {
          continue;
        }
        if (i == decodePausedAt) {
          dataWhilePaused(piece, end);
          return;
        }
        FilterStatus answer = filters[i].decodeData(piece, end);
        if (generation != g || replied || answer == FilterStatus.TAKEN) {
          return;
        }
        if (answer != FilterStatus.CONTINUE && i < last) {
          pauseDecode(i, Phase.DATA, answer);
          decodeHeldEnd |= end;
          holdDecoded(piece);
          return;
        }
        if (decodeGathered) {
          decodeGathered = false;
          ByteBuf gathered = decodeHeld;
          decodeHeld = null;
          if (owned != null) {
            owned.release();
          }
          owned = gathered;
          piece = gathered == null ? Unpooled.EMPTY_BUFFER : gathered;
        }
      }
    } finally {
      if (owned != null) {
        owned.release();
      }
    }
  }

  private void decodeTrailersFrom(int from) {
    int g = generation;
    for (int i = from; i <= last; i++) {
      if (isPassed(i)) {
        continue;
      }
      if (i == decodePausedAt) {
        trailersWhilePaused();
        return;
      }
      FilterStatus answer = filters[i].decodeTrailers(requestTrailers);
      if (generation != g || replied || answer == FilterStatus.TAKEN) {
        return;
      }
      if (answer != FilterStatus.CONTINUE && i < last) {
        trailersHeld = true;
        pauseDecode(i, Phase.TRAILERS, answer);
        return;
      }
    }
  }

  private void dataWhilePaused(ByteBuf data, boolean end) {
    boolean heldEnd = decodeHeldEnd;
    decodeHeldEnd |= end;
    if (decodeStatus == FilterStatus.BUFFER) {
      int g = generation;
      int at = decodePausedAt;
      FilterStatus answer = filters[at].decodeData(data, end);
      if (generation != g || replied) {
        return;
      }
      if (answer == FilterStatus.TAKEN) {
        // the filter sends an end of its own
        decodeHeldEnd = heldEnd;
        return;
      }
      holdDecoded(data);
      if (generation != g || replied) {
        return;
      }
      if (answer == FilterStatus.CONTINUE) {
        continueDecoding(at);
      } else {
        decodeStatus = answer;
      }
      return;
    }
    holdDecoded(data);
  }

  private ByteBuf gatherDecoded(ByteBuf data) {
    ByteBuf held = decodeHeld;
    if (held == null) {
      held = connection().allocator().buffer(Math.max(256, data.readableBytes()));
      decodeHeld = held;
    }
    held.writeBytes(data, data.readerIndex(), data.readableBytes());
    return held;
  }

  private void holdDecoded(ByteBuf data) {
    ByteBuf held = decodeGathered ? decodeHeld : gatherDecoded(data);
    decodeGathered = false;
    if (held == null) {
      return;
    }
    int max = requestBufferBytesMax < 0 ? connection().bufferBytesMax() : requestBufferBytesMax;
    if (held.readableBytes() <= max) {
      return;
    }
    if (decodeStatus == FilterStatus.BUFFER) {
      manager.stats().rqTooLarge.inc();
      sendLocalReply(
          LocalReply.of(413, HeadEncoder.reason(413), null, "request_payload_too_large"));
    } else {
      readingHeldByBuffer = true;
      updateReading();
    }
  }

  private void updateReading() {
    connection().setReading(this, !readingHeldByBuffer && requestHeldBy == 0);
  }

  private void continueDecoding(int at) {
    if (decodePausedAt != at || replied) {
      return;
    }
    Phase phase = decodePhase;
    int bodyFrom =
        phase == Phase.HEADERS && decodeStatus == FilterStatus.PAUSE && filters[at].seesHeldBody()
            ? at
            : at + 1;
    decodePausedAt = -1;
    decodeStatus = FilterStatus.CONTINUE;
    int g = generation;
    if (phase == Phase.HEADERS) {
      decodeHeadersFrom(at + 1, decodeHeldEnd && decodeHeld == null && !trailersHeld);
      if (generation != g || replied) {
        return;
      }
      if (decodePausedAt >= 0) {
        showHeld(g);
        return;
      }
    }
    if (phase != Phase.TRAILERS) {
      ByteBuf held = decodeHeld;
      if (held != null) {
        decodeHeld = null;
        boolean end = decodeHeldEnd;
        decodeHeldEnd = false;
        try {
          decodeDataFrom(bodyFrom, held, end && !trailersHeld);
        } finally {
          held.release();
        }
        if (generation != g || replied) {
          return;
        }
      }
    }
    if (trailersHeld && decodePausedAt < 0) {
      trailersHeld = false;
      decodeTrailersFrom(bodyFrom);
      if (generation != g || replied) {
        return;
      }
    }
    if (readingHeldByBuffer && decodeHeld == null) {
      readingHeldByBuffer = false;
      updateReading();
    }
  }

  /** A filter that has just paused to buffer is shown what another one held back before. */
  private void showHeld(int g) {
    ByteBuf held = decodeHeld;
    if (held == null || decodeStatus != FilterStatus.BUFFER) {
      return;
    }
    decodeHeld = null;
    try {
      if (generation == g) {
        dataWhilePaused(held, decodeHeldEnd && !trailersHeld);
      }
    } finally {
      held.release();
    }
  }

  /** The request cannot be read. */
  void onCodecError(CodecError error) {
    manager.stats().cxProtocolError.inc();
    if (!headersReceived) {
      headersReceived = true;
      count();
    }
    info.set(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR);
    if (responseStarted) {
      resetStream(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR, error.details());
      return;
    }
    sendLocalReply(
        LocalReply.of(
            error.status(),
            HeadEncoder.reason(error.status()),
            ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR,
            error.details()));
  }

  /** The request is not served here; no filter sees it. */
  void refuse(LocalReply reply) {
    headersReceived = true;
    int method = request.find(HeaderName.METHOD);
    headRequest = method >= 0 && request.valueEquals(method, HEAD);
    count();
    sendLocalReply(reply);
  }

  /**
   * The client, or its codec, breaks the stream off; the connection goes on.
   *
   * @param flag why
   */
  void onReset(ResponseFlag flag, String details) {
    if (!headersReceived) {
      headersReceived = true;
      count();
    }
    info.set(flag);
    info.responseCodeDetails = details;
    manager.stats().rqRxReset.inc();
    finish();
  }

  /** The client is gone. */
  void onConnectionClosed() {
    info.set(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION);
    if (info.responseCodeDetails.isEmpty() || !endSent) {
      info.responseCodeDetails = "downstream_remote_disconnect";
    }
    manager.stats().rqRxReset.inc();
    finish();
  }

  void onWritable(boolean writable) {
    if (!filtersRun || replied) {
      return;
    }
    tellWritable(
        writable && responseHeldBy == 0 && encodeHeldBytes() <= connection().bufferBytesMax());
  }

  private void tellWritable(boolean writable) {
    routerToldUnwritable = !writable;
    int g = generation;
    for (int i = 0; i <= last && generation == g; i++) {
      if (!isSkipped(i)) {
        filters[i].onDownstreamWritable(writable);
      }
    }
  }

  private boolean isSkipped(int filter) {
    return (skipped >>> filter & 1) != 0;
  }

  private int encodeHeldBytes() {
    ByteBuf held = encodeHeld;
    return held == null ? 0 : held.readableBytes();
  }

  // ---- time

  @Override
  public void onIdleTimeout() {
    manager.stats().rqIdleTimeout.inc();
    timeout("stream timeout", ResponseFlag.STREAM_IDLE_TIMEOUT, "stream_idle_timeout");
  }

  @Override
  public void onRequestTimeout() {
    manager.stats().rqTimeout.inc();
    timeout("request timeout", null, "request_overall_timeout");
  }

  @Override
  public void onDurationTimeout() {
    manager.stats().rqMaxDurationReached.inc();
    timeout(
        "downstream duration timeout",
        responseStarted ? null : ResponseFlag.DURATION_TIMEOUT,
        "max_duration_timeout");
  }

  private void timeout(String text, @Nullable ResponseFlag flag, String details) {
    if (responseStarted) {
      resetStream(flag, details);
    } else {
      sendLocalReply(LocalReply.of(decodeEnded ? 504 : 408, text, flag, details));
    }
  }

  /** The head did not come in time. */
  void onHeadTimeout() {
    manager.stats().rqHeaderTimeout.inc();
    headersReceived = true;
    count();
    sendLocalReply(LocalReply.of(408, "Request Timeout", null, "request_header_timeout"));
  }

  // ---- the response goes out

  void sendLocalReply(LocalReply reply) {
    if (responseStarted) {
      resetStream(reply.flag(), reply.details());
      return;
    }
    replied = true;
    decodePausedAt = -1;
    releaseDecodeHeld();
    encodePausedAt = -1;
    encodeHeldEnd = false;
    ResponseFlag flag = reply.flag();
    if (flag != null) {
      info.set(flag);
    }
    info.responseCodeDetails = reply.details();
    boolean grpc = writeHead(reply);
    boolean bodiless = grpc || reply.body().length == 0 || headRequest;
    int g = generation;
    startResponse(last, grpc ? 200 : reply.status(), bodiless);
    if (generation == g && !bodiless) {
      dataFrom(last, Unpooled.wrappedBuffer(reply.body()), true);
    }
  }

  /** Whether the reply is one to a gRPC call, which has no body. */
  private boolean writeHead(LocalReply reply) {
    response.clear();
    if (filtersRun ? grpcCall : GrpcHeaders.isGrpc(request)) {
      response.addNumber(HeaderName.STATUS, 200);
      reply.headers().accept(response);
      GrpcReplies.write(response, reply.status(), reply.body());
      return true;
    }
    response.addNumber(HeaderName.STATUS, reply.status());
    byte[] text = reply.body();
    if (text.length > 0) {
      response.addNumber(HeaderName.CONTENT_LENGTH, text.length);
      response.add(HeaderName.CONTENT_TYPE, TEXT_PLAIN);
    }
    reply.headers().accept(response);
    return false;
  }

  /** Answers in place of a response whose head is not out yet; no filter sees it. */
  private void replaceResponse(LocalReply reply) {
    if (responseSent) {
      resetStream(reply.flag(), reply.details());
      return;
    }
    replaced = true;
    encodePausedAt = -1;
    encodeGathered = false;
    releaseEncodeHeld();
    encodeTrailers = null;
    encodeEnded = true;
    ResponseFlag flag = reply.flag();
    if (flag != null) {
      info.set(flag);
    }
    info.responseCodeDetails = reply.details();
    boolean grpc = writeHead(reply);
    status = grpc ? 200 : reply.status();
    boolean bodiless = grpc || reply.body().length == 0 || headRequest;
    int g = generation;
    emitHeaders(bodiless);
    if (generation == g && !bodiless) {
      ByteBuf body = Unpooled.wrappedBuffer(reply.body());
      info.bytesSent += body.readableBytes();
      endSent = true;
      connection().sendData(this, body, true);
    }
  }

  private void startResponse(int from, int newStatus, boolean endStream) {
    responseStarted = true;
    status = newStatus;
    if (endStream) {
      encodeEnded = true;
    }
    if (filtersRun) {
      encodeHeadersFrom(from, endStream);
    } else {
      emitHeaders(endStream);
    }
  }

  private void encodeHeadersFrom(int from, boolean endStream) {
    int g = generation;
    for (int i = from; i >= 0; i--) {
      if (isSkipped(i)) {
        continue;
      }
      FilterStatus answer = filters[i].encodeHeaders(response, endStream);
      if (generation != g || replaced) {
        return;
      }
      if (answer != FilterStatus.CONTINUE) {
        encodePausedAt = i;
        encodePhase = Phase.HEADERS;
        encodeStatus = answer;
        encodeHeldEnd |= endStream;
        return;
      }
    }
    emitHeaders(endStream);
  }

  private void emitHeaders(boolean endStream) {
    long now = loop.now();
    times.active(now);
    responseSent = true;
    if (!decodeEnded) {
      // an answer is under way, and the time that was left for the request counts no more
      times.endRequest();
    }
    info.responseCode = status;
    info.firstDownstreamTxByteNanos = now;
    if (trace != null) {
      trace.onResponse(response);
    }
    manager.responseRules().apply(this, response);
    endSent = endStream;
    connection().sendHeaders(this, status, response, endStream);
  }

  private void dataFrom(int from, ByteBuf data, boolean endStream) {
    if (replaced) {
      return;
    }
    if (endStream) {
      encodeEnded = true;
    }
    encodeDataFrom(from, data, endStream);
  }

  private void encodeDataFrom(int from, ByteBuf data, boolean endStream) {
    ByteBuf piece = data;
    ByteBuf owned = null;
    try {
      if (filtersRun) {
        int g = generation;
        for (int i = from; i >= 0; i--) {
          if (isPassedBack(i)) {
            continue;
          }
          if (i == encodePausedAt) {
            encodeWhilePaused(piece, endStream);
            return;
          }
          FilterStatus answer = filters[i].encodeData(piece, endStream);
          if (generation != g || replaced || answer == FilterStatus.TAKEN) {
            return;
          }
          if (answer != FilterStatus.CONTINUE) {
            encodePausedAt = i;
            encodePhase = Phase.DATA;
            encodeStatus = answer;
            encodeHeldEnd |= endStream;
            holdEncoded(piece);
            return;
          }
          if (encodeGathered) {
            encodeGathered = false;
            ByteBuf gathered = encodeHeld;
            encodeHeld = null;
            if (owned != null) {
              owned.release();
            }
            owned = gathered;
            piece = gathered == null ? Unpooled.EMPTY_BUFFER : gathered;
          }
        }
      }
      times.active(loop.now());
      info.bytesSent += piece.readableBytes();
      endSent = endStream;
      connection().sendData(this, piece, endStream);
    } finally {
      if (owned != null) {
        owned.release();
      }
    }
  }

  private void encodeWhilePaused(ByteBuf data, boolean endStream) {
    boolean heldEnd = encodeHeldEnd;
    encodeHeldEnd |= endStream;
    int g = generation;
    int at = encodePausedAt;
    if (encodeStatus == FilterStatus.BUFFER) {
      FilterStatus answer = filters[at].encodeData(data, endStream);
      if (generation != g || replaced) {
        return;
      }
      if (answer == FilterStatus.TAKEN) {
        encodeHeldEnd = heldEnd;
        return;
      }
      holdEncoded(data);
      if (generation != g) {
        return;
      }
      if (answer == FilterStatus.CONTINUE) {
        continueEncoding(at);
      } else {
        encodeStatus = answer;
      }
      return;
    }
    holdEncoded(data);
  }

  private ByteBuf gatherEncoded(ByteBuf data) {
    ByteBuf held = encodeHeld;
    if (held == null) {
      held = connection().allocator().buffer(Math.max(256, data.readableBytes()));
      encodeHeld = held;
    }
    held.writeBytes(data, data.readerIndex(), data.readableBytes());
    return held;
  }

  private void holdEncoded(ByteBuf data) {
    ByteBuf held = encodeGathered ? encodeHeld : gatherEncoded(data);
    encodeGathered = false;
    if (held == null) {
      return;
    }
    if (held.readableBytes() <= connection().bufferBytesMax()) {
      return;
    }
    if (encodeStatus == FilterStatus.BUFFER) {
      if (responseSent) {
        resetStream(null, "response_payload_too_large");
      } else {
        responseStarted = false;
        encodeEnded = false;
        encodeHeldEnd = false;
        releaseEncodeHeld();
        sendLocalReply(
            LocalReply.of(500, HeadEncoder.reason(500), null, "response_payload_too_large"));
      }
    } else if (!routerToldUnwritable) {
      tellWritable(false);
    }
  }

  private void continueEncoding(int at) {
    if (encodePausedAt != at) {
      return;
    }
    Phase phase = encodePhase;
    int bodyFrom =
        phase == Phase.HEADERS && encodeStatus == FilterStatus.PAUSE && filters[at].seesHeldBody()
            ? at
            : at - 1;
    encodePausedAt = -1;
    encodeStatus = FilterStatus.CONTINUE;
    int g = generation;
    ByteBuf held = encodeHeld;
    HeaderBlock trailers = encodeTrailers;
    if (phase == Phase.HEADERS) {
      encodeHeadersFrom(at - 1, encodeHeldEnd && held == null && trailers == null);
      if (generation != g || replaced || encodePausedAt >= 0) {
        return;
      }
    }
    if (held != null && phase != Phase.TRAILERS) {
      encodeHeld = null;
      boolean end = encodeHeldEnd;
      encodeHeldEnd = false;
      try {
        encodeDataFrom(bodyFrom, held, end && trailers == null);
      } finally {
        held.release();
      }
      if (generation != g || encodePausedAt >= 0) {
        return;
      }
    }
    if (trailers != null) {
      encodeTrailers = null;
      encodeTrailersFrom(bodyFrom, trailers);
      if (generation != g) {
        return;
      }
    }
    if (routerToldUnwritable && responseHeldBy == 0 && connection().isWritable(this)) {
      tellWritable(true);
    }
  }

  private void encodeTrailersFrom(int from, HeaderBlock trailers) {
    int g = generation;
    for (int i = from; i >= 0; i--) {
      if (isPassedBack(i)) {
        continue;
      }
      if (i == encodePausedAt) {
        HeaderBlock held = holdTrailers(trailers);
        if (encodeStatus == FilterStatus.BUFFER) {
          FilterStatus answer = filters[i].encodeTrailers(held);
          if (generation == g && answer == FilterStatus.CONTINUE) {
            continueEncoding(i);
          } else if (generation == g && answer == FilterStatus.TAKEN) {
            encodeTrailers = null;
          }
        }
        return;
      }
      FilterStatus answer = filters[i].encodeTrailers(trailers);
      if (generation != g || replaced || answer == FilterStatus.TAKEN) {
        return;
      }
      if (answer != FilterStatus.CONTINUE) {
        encodePausedAt = i;
        encodePhase = Phase.TRAILERS;
        encodeStatus = answer;
        holdTrailers(trailers);
        return;
      }
    }
    endSent = true;
    if (trailers.isEmpty()) {
      connection().sendData(this, Unpooled.EMPTY_BUFFER, true);
      return;
    }
    info.responseTrailers = trailers;
    connection().sendTrailers(this, trailers);
  }

  private HeaderBlock holdTrailers(HeaderBlock trailers) {
    HeaderBlock copy = new HeaderBlock();
    copy.copyFrom(trailers);
    encodeTrailers = copy;
    return copy;
  }

  void resetStream(@Nullable ResponseFlag flag, String details) {
    if (flag != null) {
      info.set(flag);
    }
    info.responseCodeDetails = details;
    HttpConnection from = connection();
    from.resetStream(this);
  }

  /**
   * Ends the stream, once: logs it, tells the filters, and makes the object ready for the next one.
   */
  void finish() {
    HttpConnection from = connection();
    info.endNanos = loop.now();
    info.lastDownstreamTxByteNanos = info.endNanos;
    times.end();
    if (headersReceived) {
      manager.stats().rqActive.dec();
      if (info.responseCode > 0) {
        manager.stats().responseCode(info.responseCode);
      }
      manager.stats().rqTime.record((info.endNanos - info.startNanos) / 1_000_000);
    }
    if (filtersRun) {
      for (int i = 0; i <= last; i++) {
        if (!isSkipped(i)) {
          filters[i].onStreamEnd();
        }
      }
    }
    if (upgradeCounted) {
      manager.stats().cxUpgradesActive.dec();
    }
    if (headersReceived) {
      manager.log(info);
    }
    if (trace != null) {
      trace.end();
    }
    generation++;
    reset();
    from.streamFinished(this);
  }

  private void reset() {
    info.clear();
    releaseDecodeHeld();
    requestBufferBytesMax = -1;
    releaseEncodeHeld();
    encodeTrailers = null;
    connection = null;
    choice.clear();
    routeKnown = false;
    internal = false;
    headersReceived = false;
    headRequest = false;
    decodeEnded = false;
    trailersHeld = false;
    filtersRun = false;
    skipped = 0;
    replied = false;
    responseStarted = false;
    responseSent = false;
    replaced = false;
    encodeEnded = false;
    endSent = false;
    readingHeldByBuffer = false;
    requestHeldBy = 0;
    responseHeldBy = 0;
    routerToldUnwritable = false;
    decodePausedAt = -1;
    decodeStatus = FilterStatus.CONTINUE;
    encodePausedAt = -1;
    encodeStatus = FilterStatus.CONTINUE;
    decodeGathered = false;
    decodeHeldEnd = false;
    encodeGathered = false;
    encodeHeldEnd = false;
    status = 0;
    if (tunnel != Tunnel.NONE) {
      tunnel = Tunnel.NONE;
      upgradeCounted = false;
      chain = manager.chains().main();
      filters = mainFilters;
      last = filters.length - 1;
    }
  }

  private void releaseDecodeHeld() {
    ByteBuf held = decodeHeld;
    if (held != null) {
      decodeHeld = null;
      held.release();
    }
  }

  private void releaseEncodeHeld() {
    ByteBuf held = encodeHeld;
    if (held != null) {
      encodeHeld = null;
      held.release();
    }
  }

  // ---- what routing asks

  @Override
  public HeaderBlock headers() {
    return request;
  }

  @Override
  public boolean isTls() {
    int proto = request.find(RequestRules.X_FORWARDED_PROTO);
    return proto >= 0 ? request.valueEquals(proto, RequestRules.HTTPS) : connection().isTls();
  }

  @Override
  public boolean isInternal() {
    return internal;
  }

  @Override
  public long random() {
    return random;
  }

  /** Room for the text of one UUID, valid until the next call on this stream. */
  byte[] uuidScratch() {
    return uuid;
  }

  /** Random bits unlike those of {@link #random()}. */
  long nextRandom() {
    return loop.random();
  }

  byte[] date() {
    return loop.date();
  }

  private RouteChoice choice() {
    if (!routeKnown) {
      routeKnown = true;
      RouteTable table = manager.routes().table();
      Route route = table == null ? null : table.match(this, MatchTrace.NONE);
      if (route != null) {
        choice.choose(route, random, request);
        info.routeName = route.name();
        info.virtualHostName = route.labels().virtualHost();
        if (route.action() instanceof RouteAction.Forward forward) {
          times.apply(forward);
        }
      }
    }
    return choice;
  }

  /** The context of one filter. */
  private final class Slot implements HttpFilterContext {
    private final int index;
    private final String name;

    Slot(int index, String name) {
      this.index = index;
      this.name = name;
    }

    @Override
    public LoopContext loop() {
      return loop;
    }

    @Override
    public HeaderBlock requestHeaders() {
      return request;
    }

    @Override
    public HeaderBlock responseHeaders() {
      return response;
    }

    @Override
    public StreamInfo streamInfo() {
      return info;
    }

    @Override
    public StatScope stats() {
      return manager.stats().scope;
    }

    @Override
    public DownstreamConnection connection() {
      return HttpStream.this.connection().downstream();
    }

    @Override
    public SocketAddress remoteAddress() {
      return HttpStream.this.connection().remoteAddress();
    }

    @Override
    public boolean isInternal() {
      return internal;
    }

    @Override
    public boolean isLocalReply() {
      return replied;
    }

    @Override
    public boolean isTunnel() {
      return tunnel != Tunnel.NONE;
    }

    @Override
    public long streamRandom() {
      return random;
    }

    @Override
    public @Nullable Route route() {
      return choice().route();
    }

    @Override
    public void clearRoute() {
      routeKnown = false;
      choice.clear();
    }

    @Override
    public @Nullable RouteFilterConfig routeConfig() {
      return choice().filterConfigs().get(name);
    }

    @Override
    public void setRequestBufferBytesMax(int max) {
      requestBufferBytesMax = max;
    }

    @Override
    public void continueDecoding() {
      HttpStream.this.continueDecoding(index);
    }

    @Override
    public void continueEncoding() {
      HttpStream.this.continueEncoding(index);
    }

    @Override
    public ByteBuf gatherRequest(ByteBuf data) {
      decodeGathered = true;
      return gatherDecoded(data);
    }

    @Override
    public ByteBuf gatherResponse(ByteBuf data) {
      encodeGathered = true;
      return gatherEncoded(data);
    }

    @Override
    public boolean injectRequestData(ByteBuf data, boolean endStream) {
      if (decodePausedAt >= 0 && decodePausedAt < index) {
        return false;
      }
      if (!replied) {
        decodeDataFrom(index + 1, data, endStream);
      }
      return true;
    }

    @Override
    public boolean injectRequestTrailers() {
      if (decodePausedAt >= 0 && decodePausedAt < index) {
        return false;
      }
      if (!replied) {
        decodeTrailersFrom(index + 1);
      }
      return true;
    }

    @Override
    public boolean injectResponseData(ByteBuf data, boolean endStream) {
      if (encodePausedAt > index) {
        return false;
      }
      if (!replaced) {
        encodeDataFrom(index - 1, data, endStream);
      }
      return true;
    }

    @Override
    public boolean injectResponseTrailers(HeaderBlock trailers) {
      if (encodePausedAt > index) {
        return false;
      }
      if (!replaced) {
        encodeTrailersFrom(index - 1, trailers);
      }
      return true;
    }

    @Override
    public void setResponseReading(boolean reading) {
      long bit = 1L << index;
      responseHeldBy = reading ? responseHeldBy & ~bit : responseHeldBy | bit;
      HttpConnection to = HttpStream.this.connection();
      boolean writable =
          responseHeldBy == 0
              && to.isWritable(HttpStream.this)
              && encodeHeldBytes() <= to.bufferBytesMax();
      if (writable == routerToldUnwritable) {
        tellWritable(writable);
      }
    }

    @Override
    public void sendLocalReply(
        int replyStatus, String text, @Nullable ResponseFlag flag, String details) {
      HttpStream.this.sendLocalReply(LocalReply.of(replyStatus, text, flag, details));
    }

    @Override
    public void sendLocalReply(LocalReply reply) {
      HttpStream.this.sendLocalReply(reply);
    }

    @Override
    public void replaceResponse(LocalReply reply) {
      HttpStream.this.replaceResponse(reply);
    }

    @Override
    public @Nullable RouteChoice routeChoice() {
      RouteChoice made = choice();
      return made.route() == null ? null : made;
    }

    @Override
    public @Nullable RequestTrace trace() {
      return trace;
    }

    @Override
    public void encodeHeaders(int newStatus, boolean endStream) {
      startResponse(index - 1, newStatus, endStream);
    }

    @Override
    public void encodeData(ByteBuf data, boolean endStream) {
      dataFrom(index - 1, data, endStream);
    }

    @Override
    public void encodeTrailers(HeaderBlock trailers) {
      if (replaced) {
        return;
      }
      encodeEnded = true;
      encodeTrailersFrom(index - 1, trailers);
    }

    @Override
    public void resetStream(@Nullable ResponseFlag flag, String details) {
      HttpStream.this.resetStream(flag, details);
    }

    @Override
    public void setRequestReading(boolean reading) {
      long bit = 1L << index;
      requestHeldBy = reading ? requestHeldBy & ~bit : requestHeldBy | bit;
      updateReading();
    }

    @Override
    public boolean isDownstreamWritable() {
      return HttpStream.this.connection().isWritable(HttpStream.this) && !routerToldUnwritable;
    }

    @Override
    public int bufferBytesMax() {
      return HttpStream.this.connection().bufferBytesMax();
    }
  }
}
