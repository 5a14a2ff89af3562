package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Names;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A status as the maps, lists, texts and numbers that Kubernetes writes. */
public final class StatusTree {
  private StatusTree() {}

  /**
   * The value to write where others write too: what they wrote stays.
   *
   * @param existing the value of {@code status} as it is
   */
  public static Map<String, Object> of(ObjectStatus status, Map<?, ?> existing) {
    return new StatusMerge(status.object().namespace()).merge(existing, of(status.content()));
  }

  /** The value of {@code status}. */
  public static Map<String, Object> of(ObjectStatus.Content content) {
    Map<String, Object> tree = new TreeMap<>();
    switch (content) {
      case ObjectStatus.OfClass(List<Condition> conditions) ->
          tree.put("conditions", conditions(conditions));
      case ObjectStatus.OfGateway gateway -> {
        if (!gateway.addresses().isEmpty()) {
          tree.put(
              "addresses",
              gateway.addresses().stream()
                  .map(address -> Map.of("type", address.type(), "value", address.value()))
                  .toList());
        }
        if (gateway.attachedListenerSets() > 0) {
          tree.put("attachedListenerSets", gateway.attachedListenerSets());
        }
        tree.put("conditions", conditions(gateway.conditions()));
        listeners(tree, gateway.listeners());
      }
      case ObjectStatus.OfListenerSet(
              List<Condition> conditions,
              List<ObjectStatus.OfListener> listeners) -> {
        tree.put("conditions", conditions(conditions));
        listeners(tree, listeners);
      }
      case ObjectStatus.OfRoute(List<ObjectStatus.Parent> parents) ->
          tree.put(
              "parents",
              parents.stream()
                  .map(p -> entry("parentRef", p.ref(), p.controller(), p.conditions()))
                  .toList());
      case ObjectStatus.OfPolicy(List<ObjectStatus.Ancestor> ancestors) ->
          tree.put(
              "ancestors",
              ancestors.stream()
                  .map(a -> entry("ancestorRef", a.ref(), a.controller(), a.conditions()))
                  .toList());
      case ObjectStatus.OfIngress(List<String> addresses) ->
          tree.put(
              "loadBalancer",
              addresses.isEmpty()
                  ? Map.of()
                  : Map.of(
                      "ingress",
                      addresses.stream()
                          .map(each -> Map.of(Names.isIp(each) ? "ip" : "hostname", each))
                          .toList()));
    }
    return tree;
  }

  private static Map<String, Object> entry(
      String field, ParentRef ref, String controller, List<Condition> conditions) {
    Map<String, Object> tree = new TreeMap<>();
    tree.put(field, ref(ref));
    tree.put("controllerName", controller);
    tree.put("conditions", conditions(conditions));
    return tree;
  }

  private static Map<String, Object> ref(ParentRef ref) {
    Map<String, Object> tree = new TreeMap<>();
    ref.group().ifPresent(group -> tree.put("group", group));
    ref.kind().ifPresent(kind -> tree.put("kind", kind));
    tree.put("name", ref.name());
    ref.namespace().ifPresent(namespace -> tree.put("namespace", namespace));
    ref.sectionName().ifPresent(section -> tree.put("sectionName", section));
    ref.port().ifPresent(port -> tree.put("port", port));
    return tree;
  }

  private static void listeners(Map<String, Object> tree, List<ObjectStatus.OfListener> listeners) {
    if (listeners.isEmpty()) {
      return;
    }
    tree.put(
        "listeners",
        listeners.stream()
            .map(
                listener ->
                    Map.<String, Object>of(
                        "name",
                        listener.name(),
                        "attachedRoutes",
                        listener.attachedRoutes(),
                        "conditions",
                        conditions(listener.conditions()),
                        "supportedKinds",
                        listener.supportedKinds().stream().map(StatusTree::kind).toList()))
            .toList());
  }

  private static Map<String, Object> kind(RouteKind kind) {
    return Map.of("group", kind.effectiveGroup(), "kind", kind.kind());
  }

  private static List<Map<String, Object>> conditions(List<Condition> conditions) {
    return conditions.stream()
        .map(
            condition -> {
              Map<String, Object> tree = new LinkedHashMap<>();
              tree.put("type", condition.type());
              tree.put("status", condition.status() ? "True" : "False");
              tree.put("reason", condition.reason());
              tree.put("message", condition.message());
              if (condition.observedGeneration() != 0) {
                tree.put("observedGeneration", condition.observedGeneration());
              }
              return tree;
            })
        .toList();
  }
}
