package io.meltemi.controlplane.translate;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig;
import io.envoyproxy.envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import java.util.HashSet;
import java.util.Set;

/**
 * Names that one proxy looks up when they are asked for: those under the wildcards of
 * ServiceEntries with resolution DYNAMIC_DNS, and with the policy ALLOW_ANY_DYNAMIC_DNS every
 * unknown one.
 */
public final class DynamicDns {
  /** Takes requests for unknown hosts, under the policy that looks them up. */
  public static final String ANY_HOST_CLUSTER = "AllowAnyDynamicDNSCluster";

  private static final String CLUSTER_TYPE = "envoy.clusters.dynamic_forward_proxy";

  /** All users of the cache must tell the same settings. */
  private static final String CACHE = "dynamic_forward_proxy_cache_config";

  private final DnsCacheConfig cache;
  private final boolean anyHost;
  private final Set<Integer> ports = new HashSet<>();

  private DynamicDns(ProxyNode node, PushContext context) {
    SidecarScope scope = context.sidecarScope(node);
    anyHost =
        node.isSidecar()
            && scope.outboundTrafficPolicy().mode()
                == OutboundTrafficPolicy.Mode.ALLOW_ANY_DYNAMIC_DNS;
    for (MeshService service : scope.allServices()) {
      if (service.resolution() == Resolution.DYNAMIC_DNS) {
        service.ports().stream()
            .filter(port -> port.protocol().isHttp())
            .forEach(port -> ports.add(port.number()));
      }
    }
    cache = cache(node, context.mesh());
  }

  private static DnsCacheConfig cache(ProxyNode node, MeshConfig mesh) {
    return DnsCacheConfig.newBuilder()
        .setName(CACHE)
        .setDnsLookupFamily(
            node.ip().indexOf(':') >= 0
                ? Cluster.DnsLookupFamily.V6_ONLY
                : Cluster.DnsLookupFamily.V4_ONLY)
        .setDnsRefreshRate(ProtoValues.duration(mesh.upstream().dnsRefreshRate()))
        .build();
  }

  public static DynamicDns of(ProxyNode node, PushContext context) {
    return new DynamicDns(node, context);
  }

  /** True when unknown hosts are looked up. */
  public boolean anyHost() {
    return anyHost;
  }

  /** True when requests to some port may be for a name that is looked up. */
  public boolean onAnyPort() {
    return anyHost || !ports.isEmpty();
  }

  /** True when requests to a port may be for a name that is looked up. */
  public boolean onPort(int port) {
    return anyHost || ports.contains(port);
  }

  /**
   * Makes a cluster one of names.
   *
   * @param cluster its endpoints are those that the filters looked up
   */
  public static void apply(Cluster.Builder cluster, ProxyNode node, MeshConfig mesh) {
    cluster
        .setClusterType(
            Cluster.CustomClusterType.newBuilder()
                .setName(CLUSTER_TYPE)
                .setTypedConfig(
                    Any.pack(
                        ClusterConfig.newBuilder()
                            .setDnsCacheConfig(cache(node, mesh))
                            // TLS is checked as the destination rule says
                            .setAllowInsecureClusterOptions(true)
                            .build())))
        .setLbPolicy(Cluster.LbPolicy.CLUSTER_PROVIDED);
  }

  /** Looks up the host of requests that go to such a cluster. */
  public HttpFilter httpFilter() {
    return HttpFilter.newBuilder()
        .setName("envoy.filters.http.dynamic_forward_proxy")
        .setTypedConfig(
            Any.pack(
                io.envoyproxy.envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig
                    .newBuilder()
                    .setDnsCacheConfig(cache)
                    .build()))
        .build();
  }

  /** Looks up the server name of TLS connections. */
  public Filter serverNameFilter(int port) {
    return Filter.newBuilder()
        .setName("envoy.filters.network.sni_dynamic_forward_proxy")
        .setTypedConfig(
            Any.pack(FilterConfig.newBuilder().setDnsCacheConfig(cache).setPortValue(port).build()))
        .build();
  }
}
