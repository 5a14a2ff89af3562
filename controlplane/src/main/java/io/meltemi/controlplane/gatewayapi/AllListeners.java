package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.ListenerSet;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import java.util.ArrayList;
import java.util.List;

/** The listeners of gateways, those of the ListenerSets that they allow included. */
public final class AllListeners {
  private AllListeners() {}

  /** Its own first, then those of sets, oldest set first. */
  public static List<Listener> of(Resource<KubernetesGateway> gateway, ConfigSnapshot snapshot) {
    List<Listener> listeners = new ArrayList<>(gateway.spec().listeners());
    NamespaceChoice namespaces = new NamespaceChoice(snapshot);
    gateway
        .spec()
        .allowedListeners()
        .ifPresent(
            choice -> {
              for (Resource<ListenerSet> set : snapshot.list(Kinds.LISTENER_SET)) {
                ParentRef parent = set.spec().parentRef();
                ResourceName name =
                    new ResourceName(parent.namespace().orElse(set.namespace()), parent.name());
                if (name.equals(gateway.id())
                    && namespaces.contains(choice, gateway.namespace(), set.namespace())) {
                  listeners.addAll(set.spec().listeners());
                }
              }
            });
    return List.copyOf(listeners);
  }
}
