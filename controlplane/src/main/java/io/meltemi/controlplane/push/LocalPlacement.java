package io.meltemi.controlplane.push;

import io.meltemi.common.net.HostPort;
import java.util.Map;
import java.util.Optional;

/**
 * Where a proxy that shares its machine with others must bind, since nothing redirects traffic to
 * it there (node metadata {@code MELTEMI_LOCAL}).
 *
 * <p>Differs from Istio: a sidecar with a placement gets listeners that bind for real instead of
 * {@code virtualOutbound} and {@code virtualInbound}.
 *
 * @param inbound by workload port: where the proxy listens and where the application does
 * @param outbound by {@code host:port} of a TCP service: where its listener binds
 * @param httpProxy where the HTTP proxy listener binds
 * @param gateway by gateway server port: where it binds; a port that is absent binds on {@code
 *     127.0.0.1}
 */
public record LocalPlacement(
    Map<Integer, Inbound> inbound,
    Map<HostPort, HostPort> outbound,
    Optional<HostPort> httpProxy,
    Map<Integer, HostPort> gateway) {

  public LocalPlacement {
    inbound = Map.copyOf(inbound);
    outbound = Map.copyOf(outbound);
    gateway = Map.copyOf(gateway);
  }

  /** Where the proxy listens for a workload port, and where the application listens. */
  public record Inbound(HostPort bind, HostPort app) {}

  /** The address a gateway server port binds on. */
  public HostPort gatewayBind(int serverPort) {
    return gateway.getOrDefault(serverPort, new HostPort("127.0.0.1", serverPort));
  }
}
