package io.meltemi.config.kind.sidecar;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.OutboundTrafficPolicy;
import io.meltemi.config.traffic.Port;
import io.meltemi.config.traffic.ServerTls;
import java.util.List;
import java.util.Optional;

/**
 * What the proxies of some workloads listen on and can reach.
 *
 * @param workloadSelector unset means every workload of the namespace
 * @param ingress empty means: derived from the services
 * @param egress empty means: everything
 * @see <a href="https://istio.io/latest/docs/reference/config/networking/sidecar/">Sidecar</a>
 */
public record Sidecar(
    Optional<Labels> workloadSelector,
    List<Ingress> ingress,
    List<Egress> egress,
    Optional<ConnectionPool> inboundConnectionPool,
    Optional<OutboundTrafficPolicy> outboundTrafficPolicy) {

  public enum CaptureMode {
    DEFAULT,
    IPTABLES,
    NONE
  }

  /**
   * A port of the workload.
   *
   * @param bind empty means the proxy's choice
   * @param defaultEndpoint empty means the port that the traffic came to
   */
  public record Ingress(
      Port port,
      String bind,
      CaptureMode captureMode,
      String defaultEndpoint,
      Optional<ServerTls> tls,
      Optional<ConnectionPool> connectionPool) {}

  /**
   * What can be reached through one listener.
   *
   * @param port unset means every port of the hosts
   * @param bind empty means the proxy's choice
   */
  public record Egress(
      Optional<Port> port, String bind, CaptureMode captureMode, List<EgressHost> hosts) {
    public Egress {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * {@code namespace/host}.
   *
   * @param namespace a name, {@code *} any, {@code .} own, {@code ~} none
   * @param host a name, {@code *.suffix} or {@code *}
   * @param exclude written as {@code ~namespace/host}: taken away again
   */
  public record EgressHost(String namespace, String host, boolean exclude) {}

  public Sidecar {
    ingress = List.copyOf(ingress);
    egress = List.copyOf(egress);
  }
}
