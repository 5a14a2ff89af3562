package io.meltemi.proxy.network.filter.snidynamicforwardproxy;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig;
import io.meltemi.proxy.cluster.DynamicDnsParser;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.Optional;
import java.util.Set;

/**
 * Parses the filter. It only names the host: the TCP proxy waits for the look-up, as it is the one
 * that connects.
 */
public final class SniDynamicForwardProxyFactory implements NetworkFilterFactory {
  private static final int PORT_DEFAULT = 443;
  private static final SupportedFields FIELDS =
      SupportedFields.of(FilterConfig.class, "dns_cache_config", "port_value");

  @Override
  public String name() {
    return "envoy.filters.network.sni_dynamic_forward_proxy";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3"
            + ".FilterConfig");
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, FilterConfig.class, FIELDS)
        .map(
            proto -> {
              DynamicDnsParser.cache(proto.getDnsCacheConfig(), scope.field("dns_cache_config"));
              int port = proto.getPortValue() == 0 ? PORT_DEFAULT : proto.getPortValue();
              if (port < 0 || port > 65535) {
                scope.field("port_value").error(Integer.toUnsignedString(port), "0 to 65535");
              }
              return connection -> {
                String name = connection.facts().serverName();
                if (!name.isEmpty()) {
                  connection.requestedHost(name + ":" + port);
                }
              };
            });
  }
}
