package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.CustomClusterType;
import io.envoyproxy.envoy.extensions.clusters.common.dns.v3.DnsLookupFamily;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig;
import io.meltemi.proxy.cluster.ClusterSettings.Discovery;
import io.meltemi.proxy.cluster.ClusterSettings.Dns;
import io.meltemi.proxy.cluster.ClusterSettings.DnsFamily;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/**
 * Clusters whose kind is an extension: {@code envoy.cluster.dns} and {@code
 * envoy.clusters.dynamic_forward_proxy}. Any thread.
 */
final class DnsClusterParser {
  private static final long REFRESH_NANOS = 5_000_000_000L;
  private static final long REFRESH_NANOS_MIN = 1_000_000;
  private static final SupportedFields TYPE =
      SupportedFields.of(CustomClusterType.class, "name", "typed_config");
  private static final SupportedFields DNS =
      SupportedFields.of(
              DnsCluster.class,
              "dns_refresh_rate",
              "dns_failure_refresh_rate",
              "dns_lookup_family",
              "all_addresses_in_single_endpoint")
          .withoutEffect(
              ClusterParser.SYSTEM_RESOLVER,
              "respect_dns_ttl",
              "dns_jitter",
              "typed_dns_resolver_config");

  private DnsClusterParser() {}

  /** What the extension says about finding hosts; an error in the scope when it is another one. */
  static Discovery parse(CustomClusterType type, ParseScope scope) {
    TYPE.check(type, scope);
    Any config = type.getTypedConfig();
    ParseScope at = scope.field("typed_config");
    if (MessageTypes.holds(config, ClusterConfig.class)) {
      return DynamicDnsParser.cluster(config, at);
    }
    if (!MessageTypes.holds(config, DnsCluster.class)) {
      at.unsupported(type.getName() + " " + config.getTypeUrl());
      return new Discovery.Static();
    }
    DnsCluster proto =
        at.unpack(config, DnsCluster.class, DNS).orElse(DnsCluster.getDefaultInstance());
    long refresh =
        rate(
            proto.hasDnsRefreshRate(),
            proto.getDnsRefreshRate(),
            REFRESH_NANOS,
            at.field("dns_refresh_rate"));
    long failure =
        rate(
            proto.hasDnsFailureRefreshRate(),
            proto.getDnsFailureRefreshRate().getBaseInterval(),
            refresh,
            at.field("dns_failure_refresh_rate").field("base_interval"));
    Dns dns = new Dns(refresh, failure, false, family(proto, at.field("dns_lookup_family")));
    return proto.getAllAddressesInSingleEndpoint()
        ? new Discovery.LogicalDns(dns)
        : new Discovery.StrictDns(dns);
  }

  private static long rate(
      boolean present, com.google.protobuf.Duration value, long missing, ParseScope scope) {
    if (!present) {
      return missing;
    }
    long nanos = scope.durationNanos(value);
    if (nanos < REFRESH_NANOS_MIN) {
      scope.error(nanos + "ns", "1ms or more");
      return missing;
    }
    return nanos;
  }

  private static DnsFamily family(DnsCluster proto, ParseScope scope) {
    DnsLookupFamily family = proto.getDnsLookupFamily();
    return switch (family) {
      case UNSPECIFIED, AUTO -> DnsFamily.AUTO;
      case V4_ONLY -> DnsFamily.V4_ONLY;
      case V6_ONLY -> DnsFamily.V6_ONLY;
      case V4_PREFERRED -> DnsFamily.V4_PREFERRED;
      case ALL -> DnsFamily.ALL;
      case UNRECOGNIZED -> {
        scope.error("" + proto.getDnsLookupFamilyValue(), "a known family");
        yield DnsFamily.AUTO;
      }
    };
  }
}
