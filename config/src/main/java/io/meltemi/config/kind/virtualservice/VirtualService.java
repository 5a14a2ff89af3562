package io.meltemi.config.kind.virtualservice;

import java.util.List;

/**
 * Routes of the traffic for some hosts.
 *
 * @param hosts as written; empty for a delegate, which is only used by reference
 * @param gateways {@code mesh}, {@code name} or {@code namespace/name}; empty means {@code mesh}
 * @param exportTo empty means the mesh's default
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/virtual-service/">VirtualService</a>
 */
public record VirtualService(
    List<String> hosts,
    List<String> gateways,
    List<HttpRoute> http,
    List<TlsRoute> tls,
    List<TcpRoute> tcp,
    List<String> exportTo) {
  /** The reserved gateway name that stands for all sidecars. */
  public static final String MESH_GATEWAY = "mesh";

  public VirtualService {
    hosts = List.copyOf(hosts);
    gateways = List.copyOf(gateways);
    http = List.copyOf(http);
    tls = List.copyOf(tls);
    tcp = List.copyOf(tcp);
    exportTo = List.copyOf(exportTo);
  }

  /** True for a virtual service that others refer to and that routes nothing by itself. */
  public boolean isDelegate() {
    return hosts.isEmpty();
  }
}
