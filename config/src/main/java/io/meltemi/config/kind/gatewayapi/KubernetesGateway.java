package io.meltemi.config.kind.gatewayapi;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Gateway of the Gateway API; not to be confused with Istio's own.
 *
 * @param allowedListeners namespaces whose ListenerSets may add listeners
 */
public record KubernetesGateway(
    String gatewayClassName,
    List<Listener> listeners,
    List<Address> addresses,
    Optional<Infrastructure> infrastructure,
    Optional<Listener.Namespaces> allowedListeners,
    Tls tls) {

  /**
   * Where the gateway is to be reached.
   *
   * @param type as written; unset means IPAddress to the API, Hostname to Istio
   */
  public record Address(Optional<String> type, String value) {}

  /** What is made for the gateway. */
  public record Infrastructure(
      Map<String, String> labels,
      Map<String, String> annotations,
      Optional<ObjectRef> parametersRef) {}

  /** TLS settings of all listeners. */
  public record Tls(
      Optional<ObjectRef> clientCertificateRef,
      Optional<FrontendValidation> defaultValidation,
      Map<Integer, Optional<FrontendValidation>> perPort) {
    public static final Tls NONE = new Tls(Optional.empty(), Optional.empty(), Map.of());

    public Tls {
      perPort = Map.copyOf(perPort);
    }

    /** What clients must show on a port. */
    public Optional<FrontendValidation> validation(int port) {
      return perPort.getOrDefault(port, defaultValidation);
    }
  }

  /** How certificates of clients are checked. */
  public record FrontendValidation(
      List<ObjectRef> caCertificateRefs, boolean allowInsecureFallback) {
    public FrontendValidation {
      caCertificateRefs = List.copyOf(caCertificateRefs);
    }
  }

  public KubernetesGateway {
    listeners = List.copyOf(listeners);
    addresses = List.copyOf(addresses);
  }
}
