package io.meltemi.proxy.http.filter.healthcheck;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.health_check.v3.HealthCheck;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Parses health checks. Cached answers and shares of healthy hosts are refused. */
public final class HealthCheckFilterFactory implements HttpFilterFactory {
  private static final SupportedFields CHECK =
      SupportedFields.of(HealthCheck.class, "pass_through_mode", "headers");

  private final BooleanSupplier failing;
  private final String localCluster;

  /**
   * @param failing whether this proxy was told to fail health checks; asked on event loops
   * @param localCluster of this proxy's node
   */
  public HealthCheckFilterFactory(BooleanSupplier failing, String localCluster) {
    this.failing = failing;
    this.localCluster = localCluster;
  }

  @Override
  public String name() {
    return "envoy.filters.http.health_check";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, HealthCheck.class, CHECK)
        .map(
            proto -> {
              if (!proto.hasPassThroughMode()) {
                scope.field("pass_through_mode").error("nothing", "true or false");
              }
              return new HealthCheckFilter.Config(
                  HeaderMatcherParser.parseAll(proto.getHeadersList(), scope, "headers"),
                  proto.getPassThroughMode().getValue(),
                  failing,
                  localCluster);
            });
  }
}
