package io.meltemi.proxy.http.filter.ratelimit;

import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.RateLimitOverride;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitRequest;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse;
import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse.DescriptorStatus;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.route.RateLimit;
import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.UpstreamCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds a request until the service has said whether it may go on. */
final class RateLimitFilter implements HttpFilter {
  private static final String METHOD =
      "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
  private static final String NAMESPACE = "envoy.filters.http.ratelimit";
  private static final HeaderName LIMITED = HeaderName.of("x-envoy-ratelimited");
  private static final HeaderName LIMIT = HeaderName.of("x-ratelimit-limit");
  private static final HeaderName REMAINING = HeaderName.of("x-ratelimit-remaining");
  private static final HeaderName RESET = HeaderName.of("x-ratelimit-reset");
  private static final int RESOURCE_EXHAUSTED = 8;

  /** Seconds of {@code RateLimitResponse.RateLimit.Unit} by number. */
  private static final long[] WINDOWS = {0, 1, 60, 3600, 86_400, 2_592_000, 31_536_000, 604_800};

  private record Header(HeaderName name, String value) {}

  private final RateLimitConfig config;
  private final HttpFilterContext context;
  private final FormatOutput scratch = new FormatOutput();
  private final List<Header> told = new ArrayList<>(0);
  private RateLimitRouteConfig routeConfig = RateLimitRouteConfig.NONE;
  private @Nullable UpstreamCall call;
  private @Nullable Cluster cluster;
  private boolean asking;
  private boolean answered;
  private boolean replied;

  RateLimitFilter(RateLimitConfig config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    if (!config.asked().enabled().includes(context.loop().random())
        || config.asked().requests()
            == (context.isInternal()
                ? RateLimitConfig.Requests.EXTERNAL
                : RateLimitConfig.Requests.INTERNAL)) {
      return FilterStatus.CONTINUE;
    }
    List<RateLimitDescriptor> descriptors = describe(headers, false);
    if (descriptors.isEmpty()) {
      return FilterStatus.CONTINUE;
    }
    asking = true;
    answered = false;
    UpstreamCall begun = ask(descriptors, new Verdict(descriptors));
    asking = false;
    if (!answered) {
      call = begun;
      return FilterStatus.PAUSE;
    }
    return replied ? FilterStatus.PAUSE : FilterStatus.CONTINUE;
  }

  private UpstreamCall ask(
      List<RateLimitDescriptor> descriptors, GrpcClient.Listener<RateLimitResponse> listener) {
    RateLimitRequest.Builder request =
        RateLimitRequest.newBuilder()
            .setDomain(routeConfig.domain().isEmpty() ? config.domain() : routeConfig.domain());
    for (RateLimitDescriptor descriptor : descriptors) {
      request.addDescriptors(proto(descriptor));
    }
    return config
        .service()
        .client()
        .call(
            context.loop(),
            config.service().target(),
            METHOD,
            request.build(),
            RateLimitResponse.parser(),
            listener);
  }

  private static io.envoyproxy.envoy.extensions.common.ratelimit.v3.RateLimitDescriptor proto(
      RateLimitDescriptor descriptor) {
    var proto = io.envoyproxy.envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.newBuilder();
    for (RateLimitDescriptor.Entry entry : descriptor.entries()) {
      proto.addEntriesBuilder().setKey(entry.key()).setValue(entry.value());
    }
    descriptor
        .limit()
        .ifPresent(
            limit ->
                proto.setLimit(
                    RateLimitOverride.newBuilder()
                        .setRequestsPerUnit((int) limit.requests())
                        .setUnitValue(limit.unit())));
    if (descriptor.hits().isPresent()) {
      proto.getHitsAddendBuilder().setValue(descriptor.hits().getAsLong());
    }
    return proto.build();
  }

  private List<RateLimitDescriptor> describe(HeaderBlock headers, boolean onStreamDone) {
    RouteChoice choice = context.routeChoice();
    if (choice == null
        || choice.route() == null
        || !(choice.route().action() instanceof RouteAction.Forward)) {
      return List.of();
    }
    routeConfig =
        context.routeConfig() instanceof RateLimitRouteConfig ofRoute
            ? ofRoute
            : RateLimitRouteConfig.NONE;
    if (routeConfig.own().isEmpty() && onStreamDone) {
      return List.of();
    }
    String name = choice.cluster();
    cluster = name == null ? null : config.service().clusters().get(name);
    RateLimit.Facts facts =
        new RateLimit.Facts(
            headers,
            context.streamInfo(),
            new RateLimit.Facts.Node(config.service().localCluster(), name == null ? "" : name),
            choice.route().labels().metadata());
    List<RateLimitDescriptor> out = new ArrayList<>(4);
    if (routeConfig.own().isEmpty()) {
      choice.filterConfigs().rateLimits().describe(routeConfig.host(), config.stage(), facts, out);
      return out;
    }
    for (RateLimit limit : routeConfig.own()) {
      if (limit.onStreamDone() == onStreamDone) {
        limit.describe(facts).ifPresent(out::add);
      }
    }
    return out;
  }

  /** The service's answer. */
  private final class Verdict implements GrpcClient.Listener<RateLimitResponse> {
    private final List<RateLimitDescriptor> asked;

    Verdict(List<RateLimitDescriptor> asked) {
      this.asked = asked;
    }

    @Override
    public void onAnswer(RateLimitResponse answer) {
      answered = true;
      call = null;
      if (answer.hasDynamicMetadata() && answer.getDynamicMetadata().getFieldsCount() > 0) {
        context
            .streamInfo()
            .dynamicMetadata
            .add(NAMESPACE, Metadata.fields(answer.getDynamicMetadata()));
      }
      keep(answer.getResponseHeadersToAddList());
      if (answer.getOverallCode() == RateLimitResponse.Code.OVER_LIMIT) {
        overLimit(answer, asked);
        return;
      }
      count("ok");
      limits(answer, asked);
      pass(answer.getRequestHeadersToAddList());
    }

    @Override
    public void onFailure(int status) {
      answered = true;
      call = null;
      count("error");
      if (!config.answers().failureDenies()) {
        count("failure_mode_allowed");
        pass(List.of());
        return;
      }
      replied = true;
      context.sendLocalReply(
          config.answers().errorStatus(),
          "",
          ResponseFlag.RATE_LIMIT_SERVICE_ERROR,
          "rate_limiter_error");
    }
  }

  private void overLimit(RateLimitResponse answer, List<RateLimitDescriptor> asked) {
    count("over_limit");
    RateLimitConfig.Answers answers = config.answers();
    Cluster to = cluster;
    if (to != null) {
      to.stats().responseCode(answers.status());
    }
    if (answers.tellsLimited()) {
      told.add(new Header(LIMITED, "true"));
    }
    limits(answer, asked);
    if (!config.asked().enforced().includes(context.loop().random())) {
      pass(answer.getRequestHeadersToAddList());
      return;
    }
    replied = true;
    context.sendLocalReply(
        new LocalReply(
            answers.status(),
            answer.getRawBody().toByteArray(),
            ResponseFlag.RATE_LIMITED,
            "request_rate_limited",
            this::finishHeaders));
  }

  private void finishHeaders(HeaderBlock response) {
    for (Header header : told) {
      if (header.name() == HeaderName.CONTENT_TYPE) {
        response.remove(HeaderName.CONTENT_TYPE);
      }
    }
    tell(response);
    config.answers().response().apply(response, context.streamInfo(), scratch);
    if (config.answers().resourceExhausted() && GrpcHeaders.isGrpc(context.requestHeaders())) {
      response.setNumber(GrpcHeaders.GRPC_STATUS, RESOURCE_EXHAUSTED);
    }
  }

  private void pass(List<HeaderValue> requestHeaders) {
    for (HeaderValue header : requestHeaders) {
      if (isHeader(header)) {
        context.requestHeaders().add(HeaderName.of(header.getKey()), value(header));
      }
    }
    if (!asking) {
      context.continueDecoding();
    }
  }

  private void keep(List<HeaderValue> headers) {
    for (HeaderValue header : headers) {
      if (isHeader(header)) {
        told.add(new Header(HeaderName.of(header.getKey()), value(header)));
      }
    }
  }

  /** What a service sends is held to what a header may be. */
  private static boolean isHeader(HeaderValue header) {
    String value = value(header);
    return HeaderName.isValid(header.getKey())
        && !header.getKey().startsWith(":")
        && value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0);
  }

  private static String value(HeaderValue header) {
    return header.getRawValue().isEmpty()
        ? header.getValue()
        : header.getRawValue().toString(java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  /** The limit of which the least is left, and the windows of all. */
  private void limits(RateLimitResponse answer, List<RateLimitDescriptor> asked) {
    DescriptorStatus least = null;
    boolean leastIsTold = false;
    StringBuilder policy = new StringBuilder();
    for (int i = 0; i < answer.getStatusesCount(); i++) {
      DescriptorStatus status = answer.getStatuses(i);
      if (!status.hasCurrentLimit()) {
        continue;
      }
      boolean isTold =
          i < asked.size()
              ? asked.get(i).headers().areTold(config.answers().tellsLimits())
              : config.answers().tellsLimits();
      if (least == null
          || Integer.compareUnsigned(status.getLimitRemaining(), least.getLimitRemaining()) < 0) {
        least = status;
        leastIsTold = isTold;
      }
      int unit = status.getCurrentLimit().getUnitValue();
      if (isTold && unit > 0 && unit < WINDOWS.length) {
        policy
            .append(", ")
            .append(Integer.toUnsignedString(status.getCurrentLimit().getRequestsPerUnit()))
            .append(";w=")
            .append(WINDOWS[unit]);
        if (!status.getCurrentLimit().getName().isEmpty()) {
          policy.append(";name=\"").append(status.getCurrentLimit().getName()).append('"');
        }
      }
    }
    if (least == null || !leastIsTold) {
      return;
    }
    told.add(
        new Header(
            LIMIT,
            Integer.toUnsignedString(least.getCurrentLimit().getRequestsPerUnit()) + policy));
    told.add(new Header(REMAINING, Integer.toUnsignedString(least.getLimitRemaining())));
    told.add(new Header(RESET, Long.toString(least.getDurationUntilReset().getSeconds())));
  }

  private void count(String name) {
    Cluster to = cluster;
    if (to != null) {
      to.scope().counter("ratelimit." + config.statPrefix() + name).inc();
    }
  }

  private void tell(HeaderBlock response) {
    for (int i = 0; i < told.size(); i++) {
      response.add(told.get(i).name(), told.get(i).value());
    }
    told.clear();
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    if (!told.isEmpty()) {
      tell(headers);
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
    if (!context.requestHeaders().isEmpty()) {
      List<RateLimitDescriptor> done = describe(context.requestHeaders(), true);
      if (!done.isEmpty()) {
        ask(done, Ignored.INSTANCE);
      }
    }
    told.clear();
    cluster = null;
    routeConfig = RateLimitRouteConfig.NONE;
    answered = false;
    replied = false;
  }

  /** What is counted at the end limits nothing. */
  private enum Ignored implements GrpcClient.Listener<RateLimitResponse> {
    INSTANCE;

    @Override
    public void onAnswer(RateLimitResponse answer) {}

    @Override
    public void onFailure(int status) {}
  }
}
