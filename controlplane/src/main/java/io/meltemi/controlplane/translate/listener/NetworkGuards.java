package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Phase;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.authz.AuthorizationFilters;
import io.meltemi.controlplane.translate.extension.ExtensionFilters;
import java.util.ArrayList;
import java.util.List;

/** What stands before the last filter of a chain: policies, and extensions around them. */
final class NetworkGuards {
  private final AuthorizationFilters authorization;
  private final ExtensionFilters extensions;

  NetworkGuards(ProxyNode node, PushContext context) {
    this(node, context, AuthorizationFilters.of(node, context));
  }

  /** With policies of their own, as services behind a waypoint have them. */
  NetworkGuards(ProxyNode node, PushContext context, AuthorizationFilters authorization) {
    this.authorization = authorization;
    this.extensions = ExtensionFilters.of(node, context);
  }

  /**
   * The filters of a chain of requests, whose policies are inside.
   *
   * @param port that requests are for; 0 is none that can be named
   */
  List<Filter> requests(ListenerClass kind, int port, Filter manager) {
    List<Filter> filters =
        new ArrayList<>(
            extensions.network(
                isServer(kind), port, Phase.AUTHN, Phase.AUTHZ, Phase.STATS, Phase.UNSPECIFIED));
    filters.add(manager);
    return List.copyOf(filters);
  }

  /**
   * The filters of a chain of bytes.
   *
   * @param port that connections are for; 0 is none that can be named
   * @param last what sends the bytes on
   */
  List<Filter> bytes(ListenerClass kind, int port, List<Filter> last) {
    boolean server = isServer(kind);
    List<Filter> own = kind == ListenerClass.SIDECAR_OUTBOUND ? List.of() : authorization.tcp();
    int asking = Math.min(own.size(), authorization.asking());
    List<Filter> filters = new ArrayList<>(own.subList(0, asking));
    filters.addAll(extensions.network(server, port, Phase.AUTHN, Phase.AUTHZ));
    filters.addAll(own.subList(asking, own.size()));
    filters.addAll(extensions.network(server, port, Phase.STATS, Phase.UNSPECIFIED));
    filters.addAll(last);
    return List.copyOf(filters);
  }

  private static boolean isServer(ListenerClass kind) {
    return kind == ListenerClass.SIDECAR_INBOUND || kind == ListenerClass.WAYPOINT;
  }
}
