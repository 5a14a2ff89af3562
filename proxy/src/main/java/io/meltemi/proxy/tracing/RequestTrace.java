package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.tracing.RequestIdRules.Reason;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The spans of one request after another of a stream's slot: whether there are some, what they are
 * called and what is said of them. Event loop of the stream only.
 */
public final class RequestTrace {
  private static final HeaderName CLIENT_TRACE_ID = HeaderName.of("x-client-trace-id");
  private static final HeaderName FORCE_TRACE = HeaderName.of("x-envoy-force-trace");
  private static final HeaderName DECORATOR = HeaderName.of("x-envoy-decorator-operation");
  private static final HeaderName DOWNSTREAM_CLUSTER =
      HeaderName.of("x-envoy-downstream-service-cluster");
  private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");
  private static final HeaderName FORWARDED_PROTO = HeaderName.of("x-forwarded-proto");
  private static final HeaderName GRPC_TIMEOUT = HeaderName.of("grpc-timeout");
  private static final HeaderName GRPC_STATUS = HeaderName.of("grpc-status");
  private static final HeaderName GRPC_MESSAGE = HeaderName.of("grpc-message");
  private static final String TRUE = "true";
  private static final String NOTHING = "-";
  private static final ResponseFlag[] FLAGS = ResponseFlag.values();

  /**
   * What is the same for all requests of a connection manager.
   *
   * @param ids how the request's id takes part
   */
  public record Shared(TracingSettings settings, RequestIdRules ids, TracingStats stats) {}

  /**
   * What the route says.
   *
   * @param operation of its decorator; empty for none
   * @param told whether the operation is told the other side
   */
  public record OfRoute(
      Optional<RouteTracing> tracing, String operation, boolean told, Metadata metadata) {
    public static final OfRoute NONE = new OfRoute(Optional.empty(), "", false, Metadata.EMPTY);
  }

  private final Shared shared;
  private final TracingSettings settings;
  private final LoopContext loop;
  private final StreamInfo info;
  private final FormatOutput text = new FormatOutput();
  private OfRoute route = OfRoute.NONE;
  private boolean outbound;
  private String toldOperation = "";
  private @Nullable Span span;

  /**
   * @param info of the stream; cleared between requests by its owner
   */
  public RequestTrace(Shared shared, LoopContext loop, StreamInfo info) {
    this.shared = shared;
    this.settings = shared.settings();
    this.loop = loop;
    this.info = info;
  }

  // ---- the request

  /**
   * A request begins, and its route is found.
   *
   * @param towardsOthers whether the listener is one of outbound traffic
   */
  public void begin(HeaderBlock headers, OfRoute ofRoute, boolean towardsOthers) {
    route = ofRoute;
    outbound = towardsOthers;
    boolean traced = decide(headers);
    String name = "ingress";
    Span.Kind kind = Span.Kind.SERVER;
    if (outbound) {
      String host = headers.get(HeaderName.AUTHORITY);
      name = host == null ? "egress " : "egress " + host;
      kind = settings.spans().ofTries() ? Span.Kind.SERVER : Span.Kind.CLIENT;
    }
    Span started =
        settings
            .tracer()
            .start(loop, headers, new Tracer.Start(name, kind, info.startNanos, traced));
    span = started;
    if (started == null) {
      return;
    }
    info.traceId = traceId(started.context());
    info.spanId = Ids.text(started.context().spanId());
    if (started.isRecorded()) {
      started.tag("node_id", settings.self().node());
      started.tag("zone", settings.self().zone());
    }
    if (operationFormat().isEmpty()) {
      decorate(started, headers);
    }
  }

  private static String traceId(TraceContext context) {
    return context.traceHigh() == 0
        ? Ids.text(context.traceLow())
        : Ids.text(context.traceHigh()) + Ids.text(context.traceLow());
  }

  private boolean decide(HeaderBlock headers) {
    Reason reason = reason(headers);
    if (info.healthCheck) {
      shared.stats().healthCheck.inc();
      return false;
    }
    switch (reason) {
      case NONE -> shared.stats().notTraceable.inc();
      case SAMPLED -> shared.stats().randomSampling.inc();
      case FORCED -> shared.stats().serviceForced.inc();
      case CLIENT -> shared.stats().clientEnabled.inc();
    }
    info.traced = reason != Reason.NONE;
    return info.traced;
  }

  private Reason reason(HeaderBlock headers) {
    RequestIdRules ids = shared.ids();
    if (!ids.decides()) {
      return Reason.SAMPLED;
    }
    long number = RequestIdRules.number(headers);
    if (number < 0) {
      return Reason.NONE;
    }
    long share = number % 10_000;
    Sampling sampling =
        route.tracing().isPresent() ? route.tracing().get().sampling() : settings.sampling();
    Reason reason = ids.reason(headers);
    if (reason == Reason.NONE) {
      if (headers.contains(CLIENT_TRACE_ID) && sampling.client().includes(loop.random())) {
        reason = Reason.CLIENT;
      } else if (headers.contains(FORCE_TRACE)) {
        reason = Reason.FORCED;
      } else if (sampling.random().includes(share)) {
        reason = Reason.SAMPLED;
      }
      if (reason != Reason.NONE) {
        ids.pack(reason, headers);
      }
    }
    if (reason != Reason.NONE && !sampling.overall().includes(share)) {
      reason = Reason.NONE;
      ids.pack(reason, headers);
    }
    return reason;
  }

  private void decorate(Span started, HeaderBlock headers) {
    String operation = route.operation();
    if (!operation.isEmpty()) {
      started.operation(operation);
      toldOperation = route.told() ? operation : "";
    }
    if (outbound) {
      if (!toldOperation.isEmpty()) {
        headers.set(DECORATOR, toldOperation);
      }
      return;
    }
    String asked = headers.get(DECORATOR);
    if (asked != null) {
      if (!asked.isEmpty()) {
        started.operation(asked);
        toldOperation = "";
      }
      headers.remove(DECORATOR);
    }
  }

  /** The response's head goes out. */
  public void onResponse(HeaderBlock headers) {
    Span present = span;
    if (operationFormat().isPresent()) {
      return;
    }
    if (!outbound) {
      if (!toldOperation.isEmpty()) {
        headers.set(DECORATOR, toldOperation);
      }
      return;
    }
    String told = headers.get(DECORATOR);
    if (told != null) {
      if (!told.isEmpty() && present != null) {
        present.operation(told);
      }
      headers.remove(DECORATOR);
    }
  }

  private Optional<Formatter> operationFormat() {
    Optional<Formatter> own = route.tracing().flatMap(RouteTracing::operation);
    return own.isPresent() ? own : settings.names().operation();
  }

  private Optional<Formatter> upstreamOperationFormat() {
    Optional<Formatter> own = route.tracing().flatMap(RouteTracing::upstreamOperation);
    return own.isPresent() ? own : settings.names().upstreamOperation();
  }

  private String format(Formatter formatter) {
    text.clear();
    formatter.format(info, text);
    return text.toString();
  }

  /** The request is over. */
  public void end() {
    Span ended = span;
    span = null;
    if (ended != null) {
      if (ended.isRecorded()) {
        operationFormat().ifPresent(formatter -> ended.operation(format(formatter)));
        HeaderBlock headers = info.requestHeaders;
        if (headers != null) {
          requestTags(ended, headers);
        }
        ended.tag("request_size", Long.toString(info.bytesReceived));
        ended.tag("response_size", Long.toString(info.bytesSent));
        commonTags(ended, info.upstreamCluster, info.responseCode, info.responseFlags);
        if (settings.spans().verbose()) {
          downstreamEvents(ended);
        }
        responseTags(ended, info.responseHeaders, info.responseTrailers);
      }
      ended.end();
    }
    route = OfRoute.NONE;
    outbound = false;
    toldOperation = "";
  }

  // ---- its tries

  /**
   * A try begins.
   *
   * @param number from 1
   * @return null when it has no span of its own
   */
  public @Nullable Span beginTry(String cluster, int number) {
    Span parent = span;
    if (parent == null || !settings.spans().ofTries()) {
      return null;
    }
    Span started = parent.child("router " + cluster + " egress");
    if (number > 1 && started.isRecorded()) {
      started.tag("retry.count", Integer.toString(number - 1));
    }
    return started;
  }

  /** Writes the context to the headers of a try. */
  public void write(@Nullable Span ofTry, HeaderBlock headers) {
    Span last = ofTry == null ? span : ofTry;
    if (last != null && settings.spans().propagated()) {
      last.write(headers);
    }
  }

  /**
   * A try is over.
   *
   * @param status 0 when there is none
   * @param flags of the try
   * @param reset why it was broken off; empty when it was not
   */
  public void endTry(Span ofTry, int status, long flags, String reset, boolean canceled) {
    if (ofTry.isRecorded()) {
      if (!reset.isEmpty()) {
        ofTry.tag("error", TRUE);
        ofTry.tag("error.reason", reset);
      }
      if (canceled) {
        ofTry.tag("canceled", TRUE);
      }
      upstreamOperationFormat().ifPresent(formatter -> ofTry.operation(format(formatter)));
      ofTry.tag("http.protocol", info.upstreamProtocol.isEmpty() ? NOTHING : info.upstreamProtocol);
      SocketAddress address = info.upstreamRemoteAddress;
      if (address != null) {
        String written = address(address, true);
        ofTry.tag("upstream_address", written);
        ofTry.tag("peer.address", written);
      }
      commonTags(ofTry, info.upstreamCluster, status, flags);
      if (settings.spans().verbose()) {
        upstreamEvents(ofTry);
      }
      responseTags(ofTry, info.responseHeaders, info.responseTrailers);
    }
    ofTry.end();
  }

  // ---- what is said

  private static String orNothing(@Nullable String value) {
    return value == null || value.isEmpty() ? NOTHING : value;
  }

  private void requestTags(Span to, HeaderBlock headers) {
    String id = headers.get(RequestIdRules.X_REQUEST_ID);
    if (id != null) {
      to.tag("guid:x-request-id", id);
    }
    to.tag("http.url", url(headers));
    to.tag("http.method", orEmpty(headers.get(HeaderName.METHOD)));
    to.tag("downstream_cluster", orNothing(headers.get(DOWNSTREAM_CLUSTER)));
    to.tag("user_agent", orNothing(headers.get(HeaderName.USER_AGENT)));
    to.tag("http.protocol", orNothing(info.protocol));
    SocketAddress peer = info.downstreamDirectRemoteAddress;
    if (peer != null) {
      to.tag("peer.address", address(peer, false));
    }
    String client = headers.get(CLIENT_TRACE_ID);
    if (client != null) {
      to.tag("guid:x-client-trace-id", client);
    }
    if (GrpcHeaders.isGrpc(headers)) {
      to.tag("grpc.path", orEmpty(headers.get(HeaderName.PATH)));
      to.tag("grpc.authority", orEmpty(headers.get(HeaderName.AUTHORITY)));
      to.tag("grpc.content_type", orEmpty(headers.get(HeaderName.CONTENT_TYPE)));
      String timeout = headers.get(GRPC_TIMEOUT);
      if (timeout != null) {
        to.tag("grpc.timeout", timeout);
      }
    }
  }

  private static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }

  private String url(HeaderBlock headers) {
    String original = headers.get(ORIGINAL_PATH);
    String path = original == null ? orEmpty(headers.get(HeaderName.PATH)) : original;
    int max = settings.spans().pathBytesMax();
    String scheme = headers.get(FORWARDED_PROTO);
    return (scheme == null ? orEmpty(headers.get(HeaderName.SCHEME)) : scheme)
        + "://"
        + orEmpty(headers.get(HeaderName.AUTHORITY))
        + (path.length() > max ? path.substring(0, max) : path);
  }

  private void commonTags(Span to, String cluster, int status, long flags) {
    to.tag("component", "proxy");
    if (!cluster.isEmpty() && (flags & ResponseFlag.NO_CLUSTER_FOUND.bit()) == 0) {
      to.tag("upstream_cluster", cluster);
      to.tag("upstream_cluster.name", cluster);
    }
    to.tag("http.status_code", Integer.toString(status));
    to.tag("response_flags", flags(flags));
    if (status == 0 || status >= 500) {
      to.tag("error", TRUE);
    }
    route.tracing().ifPresent(own -> customTags(to, own.tags()));
    customTags(to, settings.tags());
  }

  /** A route's tags come first, and win. */
  private void customTags(Span to, List<CustomTag> tags) {
    for (CustomTag custom : tags) {
      boolean isRoutes =
          tags == settings.tags()
              && route
                  .tracing()
                  .map(own -> own.tags().stream().anyMatch(o -> o.tag().equals(custom.tag())))
                  .orElse(false);
      String value = isRoutes ? null : custom.value(info, route.metadata());
      if (value != null) {
        to.tag(custom.tag(), value);
      }
    }
  }

  private static String flags(long flags) {
    if (flags == 0) {
      return NOTHING;
    }
    StringBuilder all = new StringBuilder();
    for (ResponseFlag flag : FLAGS) {
      if ((flags & flag.bit()) != 0) {
        all.append(all.isEmpty() ? "" : ",").append(flag.shortName());
      }
    }
    return all.toString();
  }

  private static void responseTags(
      Span to, @Nullable HeaderBlock headers, @Nullable HeaderBlock trailers) {
    HeaderBlock told = trailers != null && trailers.contains(GRPC_STATUS) ? trailers : headers;
    String status = told == null ? null : told.get(GRPC_STATUS);
    if (told == null || status == null) {
      return;
    }
    to.tag("grpc.status_code", status);
    String message = told.get(GRPC_MESSAGE);
    if (message != null) {
      to.tag("grpc.message", message);
    }
    switch (status) {
      // unknown, deadline exceeded, unimplemented, internal, unavailable, data loss
      case "2", "4", "12", "13", "14", "15" -> to.tag("error", TRUE);
      default -> {}
    }
  }

  private void downstreamEvents(Span to) {
    to.event(info.lastDownstreamRxByteNanos, "last_downstream_rx_byte_received");
    upstreamEvents(to);
    to.event(info.firstDownstreamTxByteNanos, "first_downstream_tx_byte_sent");
    to.event(info.lastDownstreamTxByteNanos, "last_downstream_tx_byte_sent");
  }

  private void upstreamEvents(Span to) {
    to.event(info.firstUpstreamTxByteNanos, "first_upstream_tx_byte_sent");
    to.event(info.lastUpstreamTxByteNanos, "last_upstream_tx_byte_sent");
    to.event(info.firstUpstreamRxByteNanos, "first_upstream_rx_byte_received");
    to.event(info.lastUpstreamRxByteNanos, "last_upstream_rx_byte_received");
  }

  private static String address(SocketAddress address, boolean withPort) {
    if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
      return address.toString();
    }
    String host = inet.getAddress().getHostAddress();
    if (!withPort) {
      return host;
    }
    return (inet.getAddress().getAddress().length == 4 ? host : "[" + host + "]")
        + ":"
        + inet.getPort();
  }
}
