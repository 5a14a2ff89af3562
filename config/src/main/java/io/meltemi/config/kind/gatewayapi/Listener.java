package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.traffic.LabelSelector;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A port of a gateway with a host.
 *
 * @param hostname unset means every host
 * @param protocol as written
 */
public record Listener(
    String name,
    Optional<String> hostname,
    int port,
    String protocol,
    Optional<Tls> tls,
    AllowedRoutes allowedRoutes) {

  /** How TLS is ended, or not. */
  public record Tls(
      boolean passthrough, List<ObjectRef> certificateRefs, Map<String, String> options) {
    public Tls {
      certificateRefs = List.copyOf(certificateRefs);
    }
  }

  /**
   * Which routes may be attached.
   *
   * @param kinds empty means those of the protocol
   */
  public record AllowedRoutes(Namespaces namespaces, List<RouteKind> kinds) {
    public static final AllowedRoutes SAME =
        new AllowedRoutes(new Namespaces(From.SAME, Optional.empty()), List.of());

    public AllowedRoutes {
      kinds = List.copyOf(kinds);
    }
  }

  /** Namespaces; the selector is for {@link From#SELECTOR}. */
  public record Namespaces(From from, Optional<LabelSelector> selector) {}

  /** Which namespaces are meant. */
  public enum From {
    ALL,
    SELECTOR,
    SAME,
    NONE
  }

  /**
   * A kind of route.
   *
   * @param group unset means that of the Gateway API
   */
  public record RouteKind(Optional<String> group, String kind) {
    public String effectiveGroup() {
      return group.orElse(ParentRef.GROUP);
    }
  }
}
