package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.transport.TransportFailure;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.upstream.ConnectionPool;
import io.meltemi.proxy.upstream.PoolFailure;
import io.meltemi.proxy.upstream.ResetReason;
import io.meltemi.proxy.upstream.TcpTunnel;
import io.meltemi.proxy.upstream.UpstreamCallbacks;
import io.meltemi.proxy.upstream.UpstreamPools;
import io.meltemi.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Sends one request at a time to its cluster and its answer back. One try is under way at any
 * moment; the connection of a try is leased from the pool of this event loop.
 */
final class RouterFilter implements HttpFilter, UpstreamCallbacks, RequestTimeouts.Watcher {
  private static final byte[] HTTP = "http".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HTTPS = "https".getBytes(StandardCharsets.US_ASCII);
  private static final HeaderName UPSTREAM_SERVICE_TIME =
      HeaderName.of("x-envoy-upstream-service-time");
  private static final HeaderName ATTEMPT_COUNT = HeaderName.of("x-envoy-attempt-count");
  private static final HeaderName OVERLOADED = HeaderName.of("x-envoy-overloaded");
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONNECT = "CONNECT".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] POST = "POST".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] WEBSOCKET = "websocket".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NO_BODY = {};
  private static final String DURATION_REACHED = "upstream_max_stream_duration_reached";
  private static final String RESET_TEXT =
      "upstream connect error or disconnect/reset before headers. ";

  private final HttpFilterContext context;
  private final LoopContext loop;
  private final ClusterManager clusters;
  private final UpstreamPools.LoopPools pools;
  private final TryOptions options;
  private final RequestNumbers.All allNumbers;
  private final boolean suppressHeaders;
  private final FormatOutput scratch = new FormatOutput();
  private final RetryState retry = new RetryState();
  private final RequestLbContext balancing;
  private final BodyBuffer body = new BodyBuffer();
  private final Mirrors mirrors;
  private final RequestTimeouts timeouts;

  private final RequestTally tally;
  private @Nullable Cluster cluster;
  private RouteAction.@Nullable Forward forward;
  private @Nullable RouteChoice choice;
  private @Nullable Host host;
  private @Nullable ConnectionPool leasing;
  private @Nullable UpstreamStream upstream;
  private boolean requestEnded;
  private boolean trailersKept;
  private @Nullable HeaderBlock trailers;
  private boolean requestSent;

  /** CONNECT ends here: the body goes to a TCP connection of its own. */
  private boolean endsConnect;

  private @Nullable TcpTunnel connecting;

  /** The rest of the request waits until the host has agreed to a tunnel. */
  private boolean paused;

  private boolean headSent;
  private boolean responseBegun;
  private boolean over = true;
  private boolean readingStopped;
  private final TryRecords records;
  private int attempts;

  RouterFilter(
      HttpFilterContext context,
      ClusterManager clusters,
      UpstreamPools.LoopPools pools,
      RequestNumbers.All allNumbers,
      boolean suppressHeaders,
      TryLog.Settings log) {
    this.context = context;
    this.loop = context.loop();
    this.balancing = new RequestLbContext(context, retry);
    this.timeouts = new RequestTimeouts(loop, this);
    this.tally = new RequestTally(loop);
    this.clusters = clusters;
    this.pools = pools;
    this.allNumbers = allNumbers;
    this.suppressHeaders = suppressHeaders;
    this.records = new TryRecords(context, log);
    this.options = new TryOptions(context);
    this.mirrors = new Mirrors(context, clusters, pools, options);
  }

  private StreamInfo info() {
    return context.streamInfo();
  }

  private Cluster cluster() {
    Cluster present = cluster;
    if (present == null) {
      throw new IllegalStateException("no cluster");
    }
    return present;
  }

  private Host host() {
    Host present = host;
    if (present == null) {
      throw new IllegalStateException("no host");
    }
    return present;
  }

  // ---- the request

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    over = false;
    requestEnded = endStream;
    RouteChoice chosen = context.routeChoice();
    Route route = chosen == null ? null : chosen.route();
    if (chosen == null || route == null) {
      reply(404, "", ResponseFlag.NO_ROUTE_FOUND, "route_not_found");
      return FilterStatus.PAUSE;
    }
    choice = chosen;
    switch (route.action()) {
      case RouteAction.Forward target -> forward(target, route, chosen, headers, endStream);
      case RouteAction.DirectResponse(int status, RouteAction.Body text) ->
          direct(status, text.bytes(), chosen, _ -> {});
      case RouteAction.Redirect redirect -> {
        String location = Rewrites.location(route, redirect, headers);
        direct(
            redirect.status(),
            new byte[0],
            chosen,
            response -> response.add(HeaderName.LOCATION, location));
      }
      case RouteAction.NonForwarding _ -> reply(404, "", null, "non_forwarding_action");
    }
    return FilterStatus.PAUSE;
  }

  private void reply(int status, String text, @Nullable ResponseFlag flag, String details) {
    over = true;
    context.sendLocalReply(
        new LocalReply(
            status, text.getBytes(StandardCharsets.UTF_8), flag, details, this::finishHeaders));
  }

  /** A route's changes of responses are made to the proxy's own answers too. */
  private void finishHeaders(HeaderBlock response) {
    RouteAction.Forward target = forward;
    if (target != null && target.options().attemptCountInResponse()) {
      response.setNumber(ATTEMPT_COUNT, attempts);
    }
    RouteChoice chosen = choice;
    if (chosen != null && !chosen.headers().response().isEmpty()) {
      chosen.headers().response().apply(response, info(), scratch);
    }
  }

  private void direct(
      int status,
      byte[] text,
      RouteChoice chosen,
      java.util.function.Consumer<HeaderBlock> headers) {
    over = true;
    context.sendLocalReply(
        new LocalReply(
            status,
            text,
            null,
            "direct_response",
            response -> {
              headers.accept(response);
              chosen.headers().response().apply(response, info(), scratch);
            }));
  }

  private void forward(
      RouteAction.Forward target,
      Route route,
      RouteChoice chosen,
      HeaderBlock headers,
      boolean endStream) {
    String name = chosen.cluster();
    Cluster found = name == null ? null : clusters.get(name);
    if (found == null) {
      info().upstreamCluster = name == null ? "" : name;
      reply(
          target.options().clusterNotFoundStatus(),
          "",
          ResponseFlag.NO_CLUSTER_FOUND,
          "cluster_not_found");
      return;
    }
    cluster = found;
    forward = target;
    info().upstreamCluster = found.name();
    String scope = route.labels().virtualClusters().scope(headers);
    boolean grpc = GrpcHeaders.isGrpc(headers);
    tally.begin(found, scope.isEmpty() ? null : allNumbers.in(scope), grpc);
    attempts = 0;
    timeouts.begin(target, headers, grpc, suppressHeaders);
    retry.begin(target.retryPolicy().orElse(null), headers, found);
    balancing.begin(target, found);
    requestHeaders(target, route, chosen, headers);
    paused = context.isTunnel();
    endsConnect = target.options().connect().isPresent() && endsConnect(target, headers);
    Host first = found.loadBalancer().choose(balancing);
    if (first == null) {
      noHost();
      return;
    }
    Rewrites.rewriteAuto(headers, target, first, !suppressHeaders);
    mirrors.start(target.mirrors(), headers, balancing, endStream, timeouts.responseNanos());
    if (endStream || (paused && isWebSocket(headers))) {
      timeouts.startResponse();
    }
    startTry(first);
  }

  /** The one upgrade that a route's timeout bounds: until the host has agreed. */
  private static boolean isWebSocket(HeaderBlock request) {
    int upgrade = request.find(HeaderName.UPGRADE);
    return upgrade >= 0 && request.valueEqualsIgnoreCase(upgrade, WEBSOCKET);
  }

  private static boolean endsConnect(RouteAction.Forward target, HeaderBlock headers) {
    int method = headers.find(HeaderName.METHOD);
    boolean post = target.options().connect().orElseThrow().allowPost();
    return method >= 0
        && (headers.valueEquals(method, CONNECT) || (post && headers.valueEquals(method, POST)));
  }

  private void noHost() {
    tally.noHost();
    reply(503, "no healthy upstream", ResponseFlag.NO_HEALTHY_UPSTREAM, "no_healthy_upstream");
  }

  private void requestHeaders(
      RouteAction.Forward target, Route route, RouteChoice chosen, HeaderBlock headers) {
    if (target.options().includeAttemptCount()) {
      headers.setNumber(ATTEMPT_COUNT, 1);
    }
    if (!chosen.headers().request().isEmpty()) {
      chosen.headers().request().apply(headers, info(), scratch);
    }
    Rewrites.rewritePath(headers, route, target.pathRewrite(), !suppressHeaders);
    Rewrites.rewriteHost(headers, target, chosen.hostRewrite(), !suppressHeaders);
  }

  private void startTry() {
    Host next = cluster().loadBalancer().choose(balancing);
    if (next == null) {
      noHost();
      return;
    }
    startTry(next);
  }

  private void startTry(Host to) {
    attempts++;
    balancing.tried();
    host = to;
    retry.tried(to);
    StreamInfo info = info();
    info.attemptCount = attempts;
    info.upstreamRemoteAddress = to.address();
    info.upstreamHostName = to.hostname();
    RouteAction.Forward target = forward;
    if (attempts > 1 && target != null && target.options().includeAttemptCount()) {
      context.requestHeaders().setNumber(ATTEMPT_COUNT, attempts);
    }
    requestSent = false;
    headSent = false;
    records.begin(cluster().name(), attempts);
    if (endsConnect) {
      connecting = pools.connect(cluster(), to, options.ofTunnel(), this);
      return;
    }
    TransportOptions wanted = options.of(cluster());
    ConnectionPool pool = pools.get(cluster(), to, options.isHttp2Downstream(), wanted);
    if (cluster().settings().connection().preconnect().predictive() > 1) {
      pools.foresee(cluster(), balancing, options.isHttp2Downstream(), wanted);
    }
    leasing = pool;
    pool.lease(this);
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    if (over) {
      return FilterStatus.CONTINUE;
    }
    requestEnded = endStream;
    mirrors.data(data, endStream);
    if (endStream) {
      timeouts.startResponse();
    }
    UpstreamStream present = upstream;
    if (retry.isActive() || present == null || paused) {
      keep(data);
    }
    if (over || present == null || paused) {
      return FilterStatus.CONTINUE;
    }
    present.sendData(data, endStream);
    if (upstream == present) {
      sent(endStream);
      checkWritable();
    }
    return FilterStatus.CONTINUE;
  }

  private void keep(ByteBuf data) {
    body.add(data);
    if (body.size() <= context.bufferBytesMax()) {
      return;
    }
    if (retry.isActive()) {
      retry.giveUp();
    }
    if (upstream == null || paused) {
      stopReading();
    } else {
      body.clear();
    }
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock requestTrailers) {
    if (over) {
      return FilterStatus.CONTINUE;
    }
    requestEnded = true;
    trailersKept = true;
    trailers = requestTrailers;
    mirrors.trailers();
    timeouts.startResponse();
    UpstreamStream present = upstream;
    if (present != null && !paused) {
      present.sendTrailers(requestTrailers);
      if (upstream == present) {
        sent(true);
      }
    }
    return FilterStatus.CONTINUE;
  }

  private void sent(boolean all) {
    long now = loop.now();
    info().lastUpstreamTxByteNanos = now;
    if (all) {
      requestSent = true;
    }
  }

  private void stopReading() {
    if (!readingStopped) {
      readingStopped = true;
      context.setRequestReading(false);
    }
  }

  private void resumeReading() {
    if (readingStopped) {
      readingStopped = false;
      context.setRequestReading(true);
    }
  }

  private void checkWritable() {
    UpstreamStream present = upstream;
    if (present != null && !requestEnded && !present.isWritable()) {
      stopReading();
    }
  }

  @Override
  public void onReady(UpstreamStream stream) {
    leasing = null;
    connecting = null;
    upstream = stream;
    StreamInfo info = info();
    info.firstUpstreamTxByteNanos = loop.now();
    info.upstreamLocalAddress = stream.localAddress();
    info.upstreamTls = stream.tls();
    if (info.schemeOfUpstream) {
      context.requestHeaders().set(HeaderName.SCHEME, stream.tls() == null ? HTTP : HTTPS);
    }
    info.upstreamProtocol = stream.protocol();
    info.upstreamRequestsOnConnection = stream.requestNumber();
    tally.ready();
    timeouts.startTry(cluster().settings().http().streamDurationNanosMax());
    records.ready();
    boolean bodyless = requestEnded && body.count() == 0 && !trailersKept;
    stream.sendHeaders(context.requestHeaders(), bodyless);
    headSent = true;
    if (paused) {
      if (upstream == stream && !context.isDownstreamWritable()) {
        stream.setReading(false);
      }
      return;
    }
    sendKept(stream);
  }

  /** Sends what has come of the body so far. */
  private void sendKept(UpstreamStream stream) {
    int pieces = body.count();
    boolean endWithData = requestEnded && !trailersKept;
    for (int i = 0; i < pieces && upstream == stream; i++) {
      stream.sendData(body.piece(i), endWithData && i == pieces - 1);
    }
    HeaderBlock ending = trailers;
    if (trailersKept && ending != null && upstream == stream) {
      stream.sendTrailers(ending);
    }
    if (upstream != stream) {
      // sending has ended the try: another one, or the reply, is under way
      return;
    }
    if (pieces > 0 && !retry.isActive()) {
      body.clear();
    }
    sent(requestEnded);
    if (!context.isDownstreamWritable()) {
      stream.setReading(false);
    }
    resumeReading();
    checkWritable();
  }

  @Override
  public void onUpstreamWritable(boolean writable) {
    if (writable) {
      resumeReading();
    } else {
      checkWritable();
    }
  }

  @Override
  public void onDownstreamWritable(boolean writable) {
    UpstreamStream present = upstream;
    if (present != null) {
      present.setReading(writable);
    }
  }

  // ---- the response

  @Override
  public HeaderBlock responseHeaders() {
    return context.responseHeaders();
  }

  @Override
  public void onResponseHeaders(int status, boolean endStream) {
    if (endStream) {
      upstream = null;
    }
    records.answered(status);
    timeouts.endTryTimeout();
    long now = loop.now();
    info().firstUpstreamRxByteNanos = now;
    HeaderBlock headers = context.responseHeaders();
    tally.head(host(), status, headers, endStream);
    if (retry.isActive() && retried(retry.onResponse(status, headers))) {
      return;
    }
    tally.answered(status, retry.made() > 0);
    if (paused && !unpause(status, headers)) {
      return;
    }
    respond(status, endStream, now, headers);
  }

  /**
   * The host has answered the request for a tunnel: when it agrees, what has come so far is sent
   * on. A refusal goes back to the client, as Envoy does: of a WebSocket without its body unless it
   * is an error.
   *
   * @return whether the answer goes its usual way
   */
  private boolean unpause(int status, HeaderBlock headers) {
    HeaderBlock request = context.requestHeaders();
    int upgrade = request.find(HeaderName.UPGRADE);
    boolean agreed = upgrade >= 0 ? status == 101 : status >= 200 && status < 300;
    if (agreed) {
      paused = false;
      timeouts.endResponse();
      retry.clear();
      UpstreamStream present = upstream;
      if (present != null && headSent) {
        sendKept(present);
      }
      return upstream == present;
    }
    boolean refused =
        upgrade >= 0
            && status < 400
            && isWebSocket(request)
            && info().upstreamProtocol.equals("HTTP/1.1");
    if (refused) {
      refuseWebSocket(status, headers);
    }
    return !refused;
  }

  private void refuseWebSocket(int status, HeaderBlock headers) {
    HeaderBlock told = new HeaderBlock();
    told.copyFrom(headers);
    over = true;
    dropTry();
    context.sendLocalReply(
        new LocalReply(
            status,
            NO_BODY,
            null,
            "websocket_handshake_unsuccessful",
            response -> {
              for (int i = 0; i < told.size(); i++) {
                if (!told.isPseudo(i) && !told.nameEquals(i, HeaderName.CONTENT_LENGTH)) {
                  response.addFrom(told, i);
                }
              }
              finishHeaders(response);
            }));
  }

  private void respond(int status, boolean endStream, long now, HeaderBlock headers) {
    responseBegun = true;
    retry.clear();
    if (headSent) {
      body.clear();
    }
    info().responseCodeDetails = "via_upstream";
    // headers that the route adds may name it
    info().responseCode = status;
    if (!suppressHeaders && requestEnded) {
      headers.setNumber(UPSTREAM_SERVICE_TIME, records.millis(now));
    }
    balancing.addCookies(headers);
    finishHeaders(headers);
    if (endStream) {
      responseEnded(now);
    }
    context.encodeHeaders(status, endStream);
  }

  private void responseEnded(long now) {
    over = true;
    upstream = null;
    StreamInfo info = info();
    info.lastUpstreamRxByteNanos = now;
    records.end("", 0, false);
    timeouts.endResponse();
    timeouts.endTry();
    tally.ended(host(), records.millis(now));
  }

  @Override
  public void onResponseData(ByteBuf data, boolean endStream) {
    records.received(data.readableBytes());
    if (endStream) {
      responseEnded(loop.now());
    }
    context.encodeData(data, endStream);
  }

  @Override
  public void onResponseTrailers(HeaderBlock responseTrailers) {
    tally.trailers(host(), responseTrailers);
    info().responseTrailers = responseTrailers;
    responseEnded(loop.now());
    context.encodeTrailers(responseTrailers);
  }

  /** Starts another try when the decision is yes; true when it does. */
  private boolean retried(RetryState.Decision decision) {
    tally.decided(decision);
    return switch (decision) {
      case NO -> false;
      case LIMIT -> {
        info().set(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
        yield false;
      }
      case OVERFLOW -> {
        info().set(ResponseFlag.UPSTREAM_OVERFLOW);
        yield false;
      }
      case YES -> {
        dropTry();
        timeouts.startBackOff(retry.backOffNanos(loop));
        yield true;
      }
    };
  }

  /** Ends the present try, however far it has come. */
  private void dropTry() {
    dropTry(0);
  }

  private void dropTry(long flags) {
    boolean underWay = leasing != null || connecting != null || upstream != null;
    records.end("", flags, underWay);
    timeouts.endTry();
    ConnectionPool waiting = leasing;
    if (waiting != null) {
      leasing = null;
      waiting.cancel(this);
    }
    TcpTunnel opening = connecting;
    if (opening != null) {
      connecting = null;
      opening.reset();
    }
    UpstreamStream present = upstream;
    if (present != null) {
      upstream = null;
      present.reset();
    }
  }

  @Override
  public void onPoolFailure(PoolFailure failure, String detail) {
    leasing = null;
    connecting = null;
    tally.notConnected(host(), failure != PoolFailure.OVERFLOW);
    switch (failure) {
      case OVERFLOW ->
          failed("overflow", "overflow", 503, ResponseFlag.UPSTREAM_OVERFLOW, false, false);
      case CONNECT_FAILED -> {
        String reason =
            TransportFailure.isTold(detail)
                ? detail
                : "delayed connect error: " + ResetDetails.cause(detail);
        failed(
            "remote connection failure",
            "remote_connection_failure" + transportFailure(reason),
            503,
            ResponseFlag.UPSTREAM_CONNECTION_FAILURE,
            true,
            true);
      }
      case CONNECT_TIMEOUT ->
          failed(
              "connection timeout",
              "connection_timeout",
              503,
              ResponseFlag.UPSTREAM_CONNECTION_FAILURE,
              true,
              true);
    }
  }

  /** Keeps why the transport failed for logs, and gives it as response code details end. */
  private String transportFailure(String reason) {
    info().upstreamTransportFailureReason = reason;
    return "|" + reason.replace(' ', '_');
  }

  @Override
  public void onReset(ResetReason reason, String detail) {
    upstream = null;
    timeouts.endTry();
    tally.reset(host());
    records.end(ResetDetails.text(reason), ResetDetails.flag(reason).bit(), false);
    if (responseBegun) {
      over = true;
      retry.clear();
      context.resetStream(
          ResetDetails.flag(reason),
          "upstream_reset_after_response_started{" + ResetDetails.word(reason) + "}");
      return;
    }
    boolean refused = reason == ResetReason.REMOTE_REFUSED;
    if (retried(retry.onReset(false, requestSent, refused))) {
      return;
    }
    failed(
        ResetDetails.text(reason),
        ResetDetails.word(reason),
        reason == ResetReason.PROTOCOL_ERROR ? 502 : 503,
        ResetDetails.flag(reason),
        false,
        false);
  }

  private void failed(
      String text,
      String detail,
      int status,
      ResponseFlag flag,
      boolean retriable,
      boolean connectFailure) {
    records.end(text, flag.bit(), false);
    if (retriable && retried(retry.onReset(connectFailure, requestSent, false))) {
      return;
    }
    boolean overflow = flag == ResponseFlag.UPSTREAM_OVERFLOW;
    String again = retry.made() > 0 ? "retried and the latest reset reason: " : "reset reason: ";
    over = true;
    tally.replied(status);
    context.sendLocalReply(
        new LocalReply(
            status,
            (RESET_TEXT + again + text).getBytes(StandardCharsets.UTF_8),
            flag,
            "upstream_reset_before_response_started{" + detail + "}",
            response -> {
              if (overflow && !suppressHeaders) {
                response.set(OVERLOADED, TRUE);
              }
              finishHeaders(response);
            }));
  }

  @Override
  public void onResponseTimeout() {
    if (over) {
      return;
    }
    tally.timedOut(host);
    timeouts.endBackOff();
    dropTry(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT.bit());
    timedOut("response_timeout");
  }

  @Override
  public void onTryTimeout() {
    if (over || responseBegun) {
      return;
    }
    tally.tryTimedOut(host());
    dropTry(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT.bit());
    if (!retried(retry.onTryTimeout())) {
      timedOut("upstream_per_try_timeout");
    }
  }

  @Override
  public void onDurationReached() {
    if (over) {
      return;
    }
    tally.durationReached();
    dropTry(ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED.bit());
    if (!responseBegun && retried(retry.onReset(false, requestSent, false))) {
      return;
    }
    over = true;
    timeouts.endResponse();
    if (responseBegun) {
      context.resetStream(ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED, DURATION_REACHED);
      return;
    }
    tally.replied(408);
    reply(
        408,
        "upstream max stream duration reached",
        ResponseFlag.UPSTREAM_MAX_STREAM_DURATION_REACHED,
        DURATION_REACHED);
  }

  @Override
  public void onBackOffEnd() {
    startTry();
  }

  private void timedOut(String details) {
    over = true;
    if (responseBegun) {
      context.resetStream(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, details);
      return;
    }
    tally.replied(504);
    reply(504, "upstream request timeout", ResponseFlag.UPSTREAM_REQUEST_TIMEOUT, details);
  }

  @Override
  public void onStreamEnd() {
    over = true;
    timeouts.endResponse();
    timeouts.endBackOff();
    dropTry();
    retry.clear();
    balancing.clear();
    body.clear();
    mirrors.originalEnded();
    cluster = null;
    forward = null;
    choice = null;
    host = null;
    trailers = null;
    trailersKept = false;
    requestEnded = false;
    requestSent = false;
    endsConnect = false;
    paused = false;
    headSent = false;
    responseBegun = false;
    readingStopped = false;
    tally.clear();
  }
}
