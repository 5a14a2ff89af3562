package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.registry.HostNames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the parents of routes and decides which of them take the route. */
final class Attachments {
  static final String USE_WAYPOINT = "istio.io/use-waypoint";
  static final String USE_WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace";
  private static final String ISTIO_GROUP = "networking.istio.io";

  private final ConfigSnapshot snapshot;
  private final Gateways gateways;
  private final GatewayClasses classes;

  Attachments(ConfigSnapshot snapshot, Gateways gateways, GatewayClasses classes) {
    this.snapshot = snapshot;
    this.gateways = gateways;
    this.classes = classes;
  }

  /**
   * The attachments of a route, in a stable order.
   *
   * @param kind of the route
   * @param hostnames of the route; empty for all
   */
  List<Attachment> of(
      Resource<?> route, RouteKind kind, List<ParentRef> refs, List<String> hostnames) {
    List<Attachment> attachments = new ArrayList<>();
    for (ParentRef ref : refs) {
      List<Parent> parents = parents(ref, route.namespace());
      for (Parent parent : parents) {
        attachments.add(
            new Attachment(
                ref,
                parent,
                denial(ref, parent, route.namespace(), kind, hostnames),
                otherHosts(parent, parents)));
      }
    }
    attachments.sort(Comparator.comparing(a -> text(a.ref(), route.namespace())));
    return attachments;
  }

  /** All there is to a reference, for comparison. */
  static String text(ParentRef ref, String namespace) {
    return ref.effectiveGroup()
        + "/"
        + ref.effectiveKind()
        + "/"
        + ref.name()
        + "/"
        + ref.sectionName().orElse("")
        + "/"
        + ref.port().orElse(0)
        + "."
        + ref.namespace().orElse(namespace);
  }

  private List<Parent> parents(ParentRef ref, String routeNamespace) {
    ResourceName name = new ResourceName(ref.namespace().orElse(routeNamespace), ref.name());
    boolean gateway = ref.is(ParentRef.GROUP, "Gateway");
    if (gateway || ref.is(ParentRef.GROUP, "ListenerSet")) {
      return gateways.parents(
          new Parent.Owner(gateway ? "Gateway" : "ListenerSet", name.namespace(), name.name()));
    }
    if (ref.is("", "Service") || ref.is(ISTIO_GROUP, "ServiceEntry")) {
      return isSomebodyElses(service(ref, name)) ? List.of() : List.of(Parent.OF_MESH);
    }
    // Perhaps it is for another controller.
    return List.of();
  }

  private Optional<? extends Resource<?>> service(ParentRef ref, ResourceName name) {
    ResourceKind<?> kind = ref.is("", "Service") ? Kinds.SERVICE : Kinds.SERVICE_ENTRY;
    return snapshot.get(kind, name);
  }

  /** True when the service's waypoint is a gateway of another controller. */
  private boolean isSomebodyElses(Optional<? extends Resource<?>> service) {
    if (service.isEmpty()) {
      return false;
    }
    return Waypoints.named(
            service.get().metadata().labels(),
            snapshot
                .get(Kinds.NAMESPACE, new ResourceName("", service.get().namespace()))
                .map(namespace -> namespace.metadata().labels()),
            service.get().namespace())
        .flatMap(waypoint -> snapshot.get(Kinds.KUBERNETES_GATEWAY, waypoint))
        .filter(found -> classes.isForeign(found.spec().gatewayClassName()))
        .filter(
            found ->
                snapshot
                    .get(Kinds.GATEWAY_CLASS, new ResourceName("", found.spec().gatewayClassName()))
                    .isPresent())
        .isPresent();
  }

  private static Set<String> otherHosts(Parent parent, List<Parent> parents) {
    Set<String> hosts = new HashSet<>();
    for (Parent other : parents) {
      if (other.port() == parent.port() && other.protocol().equals(parent.protocol())) {
        hosts.add(other.hostname());
      }
    }
    hosts.remove(parent.hostname());
    return hosts;
  }

  private Optional<Attachment.Denial> denial(
      ParentRef ref, Parent parent, String routeNamespace, RouteKind kind, List<String> hostnames) {
    Optional<Attachment.Denial> denial =
        parent.isMesh()
            ? missing(ref, routeNamespace)
            : mismatch(ref, parent, routeNamespace, hostnames);
    if (denial.isEmpty()
        && parent.allowedKinds().stream()
            .noneMatch(
                allowed ->
                    allowed.kind().equals(kind.kind())
                        && allowed.effectiveGroup().equals(kind.effectiveGroup()))) {
      return deny(
          Attachment.Reason.NotAllowedByListeners,
          "kind " + ParentRef.GROUP + "/v1/" + kind.kind() + " is not allowed");
    }
    return denial;
  }

  private Optional<Attachment.Denial> missing(ParentRef ref, String routeNamespace) {
    ResourceName name = new ResourceName(ref.namespace().orElse(routeNamespace), ref.name());
    if (service(ref, name).isPresent()) {
      return Optional.empty();
    }
    return deny(
        Attachment.Reason.NoMatchingParent,
        "parent "
            + (ref.is("", "Service") ? "service" : "service entry")
            + ": \""
            + ref.name()
            + "\" not found");
  }

  private static Optional<Attachment.Denial> mismatch(
      ParentRef ref, Parent parent, String routeNamespace, List<String> hostnames) {
    if (ref.port().isPresent() && ref.port().getAsInt() != parent.port()) {
      return deny(
          Attachment.Reason.NoMatchingParent, "port " + ref.port().getAsInt() + " not found");
    }
    if (ref.sectionName().filter(name -> !name.equals(parent.sectionName())).isPresent()) {
      return deny(
          Attachment.Reason.NoMatchingParent,
          "sectionName \"" + ref.sectionName().get() + "\" not found");
    }
    boolean hostMatches = false;
    for (String host : hostnames.isEmpty() ? List.of("*") : hostnames) {
      for (Gateway.Host allowed : parent.hosts()) {
        if (HostNames.overlap(allowed.host(), host)) {
          hostMatches = true;
          if (allowed.namespace().equals("*") || allowed.namespace().equals(routeNamespace)) {
            return Optional.empty();
          }
        }
      }
    }
    if (hostMatches) {
      return deny(
          Attachment.Reason.NotAllowedByListeners,
          "hostnames matched parent hostname \""
              + parent.hostname()
              + "\", but namespace \""
              + routeNamespace
              + "\" is not allowed by the parent");
    }
    return deny(
        Attachment.Reason.NoMatchingListenerHostname,
        "no hostnames matched parent hostname \"" + parent.hostname() + '"');
  }

  private static Optional<Attachment.Denial> deny(Attachment.Reason reason, String message) {
    return Optional.of(new Attachment.Denial(reason, message));
  }
}
