package io.meltemi.config.kind.peerauthentication;

import io.meltemi.common.labels.Labels;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Whether the connections to a workload must be mutual TLS (kind {@code PeerAuthentication}).
 *
 * @param selector unset means every workload of the namespace
 * @param mode of every port that says nothing itself
 * @param portModes by port of the workload, ascending
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/security/peer_authentication/">PeerAuthentication</a>
 */
public record PeerAuthentication(
    Optional<Labels> selector, Mode mode, Map<Integer, Mode> portModes) {

  /** What a port takes. */
  public enum Mode {
    /** As the policy around it says. */
    UNSET,
    /** Plain text. */
    DISABLE,
    /** Plain text and mutual TLS. */
    PERMISSIVE,
    /** Mutual TLS. */
    STRICT
  }

  public PeerAuthentication {
    portModes = Collections.unmodifiableMap(new TreeMap<>(portModes));
  }
}
