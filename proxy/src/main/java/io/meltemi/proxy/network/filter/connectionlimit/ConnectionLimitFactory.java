package io.meltemi.proxy.network.filter.connectionlimit;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.RuntimeFeatureFlag;
import io.envoyproxy.envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Parses connection limits. */
public final class ConnectionLimitFactory implements NetworkFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          ConnectionLimit.class, "stat_prefix", "max_connections", "delay", "runtime_enabled");
  private static final SupportedFields FLAG =
      SupportedFields.of(RuntimeFeatureFlag.class, "default_value", "runtime_key");

  private final Stats stats;

  public ConnectionLimitFactory(Stats stats) {
    this.stats = stats;
  }

  @Override
  public String name() {
    return "envoy.filters.network.connection_limit";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit");
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, ConnectionLimit.class, FIELDS).map(proto -> limit(proto, scope));
  }

  private NetworkFilterConfig limit(ConnectionLimit proto, ParseScope scope) {
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    long max = proto.getMaxConnections().getValue();
    if (max == 0) {
      scope.field("max_connections").error("0", "1 or more");
    }
    FLAG.check(proto.getRuntimeEnabled(), scope.field("runtime_enabled"));
    boolean enabled =
        !proto.hasRuntimeEnabled()
            || !proto.getRuntimeEnabled().hasDefaultValue()
            || proto.getRuntimeEnabled().getDefaultValue().getValue();
    long delay = scope.field("delay").durationNanos(proto.getDelay());
    if (!enabled) {
      return _ -> {};
    }
    return new ConnectionLimiter(
        // past every number of connections, and so without a sign to look at
        max < 0 ? Long.MAX_VALUE : max,
        delay,
        stats.scope("connection_limit." + proto.getStatPrefix() + "."));
  }
}
