package io.meltemi.proxy.http.filter.localratelimit;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.RateLimit;
import io.meltemi.proxy.route.RateLimits;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.netty.util.AttributeKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Limits of a chain or of one route, which then counts alone, with their buckets. */
final class LocalRateLimitConfig implements HttpFilterConfig, RouteFilterConfig {
  private static final AttributeKey<Map<LocalRateLimitConfig, RateLimiter>> OF_CONNECTION =
      AttributeKey.valueOf(LocalRateLimitConfig.class, "limiters");

  /**
   * What happens to which share of the requests.
   *
   * @param enabled which are counted
   * @param enforced which of those beyond the limit are answered
   */
  record Shares(Fraction enabled, Fraction enforced) {}

  /**
   * The answer to a request beyond the limit.
   *
   * @param unenforced headers of requests that are let pass all the same
   * @param tellsLimits whether responses have {@code x-ratelimit-} headers
   */
  record Answers(
      int status,
      boolean resourceExhausted,
      HeaderMutations unenforced,
      HeaderMutations response,
      boolean tellsLimits) {}

  /**
   * How a request is described.
   *
   * @param own entries that count instead of those of routes; empty for none
   */
  record Descriptions(
      int stage, RateLimits.HostChoice host, List<RateLimit> own, String localCluster) {
    Descriptions {
      own = List.copyOf(own);
    }
  }

  private final RateLimiter.Rules rules;
  private final boolean perConnection;
  private final RateLimiter shared;
  private final Counter dropped;
  final Shares shares;
  final Answers answers;
  final Descriptions descriptions;
  final Counter enabled;
  final Counter ok;
  final Counter rateLimited;

  /** Beyond a descriptor that only looks on. */
  final Counter shadow;

  final Counter enforced;

  LocalRateLimitConfig(
      RateLimiter.Rules rules,
      boolean perConnection,
      Shares shares,
      Answers answers,
      Descriptions descriptions,
      StatScope stats,
      long nowNanos) {
    this.rules = rules;
    this.perConnection = perConnection;
    this.shares = shares;
    this.answers = answers;
    this.descriptions = descriptions;
    this.enabled = stats.counter("enabled");
    this.ok = stats.counter("ok");
    this.rateLimited = stats.counter("rate_limited");
    this.shadow = stats.counter("shadow_mode");
    this.enforced = stats.counter("enforced");
    this.dropped = stats.counter("dynamic_descriptors_dropped");
    this.shared = new RateLimiter(rules, dropped, nowNanos);
  }

  RateLimiter limiter(DownstreamConnection connection, long nowNanos) {
    if (!perConnection) {
      return shared;
    }
    var attribute = connection.channel().attr(OF_CONNECTION);
    @Nullable Map<LocalRateLimitConfig, RateLimiter> known = attribute.get();
    if (known == null) {
      known = new HashMap<>(1);
      attribute.set(known);
    }
    return known.computeIfAbsent(this, _ -> new RateLimiter(rules, dropped, nowNanos));
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new LocalRateLimitFilter(this, context);
  }
}
