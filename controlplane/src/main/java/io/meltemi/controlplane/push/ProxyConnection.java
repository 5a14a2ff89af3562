package io.meltemi.controlplane.push;

import io.meltemi.xds.server.DiscoveryConnection;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A connected proxy and how far it was told. Belongs to the push thread. */
public final class ProxyConnection {
  private final DiscoveryConnection connection;
  private final ProxyNode node;
  private final String id;

  /** The world that the proxy's answers come from. */
  PushContext context;

  String version;

  /** The push under way. */
  @Nullable ProxyPush push;

  /** Assignments of clusters that were sent anew before the proxy asked for their endpoints. */
  final Set<String> owedEndpoints = new HashSet<>();

  ProxyConnection(
      DiscoveryConnection connection, ProxyNode node, PushContext context, String version) {
    this.connection = connection;
    this.node = node;
    this.context = context;
    this.version = version;
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
    return context;
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
