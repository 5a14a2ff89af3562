package io.meltemi.controlplane.debug;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.admin.v3.ClustersConfigDump;
import io.envoyproxy.envoy.admin.v3.ConfigDump;
import io.envoyproxy.envoy.admin.v3.EndpointsConfigDump;
import io.envoyproxy.envoy.admin.v3.ListenersConfigDump;
import io.envoyproxy.envoy.admin.v3.RoutesConfigDump;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyConnection;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.xds.resource.TypeUrl;

/** What a proxy should have, in the shape of the proxy's own configuration dump. */
final class ConfigDumps {
  private ConfigDumps() {}

  /** On the push thread only. */
  static ConfigDump of(PushEngine engine, ProxyConnection proxy) {
    ClustersConfigDump.Builder clusters =
        ClustersConfigDump.newBuilder().setVersionInfo(engine.version());
    for (GeneratedResource resource : engine.preview(proxy, TypeUrl.CLUSTER)) {
      clusters.addDynamicActiveClustersBuilder().setCluster(Any.pack(resource.body()));
    }
    ListenersConfigDump.Builder listeners =
        ListenersConfigDump.newBuilder().setVersionInfo(engine.version());
    for (GeneratedResource resource : engine.preview(proxy, TypeUrl.LISTENER)) {
      listeners
          .addDynamicListenersBuilder()
          .setName(resource.name())
          .getActiveStateBuilder()
          .setListener(Any.pack(resource.body()));
    }
    RoutesConfigDump.Builder routes = RoutesConfigDump.newBuilder();
    for (GeneratedResource resource : engine.preview(proxy, TypeUrl.ROUTE)) {
      routes.addDynamicRouteConfigsBuilder().setRouteConfig(Any.pack(resource.body()));
    }
    EndpointsConfigDump.Builder endpoints = EndpointsConfigDump.newBuilder();
    for (GeneratedResource resource : engine.preview(proxy, TypeUrl.ENDPOINT)) {
      endpoints.addDynamicEndpointConfigsBuilder().setEndpointConfig(Any.pack(resource.body()));
    }
    return ConfigDump.newBuilder()
        .addConfigs(Any.pack(clusters.build()))
        .addConfigs(Any.pack(listeners.build()))
        .addConfigs(Any.pack(routes.build()))
        .addConfigs(Any.pack(endpoints.build()))
        .build();
  }
}
