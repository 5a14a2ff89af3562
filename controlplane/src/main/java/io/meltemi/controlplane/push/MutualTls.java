package io.meltemi.controlplane.push;

import io.meltemi.config.kind.peerauthentication.PeerAuthentication.Mode;
import java.util.Map;

/**
 * What a workload takes on its ports.
 *
 * @param mode of the ports that are not listed; never UNSET
 * @param ports by port of the workload; never UNSET
 */
public record MutualTls(Mode mode, Map<Integer, Mode> ports) {
  /** Plain text on every port. */
  public static final MutualTls OFF = new MutualTls(Mode.DISABLE, Map.of());

  public MutualTls {
    ports = Map.copyOf(ports);
  }

  public Mode of(int port) {
    return ports.getOrDefault(port, mode);
  }
}
