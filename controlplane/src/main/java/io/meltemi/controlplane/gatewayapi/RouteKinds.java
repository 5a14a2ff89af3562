package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The kinds of routes, and which of them a listener takes. */
final class RouteKinds {
  static final RouteKind HTTP = kind("HTTPRoute");
  static final RouteKind GRPC = kind("GRPCRoute");
  static final RouteKind TCP = kind("TCPRoute");
  static final RouteKind TLS = kind("TLSRoute");
  static final List<RouteKind> ALL = List.of(HTTP, GRPC, TCP, TLS);

  private RouteKinds() {}

  private static RouteKind kind(String kind) {
    return new RouteKind(Optional.of(ParentRef.GROUP), kind);
  }

  /** What a listener takes: kinds its protocol can carry, narrowed to those it names. */
  static List<RouteKind> of(Listener listener) {
    List<RouteKind> possible =
        switch (listener.protocol()) {
          case "HTTP", "HTTPS" -> List.of(HTTP, GRPC);
          case "TCP" -> List.of(TCP);
          case "TLS" ->
              listener.tls().filter(tls -> !tls.passthrough()).isPresent()
                  ? List.of(TLS, TCP)
                  : List.of(TLS);
          default -> List.of();
        };
    List<RouteKind> named = listener.allowedRoutes().kinds();
    if (named.isEmpty()) {
      return possible;
    }
    List<RouteKind> both = new ArrayList<>();
    for (RouteKind kind : possible) {
      if (named.stream().anyMatch(other -> same(kind, other))) {
        both.add(kind);
      }
    }
    return both;
  }

  /** True when every kind that the listener names can be taken. */
  static boolean allPossible(Listener listener) {
    return listener.allowedRoutes().kinds().isEmpty()
        || of(listener).size() == listener.allowedRoutes().kinds().size();
  }

  private static boolean same(RouteKind one, RouteKind other) {
    return one.kind().equals(other.kind()) && one.effectiveGroup().equals(other.effectiveGroup());
  }
}
