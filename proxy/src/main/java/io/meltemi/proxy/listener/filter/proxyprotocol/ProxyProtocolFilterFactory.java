package io.meltemi.proxy.listener.filter.proxyprotocol;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ProxyProtocolConfig;
import io.envoyproxy.envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol;
import io.meltemi.proxy.listener.ListenerFilterConfig;
import io.meltemi.proxy.listener.ListenerFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Makes {@link ProxyProtocolFilter}s. */
public final class ProxyProtocolFilterFactory implements ListenerFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          ProxyProtocol.class,
          "allow_requests_without_proxy_protocol",
          "disallowed_versions",
          "stat_prefix");

  @Override
  public String name() {
    return "envoy.filters.listener.proxy_protocol";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol");
  }

  @Override
  public Optional<ListenerFilterConfig> parse(Any config, Stats stats, ParseScope scope) {
    return scope
        .unpack(config, ProxyProtocol.class, FIELDS)
        .map(
            proto -> {
              String prefix = proto.getStatPrefix().isEmpty() ? "" : proto.getStatPrefix() + ".";
              ProxyProtocolStats numbers =
                  new ProxyProtocolStats(stats.scope("proxy_proto." + prefix));
              var settings =
                  new ProxyProtocolFilter.Settings(
                      proto.getAllowRequestsWithoutProxyProtocol(),
                      !proto.getDisallowedVersionsList().contains(ProxyProtocolConfig.Version.V1),
                      !proto.getDisallowedVersionsList().contains(ProxyProtocolConfig.Version.V2));
              return () -> new ProxyProtocolFilter(settings, numbers);
            });
  }
}
