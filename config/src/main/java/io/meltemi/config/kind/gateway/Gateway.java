package io.meltemi.config.kind.gateway;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.traffic.Port;
import io.meltemi.config.traffic.ServerTls;
import java.util.List;
import java.util.Optional;

/**
 * Servers on the proxies that carry some labels.
 *
 * @param selector pod labels; empty selects every gateway workload
 * @see <a href="https://istio.io/latest/docs/reference/config/networking/gateway/">Gateway</a>
 */
public record Gateway(Labels selector, List<Server> servers) {

  /**
   * One port with its hosts.
   *
   * @param bind address or {@code unix://} path; empty means all addresses
   * @param name may be empty; unique within the gateway otherwise
   * @param defaultEndpoint unused by Istio, kept for printing
   */
  public record Server(
      Port port,
      String bind,
      List<Host> hosts,
      Optional<ServerTls> tls,
      String name,
      String defaultEndpoint) {
    public Server {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * {@code [namespace/]host}.
   *
   * @param namespace whose virtual services may bind: a name, {@code .} for the gateway's own, or
   *     {@code *} (also when not written) for any
   * @param host a name, {@code *.suffix} or {@code *}
   */
  public record Host(String namespace, String host) {}

  public Gateway {
    servers = List.copyOf(servers);
  }
}
