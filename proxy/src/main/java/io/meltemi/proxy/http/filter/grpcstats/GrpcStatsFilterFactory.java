package io.meltemi.proxy.http.filter.grpcstats;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.grpc_stats.v3.FilterConfig;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.GrpcMethods;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Parses what is counted of gRPC calls. */
public final class GrpcStatsFilterFactory implements HttpFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(FilterConfig.class, "stats_for_all_methods")
          .withoutEffect("filter state is not kept", "emit_filter_state");

  private final ClusterManager clusters;
  private final Stats stats;

  public GrpcStatsFilterFactory(ClusterManager clusters, Stats stats) {
    this.clusters = clusters;
    this.stats = stats;
  }

  @Override
  public String name() {
    return "envoy.filters.http.grpc_stats";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, FilterConfig.class, FIELDS)
        .map(
            proto -> {
              GrpcMethods methods =
                  proto.getStatsForAllMethods().getValue() ? new GrpcMethods(stats, "grpc") : null;
              return context -> new GrpcStatsFilter(context, clusters, stats, methods);
            });
  }
}
