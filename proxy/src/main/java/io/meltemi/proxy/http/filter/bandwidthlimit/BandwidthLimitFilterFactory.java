package io.meltemi.proxy.http.filter.bandwidthlimit;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.RuntimeFeatureFlag;
import io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit.EnableMode;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Parses rates of chains and of routes. */
public final class BandwidthLimitFilterFactory implements HttpFilterFactory {
  private static final String TYPE_URL =
      "type.googleapis.com/envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit";
  private static final SupportedFields LIMIT =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit.class,
          "stat_prefix",
          "enable_mode",
          "limit_kbps",
          "fill_interval",
          "runtime_enabled",
          "enable_response_trailers",
          "response_trailer_prefix");
  private static final SupportedFields RUNTIME =
      SupportedFields.of(RuntimeFeatureFlag.class, "default_value")
          .withoutEffect("there is no runtime; the default counts", "runtime_key");
  private static final long FILL_NANOS_DEFAULT = 50_000_000L;
  private static final long FILL_NANOS_MIN = 20_000_000L;
  private static final long FILL_NANOS_MAX = 1_000_000_000L;
  private static final long KILOBYTES_MAX = 1L << 40;

  private final Stats stats;

  public BandwidthLimitFilterFactory(Stats stats) {
    this.stats = stats;
  }

  @Override
  public String name() {
    return "envoy.filters.http.bandwidth_limit";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return limit(config, false, scope).map(limit -> limit);
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return limit(config, true, scope).map(limit -> limit);
  }

  private Optional<BandwidthLimit> limit(Any config, boolean ofRoute, ParseScope scope) {
    return scope
        .unpack(
            config,
            io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit.class,
            LIMIT)
        .map(proto -> limit(proto, ofRoute, scope));
  }

  private BandwidthLimit limit(
      io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit proto,
      boolean ofRoute,
      ParseScope scope) {
    RUNTIME.check(proto.getRuntimeEnabled(), scope.field("runtime_enabled"));
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    EnableMode mode = proto.getEnableMode();
    if (mode == EnableMode.UNRECOGNIZED) {
      scope.field("enable_mode").error("unknown", "a known value");
    }
    long kilobytes = proto.getLimitKbps().getValue();
    boolean set = proto.hasLimitKbps();
    if (set ? kilobytes == 0 : ofRoute || mode != EnableMode.DISABLED) {
      scope.field("limit_kbps").error(set ? "0" : "nothing", "1 or more");
    }
    long fill =
        proto.hasFillInterval()
            ? scope.field("fill_interval").durationNanos(proto.getFillInterval())
            : FILL_NANOS_DEFAULT;
    if (fill < FILL_NANOS_MIN || fill > FILL_NANOS_MAX) {
      scope.field("fill_interval").error(fill + "ns", "20ms to 1s");
    }
    String prefix = proto.getResponseTrailerPrefix();
    if (!prefix.isEmpty() && !HeaderName.isValid(prefix)) {
      scope.field("response_trailer_prefix").error("\"" + prefix + "\"", "a header name");
      prefix = "";
    }
    boolean on =
        !proto.hasRuntimeEnabled() || proto.getRuntimeEnabled().getDefaultValue().getValue();
    // more than there is bandwidth in the world is as much as fits
    long bounded = kilobytes < 0 ? KILOBYTES_MAX : Math.clamp(kilobytes, 1, KILOBYTES_MAX);
    StatScope scopeOfStats = stats.scope(proto.getStatPrefix() + ".http_bandwidth_limit.");
    return new BandwidthLimit(
        new BandwidthLimit.Direction(
            on && (mode == EnableMode.REQUEST || mode == EnableMode.REQUEST_AND_RESPONSE),
            BandwidthLimit.Numbers.in(scopeOfStats, "request")),
        new BandwidthLimit.Direction(
            on && (mode == EnableMode.RESPONSE || mode == EnableMode.REQUEST_AND_RESPONSE),
            BandwidthLimit.Numbers.in(scopeOfStats, "response")),
        new ByteBucket(bounded * 1024),
        fill,
        BandwidthLimit.Trailers.named(
            proto.getEnableResponseTrailers(), prefix.isEmpty() ? "" : prefix + "-"));
  }
}
