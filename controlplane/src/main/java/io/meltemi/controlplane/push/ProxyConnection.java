package io.meltemi.controlplane.push;

import io.meltemi.xds.resource.ClientFeature;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryConnection;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A connected proxy and how far it was told. Belongs to the push thread. */
public final class ProxyConnection {
  private final DiscoveryConnection connection;
  private final ProxyNode node;
  private final String id;
  private final ResourceMaker maker;
  private final boolean keepsEndpoints;

  /** What its answers come from. */
  Translations world;

  private @Nullable Views viewsOf;
  private final Map<TypeUrl, List<View>> views = new HashMap<>();

  /** The push under way. */
  @Nullable ProxyPush push;

  /** Assignments of clusters that were sent anew before the proxy asked for their endpoints. */
  final Set<String> owedEndpoints = new HashSet<>();

  ProxyConnection(
      DiscoveryConnection connection, ProxyNode node, Translations world, ResourceMaker maker) {
    this.connection = connection;
    this.node = node;
    this.world = world;
    this.maker = maker;
    this.keepsEndpoints = ClientFeature.KEEPS_ENDPOINTS.isOf(connection.node());
    this.id = node.id() + "-" + connection.number();
  }

  /** {@code pod.namespace-number}, as Istio's. */
  public String id() {
    return id;
  }

  public ProxyNode node() {
    return node;
  }

  public DiscoveryConnection connection() {
    return connection;
  }

  /** The world that this proxy was told, or is being told. */
  public PushContext context() {
    return world.context();
  }

  /** False for one that waits for the endpoints of each cluster that it is sent, as Envoy does. */
  boolean keepsEndpoints() {
    return keepsEndpoints;
  }

  /** What its resources of a type depend on in a world. */
  List<View> views(TypeUrl type, PushContext context) {
    Views now = context.views();
    if (now != viewsOf) {
      if (viewsOf == null || !now.areThoseOf(viewsOf)) {
        views.clear();
      }
      viewsOf = now;
    }
    return views.computeIfAbsent(type, _ -> maker.views(type, node, now));
  }

  /** All views it has now. */
  Collection<List<View>> views() {
    return views.values();
  }

  /** True when a push would neither queue up bytes nor overtake another. */
  boolean canTakePush() {
    return push == null && connection.isReady();
  }

  @Override
  public String toString() {
    return id;
  }
}
