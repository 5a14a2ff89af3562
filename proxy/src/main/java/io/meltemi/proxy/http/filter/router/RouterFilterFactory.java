package io.meltemi.proxy.http.filter.router;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.filters.http.router}. */
public final class RouterFilterFactory implements HttpFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(Router.class, "suppress_envoy_headers", "dynamic_stats")
          .withoutEffect("no spans are made yet", "start_child_span");

  private final ClusterManager clusters;
  private final UpstreamPools pools;

  public RouterFilterFactory(ClusterManager clusters, UpstreamPools pools) {
    this.clusters = clusters;
    this.pools = pools;
  }

  @Override
  public String name() {
    return "envoy.filters.http.router";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
  }

  @Override
  public boolean isTerminal() {
    return true;
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, Router.class)
        .map(
            router -> {
              FIELDS.check(router, scope);
              return config(router.getSuppressEnvoyHeaders());
            });
  }

  /**
   * A router without a message.
   *
   * @param suppressHeaders whether {@code x-envoy-*} headers are left out
   */
  public HttpFilterConfig config(boolean suppressHeaders) {
    return context ->
        new RouterFilter(context, clusters, pools.of(context.loop()), suppressHeaders);
  }
}
