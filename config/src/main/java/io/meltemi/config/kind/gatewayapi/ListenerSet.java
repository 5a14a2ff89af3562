package io.meltemi.config.kind.gatewayapi;

import java.util.List;

/** More listeners for a gateway. */
public record ListenerSet(ParentRef parentRef, List<Listener> listeners) {
  public ListenerSet {
    listeners = List.copyOf(listeners);
  }
}
