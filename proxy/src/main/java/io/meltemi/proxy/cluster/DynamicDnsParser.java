package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DnsLookupFamily;
import io.envoyproxy.envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig;
import io.envoyproxy.envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheCircuitBreakers;
import io.envoyproxy.envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig;
import io.meltemi.proxy.cluster.ClusterSettings.Discovery;
import io.meltemi.proxy.cluster.ClusterSettings.DnsFamily;
import io.meltemi.proxy.cluster.ClusterSettings.DynamicDns;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/**
 * Names that requests tell: the settings of clusters, and of the filters before them. Stateless.
 */
public final class DynamicDnsParser {
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final SupportedFields CLUSTER =
      SupportedFields.of(
          ClusterConfig.class,
          "dns_cache_config",
          // TLS is always checked as the transport socket says, and nothing more is asked for
          "allow_insecure_cluster_options");
  private static final SupportedFields CACHE =
      SupportedFields.of(
              DnsCacheConfig.class,
              "name",
              "dns_lookup_family",
              "dns_refresh_rate",
              "host_ttl",
              "max_hosts",
              "dns_failure_refresh_rate",
              "dns_cache_circuit_breaker",
              "dns_query_timeout")
          .withoutEffect(
              ClusterParser.SYSTEM_RESOLVER, "typed_dns_resolver_config", "dns_min_refresh_rate");
  private static final SupportedFields BREAKER =
      SupportedFields.of(DnsCacheCircuitBreakers.class, "max_pending_requests");

  private DynamicDnsParser() {}

  static Discovery cluster(Any config, ParseScope scope) {
    ClusterConfig proto =
        scope
            .unpack(config, ClusterConfig.class, CLUSTER)
            .orElse(ClusterConfig.getDefaultInstance());
    return new Discovery.Dynamic(cache(proto.getDnsCacheConfig(), scope.field("dns_cache_config")));
  }

  /** The settings of a cache of names. */
  public static DynamicDns cache(DnsCacheConfig proto, ParseScope scope) {
    CACHE.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("\"\"", "a name");
    }
    DnsCacheCircuitBreakers breaker = proto.getDnsCacheCircuitBreaker();
    BREAKER.check(breaker, scope.field("dns_cache_circuit_breaker"));
    long refresh =
        nanos(
            proto.hasDnsRefreshRate(),
            proto.getDnsRefreshRate(),
            60 * SECOND_NANOS,
            scope.field("dns_refresh_rate"));
    return new DynamicDns(
        proto.getName(),
        family(proto, scope),
        refresh,
        nanos(
            proto.hasDnsFailureRefreshRate(),
            proto.getDnsFailureRefreshRate().getBaseInterval(),
            refresh,
            scope.field("dns_failure_refresh_rate").field("base_interval")),
        nanos(proto.hasHostTtl(), proto.getHostTtl(), 300 * SECOND_NANOS, scope.field("host_ttl")),
        nanos(
            proto.hasDnsQueryTimeout(),
            proto.getDnsQueryTimeout(),
            5 * SECOND_NANOS,
            scope.field("dns_query_timeout")),
        count(proto.hasMaxHosts(), proto.getMaxHosts().getValue(), scope.field("max_hosts")),
        count(
            breaker.hasMaxPendingRequests(),
            breaker.getMaxPendingRequests().getValue(),
            scope.field("dns_cache_circuit_breaker").field("max_pending_requests")));
  }

  private static int count(boolean present, int value, ParseScope scope) {
    if (present && value < 1) {
      scope.error(Integer.toUnsignedString(value), "1 to " + Integer.MAX_VALUE);
    }
    return present ? Math.max(1, value) : 1024;
  }

  private static long nanos(boolean present, Duration value, long otherwise, ParseScope scope) {
    if (!present) {
      return otherwise;
    }
    long nanos = scope.durationNanos(value);
    if (nanos < 1_000_000) {
      scope.error(nanos + "ns", "1ms or more");
      return otherwise;
    }
    return nanos;
  }

  private static DnsFamily family(DnsCacheConfig proto, ParseScope scope) {
    DnsLookupFamily family = proto.getDnsLookupFamily();
    return switch (family) {
      case AUTO -> DnsFamily.AUTO;
      case V4_ONLY -> DnsFamily.V4_ONLY;
      case V6_ONLY -> DnsFamily.V6_ONLY;
      case V4_PREFERRED -> DnsFamily.V4_PREFERRED;
      case ALL -> DnsFamily.ALL;
      case UNRECOGNIZED -> {
        scope
            .field("dns_lookup_family")
            .error("" + proto.getDnsLookupFamilyValue(), "a known family");
        yield DnsFamily.AUTO;
      }
    };
  }
}
