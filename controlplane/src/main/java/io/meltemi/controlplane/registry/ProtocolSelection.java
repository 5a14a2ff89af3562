package io.meltemi.controlplane.registry;

import io.meltemi.config.traffic.Protocol;
import java.util.Set;

/**
 * How the protocol of a Kubernetes Service port is told.
 *
 * @see <a
 *     href="https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/">Protocol
 *     selection</a>
 */
final class ProtocolSelection {
  /**
   * Where the server speaks first, so that looking at bytes would wait: SMTP, DNS, MySQL, Mongo.
   */
  private static final Set<Integer> WELL_KNOWN_TCP_PORTS = Set.of(25, 53, 3306, 27017);

  private static final String GRPC_WEB = "grpc-web";

  private ProtocolSelection() {}

  /**
   * The protocol told by {@code appProtocol}, else by the prefix of the port's name, else TCP for a
   * few well-known ports, else {@link Protocol#UNSUPPORTED}.
   *
   * @param number the service port
   * @param name the port's name, may be empty
   * @param transport {@code TCP}, {@code UDP} or {@code SCTP}
   * @param appProtocol empty when unset
   */
  static Protocol ofKubernetesPort(int number, String name, String transport, String appProtocol) {
    if (transport.equals("UDP")) {
      return Protocol.UDP;
    }
    switch (appProtocol) {
      case "kubernetes.io/h2c":
        return Protocol.HTTP2;
      case "kubernetes.io/ws":
        return Protocol.HTTP;
      case "kubernetes.io/wss":
        return Protocol.HTTPS;
      default:
        break;
    }
    String written = appProtocol.isEmpty() ? name : appProtocol;
    if (written.regionMatches(true, 0, GRPC_WEB, 0, GRPC_WEB.length())) {
      return Protocol.GRPC_WEB;
    }
    int dash = written.indexOf('-');
    Protocol declared = Protocol.parse(dash < 0 ? written : written.substring(0, dash));
    return declared == Protocol.UNSUPPORTED && WELL_KNOWN_TCP_PORTS.contains(number)
        ? Protocol.TCP
        : declared;
  }
}
