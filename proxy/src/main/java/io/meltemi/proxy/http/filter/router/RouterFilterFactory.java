package io.meltemi.proxy.http.filter.router;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.filters.http.router}. */
public final class RouterFilterFactory implements HttpFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
              Router.class,
              "suppress_envoy_headers",
              "dynamic_stats",
              "upstream_log",
              "upstream_log_options")
          .withoutEffect("spawn_upstream_span asks for spans of tries", "start_child_span");
  private static final SupportedFields LOG_OPTIONS =
      SupportedFields.of(
          Router.UpstreamAccessLogOptions.class, "flush_upstream_log_on_upstream_stream");

  private final ClusterManager clusters;
  private final UpstreamPools pools;
  private final AccessLogParser accessLogs;
  private final RequestNumbers.All numbers;

  public RouterFilterFactory(
      ClusterManager clusters, UpstreamPools pools, AccessLogParser accessLogs, Stats stats) {
    this.clusters = clusters;
    this.numbers = new RequestNumbers.All(stats);
    this.pools = pools;
    this.accessLogs = accessLogs;
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
        .unpack(config, Router.class, FIELDS)
        .map(
            router -> {
              LOG_OPTIONS.check(
                  router.getUpstreamLogOptions(), scope.field("upstream_log_options"));
              AccessLog log = accessLogs.parse(router.getUpstreamLogList(), scope, "upstream_log");
              return config(
                  router.getSuppressEnvoyHeaders(),
                  router.getUpstreamLogCount() == 0
                      ? TryLog.Settings.NONE
                      : new TryLog.Settings(
                          Optional.of(log),
                          router.getUpstreamLogOptions().getFlushUpstreamLogOnUpstreamStream()));
            });
  }

  /**
   * A router without a message.
   *
   * @param suppressHeaders whether {@code x-envoy-*} headers are left out
   */
  public HttpFilterConfig config(boolean suppressHeaders) {
    return config(suppressHeaders, TryLog.Settings.NONE);
  }

  private HttpFilterConfig config(boolean suppressHeaders, TryLog.Settings log) {
    return context ->
        new RouterFilter(
            context, clusters, pools.of(context.loop()), numbers, suppressHeaders, log);
  }
}
