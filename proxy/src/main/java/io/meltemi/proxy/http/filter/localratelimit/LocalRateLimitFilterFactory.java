package io.meltemi.proxy.http.filter.localratelimit;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.envoyproxy.envoy.type.v3.TokenBucket;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.route.RateLimitParser;
import io.meltemi.proxy.route.RateLimits;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Stats;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses local rate limits. Limits shared by the hosts of a local cluster are refused. */
public final class LocalRateLimitFilterFactory implements HttpFilterFactory {
  private static final Set<String> TYPE_URLS =
      Set.of("type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit");
  private static final SupportedFields LIMIT =
      SupportedFields.of(
          LocalRateLimit.class,
          "stat_prefix",
          "status",
          "token_bucket",
          "filter_enabled",
          "filter_enforced",
          "request_headers_to_add_when_not_enforced",
          "response_headers_to_add",
          "descriptors",
          "stage",
          "local_rate_limit_per_downstream_connection",
          "enable_x_ratelimit_headers",
          "vh_rate_limits",
          "always_consume_default_token_bucket",
          "rate_limited_as_resource_exhausted",
          "rate_limits",
          "max_dynamic_descriptors");
  private static final SupportedFields BUCKET =
      SupportedFields.of(TokenBucket.class, "max_tokens", "tokens_per_fill", "fill_interval");
  private static final SupportedFields DESCRIPTOR =
      SupportedFields.of(LocalRateLimitDescriptor.class, "entries", "token_bucket", "shadow_mode");
  private static final long FILL_NANOS_MIN = 50_000_000;
  private static final int STAGE_MAX = 10;
  private static final int HEADERS_MAX = 10;
  private static final int DYNAMIC_MAX_DEFAULT = 20;
  private static final int TOO_MANY_REQUESTS = 429;

  private final Stats stats;
  private final Ticker ticker;
  private final String localCluster;
  private final HeaderMutationsParser headers;
  private final RateLimitParser limits;

  /**
   * @param localCluster of this proxy's node
   */
  public LocalRateLimitFilterFactory(Stats stats, Ticker ticker, String localCluster) {
    this.stats = stats;
    this.ticker = ticker;
    this.localCluster = localCluster;
    this.headers = new HeaderMutationsParser(ticker);
    this.limits = new RateLimitParser(ticker);
  }

  @Override
  public String name() {
    return "envoy.filters.http.local_ratelimit";
  }

  @Override
  public Set<String> typeUrls() {
    return TYPE_URLS;
  }

  @Override
  public Set<String> routeTypeUrls() {
    return TYPE_URLS;
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, LocalRateLimit.class).map(proto -> config(proto, scope));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, LocalRateLimit.class)
        .map(
            proto -> {
              if (!proto.hasTokenBucket()) {
                scope.field("token_bucket").error("nothing", "a token bucket, for a route");
              }
              return config(proto, scope);
            });
  }

  private LocalRateLimitConfig config(LocalRateLimit proto, ParseScope scope) {
    LIMIT.check(proto, scope);
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    if (proto.getStage() < 0 || proto.getStage() > STAGE_MAX) {
      scope.field("stage").error(Integer.toUnsignedString(proto.getStage()), "0 to " + STAGE_MAX);
    }
    return new LocalRateLimitConfig(
        rules(proto, scope),
        proto.getLocalRateLimitPerDownstreamConnection(),
        new LocalRateLimitConfig.Shares(
            proto.hasFilterEnabled()
                ? FractionParser.parse(proto.getFilterEnabled(), scope.field("filter_enabled"))
                : Fraction.NEVER,
            proto.hasFilterEnforced()
                ? FractionParser.parse(proto.getFilterEnforced(), scope.field("filter_enforced"))
                : Fraction.NEVER),
        answers(proto, scope),
        new LocalRateLimitConfig.Descriptions(
            proto.getStage(), host(proto, scope), limits(proto, scope), localCluster),
        stats.scope(proto.getStatPrefix() + ".http_local_rate_limit."),
        ticker.nanos());
  }

  private List<io.meltemi.proxy.route.RateLimit> limits(LocalRateLimit proto, ParseScope scope) {
    List<io.meltemi.proxy.route.RateLimit> own = limits.parse(proto.getRateLimitsList(), scope);
    for (int i = 0; i < own.size(); i++) {
      ParseScope at = scope.field("rate_limits", i);
      if (own.get(i).stage() != 0) {
        at.field("stage").error(String.valueOf(own.get(i).stage()), "none, inside of a filter");
      }
      if (own.get(i).limit().isPresent()) {
        at.field("limit").error("set", "none, inside of a local filter");
      }
      if (own.get(i).onStreamDone()) {
        at.field("apply_on_stream_done").error("true", "false, inside of a local filter");
      }
    }
    if (!own.isEmpty() && proto.getStage() != 0) {
      scope.field("stage").error(String.valueOf(proto.getStage()), "none beside rate_limits");
    }
    return own;
  }

  private LocalRateLimitConfig.Answers answers(LocalRateLimit proto, ParseScope scope) {
    count(proto.getResponseHeadersToAddCount(), scope.field("response_headers_to_add"));
    count(
        proto.getRequestHeadersToAddWhenNotEnforcedCount(),
        scope.field("request_headers_to_add_when_not_enforced"));
    // as in Envoy a status that is no error is none
    int status =
        proto.getStatus().getCodeValue() >= 400
            ? proto.getStatus().getCodeValue()
            : TOO_MANY_REQUESTS;
    boolean tells =
        switch (proto.getEnableXRatelimitHeaders()) {
          case OFF -> false;
          case DRAFT_VERSION_03 -> true;
          case UNRECOGNIZED -> {
            scope.field("enable_x_ratelimit_headers").error("unknown", "OFF or DRAFT_VERSION_03");
            yield false;
          }
        };
    return new LocalRateLimitConfig.Answers(
        status,
        proto.getRateLimitedAsResourceExhausted(),
        headers.parse(
            proto.getRequestHeadersToAddWhenNotEnforcedList(),
            scope,
            "request_headers_to_add_when_not_enforced"),
        headers.parse(proto.getResponseHeadersToAddList(), scope, "response_headers_to_add"),
        tells);
  }

  private static void count(int headers, ParseScope scope) {
    if (headers > HEADERS_MAX) {
      scope.error(headers + " headers", "at most " + HEADERS_MAX);
    }
  }

  private static RateLimits.HostChoice host(LocalRateLimit proto, ParseScope scope) {
    return switch (proto.getVhRateLimits()) {
      case OVERRIDE -> RateLimits.HostChoice.OVERRIDE;
      case INCLUDE -> RateLimits.HostChoice.INCLUDE;
      case IGNORE -> RateLimits.HostChoice.IGNORE;
      case UNRECOGNIZED -> {
        scope.field("vh_rate_limits").error("unknown", "OVERRIDE, INCLUDE or IGNORE");
        yield RateLimits.HostChoice.OVERRIDE;
      }
    };
  }

  private static RateLimiter.Rules rules(LocalRateLimit proto, ParseScope scope) {
    List<RateLimiter.Limit> limits = new ArrayList<>(proto.getDescriptorsCount());
    Set<List<RateLimitDescriptor.Entry>> seen = new HashSet<>();
    for (int i = 0; i < proto.getDescriptorsCount(); i++) {
      LocalRateLimitDescriptor descriptor = proto.getDescriptors(i);
      ParseScope at = scope.field("descriptors", i);
      DESCRIPTOR.check(descriptor, at);
      List<RateLimitDescriptor.Entry> entries = new ArrayList<>();
      for (int j = 0; j < descriptor.getEntriesCount(); j++) {
        if (descriptor.getEntries(j).getKey().isEmpty()) {
          at.field("entries", j).field("key").error("\"\"", "at least one character");
        }
        entries.add(
            new RateLimitDescriptor.Entry(
                descriptor.getEntries(j).getKey(), descriptor.getEntries(j).getValue()));
      }
      if (entries.isEmpty()) {
        at.field("entries").error("none", "at least one");
      }
      if (!seen.add(entries)) {
        at.field("entries").error(entries.toString(), "each descriptor once");
      }
      if (!descriptor.hasTokenBucket()) {
        at.field("token_bucket").error("nothing", "a token bucket");
      }
      rate(descriptor.getTokenBucket(), at.field("token_bucket"))
          .ifPresent(
              rate ->
                  limits.add(
                      new RateLimiter.Limit(
                          entries, rate, NewerFields.flag(descriptor, NewerFields.SHADOW_MODE))));
    }
    int dynamicMax =
        proto.hasMaxDynamicDescriptors()
            ? proto.getMaxDynamicDescriptors().getValue()
            : DYNAMIC_MAX_DEFAULT;
    if (dynamicMax < 1) {
      scope
          .field("max_dynamic_descriptors")
          .error(Integer.toUnsignedString(dynamicMax), "1 to " + Integer.MAX_VALUE);
      dynamicMax = 1;
    }
    return new RateLimiter.Rules(
        proto.hasTokenBucket()
            ? rate(proto.getTokenBucket(), scope.field("token_bucket"))
            : Optional.empty(),
        limits,
        !proto.hasAlwaysConsumeDefaultTokenBucket()
            || proto.getAlwaysConsumeDefaultTokenBucket().getValue(),
        dynamicMax);
  }

  private static Optional<RateLimiter.Rate> rate(TokenBucket proto, ParseScope scope) {
    BUCKET.check(proto, scope);
    long max = Integer.toUnsignedLong(proto.getMaxTokens());
    long each =
        proto.hasTokensPerFill() ? Integer.toUnsignedLong(proto.getTokensPerFill().getValue()) : 1;
    long nanos = scope.field("fill_interval").durationNanos(proto.getFillInterval());
    if (max == 0) {
      scope.field("max_tokens").error("0", "more than 0");
      return Optional.empty();
    }
    if (each == 0) {
      scope.field("tokens_per_fill").error("0", "more than 0");
      return Optional.empty();
    }
    if (nanos < FILL_NANOS_MIN) {
      scope.field("fill_interval").error(nanos + "ns", "at least 50ms");
      return Optional.empty();
    }
    return Optional.of(new RateLimiter.Rate(max, each * 1e9 / nanos));
  }
}
