package io.meltemi.proxy.http.filter.grpcweb;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.grpc_web.v3.GrpcWeb;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.GrpcMethods;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** The filter has no settings. */
public final class GrpcWebFilterFactory implements HttpFilterFactory {
  private static final SupportedFields FIELDS = SupportedFields.of(GrpcWeb.class);

  private final ClusterManager clusters;
  private final GrpcMethods methods;

  public GrpcWebFilterFactory(ClusterManager clusters, Stats stats) {
    this.clusters = clusters;
    this.methods = new GrpcMethods(stats, "grpc-web");
  }

  @Override
  public String name() {
    return "envoy.filters.http.grpc_web";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, GrpcWeb.class, FIELDS)
        .map(_ -> context -> new GrpcWebFilter(context, clusters, methods));
  }
}
