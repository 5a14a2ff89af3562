package io.meltemi.proxy.http.filter.localratelimit;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.route.RateLimit;
import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.ResponseFlag;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a token for each request; answers those for which there is none. */
final class LocalRateLimitFilter implements HttpFilter {
  private static final HeaderName LIMIT = HeaderName.of("x-ratelimit-limit");
  private static final HeaderName REMAINING = HeaderName.of("x-ratelimit-remaining");
  private static final HeaderName RESET = HeaderName.of("x-ratelimit-reset");
  private static final HeaderName GRPC_STATUS = HeaderName.of("grpc-status");
  private static final int RESOURCE_EXHAUSTED = 8;
  private static final String REASON = "local_rate_limited";
  private static final byte[] TEXT = REASON.getBytes(StandardCharsets.US_ASCII);

  private final LocalRateLimitConfig chainConfig;
  private final HttpFilterContext context;
  private final FormatOutput scratch = new FormatOutput();
  private LocalRateLimitConfig config;
  private @Nullable TokenBucket told;

  LocalRateLimitFilter(LocalRateLimitConfig chainConfig, HttpFilterContext context) {
    this.chainConfig = chainConfig;
    this.config = chainConfig;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    config = context.routeConfig() instanceof LocalRateLimitConfig ofRoute ? ofRoute : chainConfig;
    if (!config.shares.enabled().includes(context.loop().random())) {
      return FilterStatus.CONTINUE;
    }
    config.enabled.inc();
    long now = context.loop().nanos();
    RateLimiter limiter = config.limiter(context.connection(), now);
    RateLimiter.Answer answer = limiter.ask(describe(limiter, headers), now);
    told = answer.headers().areTold(config.answers.tellsLimits()) ? answer.bucket() : null;
    if (answer.allowed()) {
      config.ok.inc();
      return FilterStatus.CONTINUE;
    }
    config.rateLimited.inc();
    if (answer.isShadow()) {
      config.shadow.inc();
      return FilterStatus.CONTINUE;
    }
    LocalRateLimitConfig.Answers answers = config.answers;
    if (!config.shares.enforced().includes(context.loop().random())) {
      answers.unenforced().apply(headers, context.streamInfo(), scratch);
      return FilterStatus.CONTINUE;
    }
    config.enforced.inc();
    context.sendLocalReply(
        new LocalReply(
            answers.status(), TEXT, ResponseFlag.RATE_LIMITED, REASON, this::finishHeaders));
    return FilterStatus.PAUSE;
  }

  private void finishHeaders(HeaderBlock response) {
    config.answers.response().apply(response, context.streamInfo(), scratch);
    if (config.answers.resourceExhausted() && isGrpc()) {
      response.setNumber(GRPC_STATUS, RESOURCE_EXHAUSTED);
    }
  }

  private boolean isGrpc() {
    String type = context.requestHeaders().get(HeaderName.CONTENT_TYPE);
    return type != null
        && (type.equals("application/grpc") || type.startsWith("application/grpc+"));
  }

  private List<RateLimitDescriptor> describe(RateLimiter limiter, HeaderBlock headers) {
    if (!limiter.hasDescriptors()) {
      return List.of();
    }
    RouteChoice choice = context.routeChoice();
    if (choice == null
        || choice.route() == null
        || !(choice.route().action() instanceof RouteAction.Forward)) {
      return List.of();
    }
    String cluster = choice.cluster();
    LocalRateLimitConfig.Descriptions descriptions = config.descriptions;
    RateLimit.Facts facts =
        new RateLimit.Facts(
            headers,
            context.streamInfo(),
            new RateLimit.Facts.Node(descriptions.localCluster(), cluster == null ? "" : cluster),
            choice.route().labels().metadata());
    List<RateLimitDescriptor> out = new ArrayList<>(4);
    if (descriptions.own().isEmpty()) {
      choice
          .filterConfigs()
          .rateLimits()
          .describe(descriptions.host(), descriptions.stage(), facts, out);
    } else {
      RateLimit.describe(descriptions.own(), descriptions.stage(), facts, out);
    }
    return out;
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    TokenBucket bucket = told;
    if (bucket != null) {
      long now = context.loop().nanos();
      headers.addNumber(LIMIT, bucket.tokensMax());
      headers.addNumber(REMAINING, bucket.remaining(now));
      headers.addNumber(RESET, bucket.secondsToToken(now));
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    told = null;
    config = chainConfig;
  }
}
