package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Resource;
import java.util.List;

/** What is to be written into the status of an object. */
public record ObjectStatus(Resource<?> object, Content content) {

  /** The status of one kind of object. */
  public sealed interface Content {}

  /** GatewayClass. */
  public record OfClass(List<Condition> conditions) implements Content {}

  /**
   * Gateway.
   *
   * @param attachedListenerSets 0 is not written
   */
  public record OfGateway(
      List<Address> addresses,
      List<Condition> conditions,
      List<OfListener> listeners,
      int attachedListenerSets)
      implements Content {}

  /** ListenerSet. */
  public record OfListenerSet(List<Condition> conditions, List<OfListener> listeners)
      implements Content {}

  /** A route. */
  public record OfRoute(List<Parent> parents) implements Content {}

  /** A policy. */
  public record OfPolicy(List<Ancestor> ancestors) implements Content {}

  /**
   * An Ingress.
   *
   * @param addresses IP addresses and host names where it is to be reached
   */
  public record OfIngress(List<String> addresses) implements Content {}

  /** Where a gateway is to be reached; type IPAddress or Hostname. */
  public record Address(String type, String value) {}

  /** One listener. */
  public record OfListener(
      String name, int attachedRoutes, List<Condition> conditions, List<RouteKind> supportedKinds) {
    OfListener withAttachedRoutes(int routes) {
      return new OfListener(name, routes, conditions, supportedKinds);
    }
  }

  /** What one parent means to a route. */
  public record Parent(ParentRef ref, String controller, List<Condition> conditions) {}

  /** What a policy is to one thing that it applies to. */
  public record Ancestor(ParentRef ref, String controller, List<Condition> conditions) {}
}
