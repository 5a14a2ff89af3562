package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Action;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Change;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Outcome;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Holds a request until the service has said whether it may go on. */
final class ExtAuthzFilter implements HttpFilter {
  private static final String NAMESPACE = "envoy.filters.http.ext_authz";
  private static final HeaderName FAILURE_ALLOWED =
      HeaderName.of("x-envoy-auth-failure-mode-allowed");
  private static final byte[] NO_BODY = {};

  private final ExtAuthzConfig config;
  private final HttpFilterContext context;
  private List<Change> told = List.of();
  private ExtAuthzConfig.@Nullable Body body;
  private ByteString.Output collected = ByteString.newOutput(0);
  private @Nullable UpstreamCall call;
  private long askedNanos;
  private boolean collecting;
  private boolean asking;
  private boolean answered;
  private boolean replied;

  ExtAuthzFilter(ExtAuthzConfig config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    ExtAuthzRouteConfig route = routeConfig();
    if (route.disabled()) {
      return FilterStatus.CONTINUE;
    }
    if (!config.asked().enabled().includes(context.loop().random())) {
      count("disabled");
      if (!config.asked().deniesOthers()) {
        return FilterStatus.CONTINUE;
      }
      refuseAsError();
      return FilterStatus.PAUSE;
    }
    Optional<ExtAuthzConfig.Body> wanted = route.body().or(config::body);
    if (wanted.isPresent() && !route.withoutBody() && !endStream && !context.isTunnel()) {
      body = wanted.get();
      collecting = true;
      if (!wanted.get().partial()) {
        context.setRequestBufferBytesMax(wanted.get().bytesMax());
      }
      return FilterStatus.BUFFER;
    }
    return ask(Optional.empty());
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    ExtAuthzConfig.Body wanted = body;
    if (!collecting || wanted == null) {
      return FilterStatus.CONTINUE;
    }
    int room = wanted.bytesMax() - collected.size();
    boolean fits = data.readableBytes() <= room;
    byte[] piece = new byte[Math.min(room, data.readableBytes())];
    data.getBytes(data.readerIndex(), piece);
    collected.write(piece, 0, piece.length);
    boolean full = wanted.partial() && collected.size() >= wanted.bytesMax();
    if ((!endStream && !full) || (!fits && !wanted.partial())) {
      // beyond the limit the stream is answered 413 as it keeps this piece
      return FilterStatus.BUFFER;
    }
    return askWithBody(fits);
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    return collecting ? askWithBody(true) : FilterStatus.CONTINUE;
  }

  private FilterStatus askWithBody(boolean whole) {
    collecting = false;
    ExtAuthzConfig.Body wanted = body;
    boolean asBytes = wanted != null && wanted.asBytes();
    return ask(Optional.of(new CheckRequests.Body(collected.toByteString(), whole, asBytes)));
  }

  private FilterStatus ask(Optional<CheckRequests.Body> told) {
    asking = true;
    answered = false;
    askedNanos = context.loop().nanos();
    UpstreamCall begun =
        config
            .service()
            .check(
                context.loop(),
                CheckRequests.of(context, config.told(), routeConfig().extensions(), told),
                context.streamInfo(),
                this::onVerdict);
    asking = false;
    if (!answered) {
      call = begun;
      return FilterStatus.PAUSE;
    }
    return replied ? FilterStatus.PAUSE : FilterStatus.CONTINUE;
  }

  private ExtAuthzRouteConfig routeConfig() {
    return context.routeConfig() instanceof ExtAuthzRouteConfig ofRoute
        ? ofRoute
        : ExtAuthzRouteConfig.NONE;
  }

  private void onVerdict(Verdict verdict) {
    answered = true;
    call = null;
    keepMetadata(verdict);
    switch (verdict.outcome()) {
      case Outcome.Allowed allowed -> allow(allowed);
      case Outcome.Denied denied -> deny(denied);
      case Outcome.Failed() -> fail();
    }
  }

  private void keepMetadata(Verdict verdict) {
    if (verdict.metadata().isEmpty()) {
      return;
    }
    if (!config.answers().takesMetadata()) {
      count("ignored_dynamic_metadata");
      return;
    }
    Map<String, Object> fields = new HashMap<>(verdict.metadata());
    if (verdict.outcome() instanceof Outcome.Allowed) {
      long millis = (context.loop().nanos() - askedNanos) / 1_000_000;
      fields.put("ext_authz_duration", (double) millis);
    }
    context.streamInfo().dynamicMetadata.add(NAMESPACE, fields);
  }

  private void allow(Outcome.Allowed allowed) {
    if (!isValid(allowed.request()) || !isValid(allowed.response())) {
      refuseAsInvalid();
      return;
    }
    charge("ok");
    HeaderBlock request = context.requestHeaders();
    boolean changes =
        !allowed.request().isEmpty()
            || !allowed.removals().isEmpty()
            || !allowed.query().isEmpty()
            || !allowed.queryRemovals().isEmpty();
    for (Change change : allowed.request()) {
      if (change.isValid()) {
        change.apply(request);
      }
    }
    for (String name : allowed.removals()) {
      if (HeaderName.isValid(name) && !name.startsWith(":") && !name.equalsIgnoreCase("host")) {
        request.remove(HeaderName.of(name));
      }
    }
    QueryChanges.apply(request, allowed.query(), allowed.queryRemovals());
    told = allowed.response();
    if (changes && config.answers().clearsRoute()) {
      context.clearRoute();
    }
    if (!asking) {
      context.continueDecoding();
    }
  }

  private void deny(Outcome.Denied denied) {
    if (!isValid(denied.headers())) {
      refuseAsInvalid();
      return;
    }
    charge("denied");
    Cluster cluster = cluster();
    if (cluster != null && config.answers().charges()) {
      cluster.stats().responseCode(denied.status());
    }
    replied = true;
    context.sendLocalReply(
        new LocalReply(
            denied.status(),
            denied.body().toByteArray(),
            ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE,
            "ext_authz_denied",
            response -> finish(response, denied.headers())));
  }

  /** What the service says takes the place of what stands there, but may say it twice. */
  private static void finish(HeaderBlock response, List<Change> changes) {
    for (Change change : changes) {
      if (change.isValid() && change.action() == Action.ADD) {
        response.remove(HeaderName.of(change.name()));
      }
    }
    for (Change change : changes) {
      if (change.isValid()) {
        change.apply(response);
      }
    }
  }

  private void fail() {
    charge("error");
    if (!config.answers().failurePasses()) {
      refuseAsError();
      return;
    }
    charge("failure_mode_allowed");
    if (config.answers().tellsFailure()) {
      context.requestHeaders().add(FAILURE_ALLOWED, "true");
    }
    if (!asking) {
      context.continueDecoding();
    }
  }

  private void refuseAsError() {
    replied = true;
    context.sendLocalReply(
        new LocalReply(
            config.answers().errorStatus(),
            NO_BODY,
            ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE,
            "ext_authz_error",
            _ -> {}));
  }

  private boolean isValid(List<Change> changes) {
    return !config.answers().validates() || changes.stream().allMatch(Change::isValid);
  }

  private void refuseAsInvalid() {
    count("invalid");
    replied = true;
    context.sendLocalReply(
        new LocalReply(
            500,
            NO_BODY,
            ResponseFlag.UNAUTHORIZED_EXTERNAL_SERVICE,
            "ext_authz_invalid",
            _ -> {}));
  }

  private @Nullable Cluster cluster() {
    RouteChoice choice = context.routeChoice();
    String name = choice == null ? null : choice.cluster();
    return name == null ? null : config.clusters().get(name);
  }

  /** Counts for the connection manager and for the cluster of the request. */
  private void charge(String name) {
    count(name);
    Cluster cluster = cluster();
    if (cluster != null) {
      count(cluster.scope(), name);
    }
  }

  private void count(String name) {
    count(context.stats(), name);
  }

  private void count(StatScope scope, String name) {
    scope.counter("ext_authz." + config.statPrefix() + name).inc();
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    for (int i = 0; i < told.size(); i++) {
      if (told.get(i).isValid()) {
        told.get(i).apply(headers);
      }
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    UpstreamCall open = call;
    if (open != null) {
      open.cancel();
      call = null;
    }
    told = List.of();
    if (body != null) {
      body = null;
      collected = ByteString.newOutput(0);
    }
    collecting = false;
    answered = false;
    replied = false;
  }
}
