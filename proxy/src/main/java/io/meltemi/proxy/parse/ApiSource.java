package io.meltemi.proxy.parse;

import io.envoyproxy.envoy.config.core.v3.ApiConfigSource;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import java.util.Optional;

/**
 * A server of configuration over gRPC, and the variant of the protocol ({@code
 * core.v3.ApiConfigSource}).
 */
public record ApiSource(boolean delta, Target target) {
  private static final SupportedFields API_SOURCE =
      SupportedFields.of(
          ApiConfigSource.class,
          "api_type",
          "transport_api_version",
          "grpc_services",
          "set_node_on_first_message_only");
  private static final SupportedFields GRPC_SERVICE =
      SupportedFields.of(GrpcService.class, "envoy_grpc", "google_grpc")
          .withoutEffect("the stream lasts", "timeout");
  private static final SupportedFields ENVOY_GRPC =
      SupportedFields.of(GrpcService.EnvoyGrpc.class, "cluster_name", "authority");
  private static final SupportedFields GOOGLE_GRPC =
      SupportedFields.of(GrpcService.GoogleGrpc.class, "target_uri", "stat_prefix")
          .withoutEffect("no such stats are kept", "config");

  /** Where a gRPC service is. */
  public sealed interface Target {
    /**
     * A cluster of the bootstrap.
     *
     * @param authority empty for the default
     */
    record ClusterTarget(String cluster, String authority) implements Target {}

    /** An address that gRPC resolves on its own; {@code unix:} ones too. */
    record UriTarget(String uri) implements Target {}
  }

  /** Empty, with an error, when there is not exactly one server over gRPC. */
  public static Optional<ApiSource> parse(ApiConfigSource proto, ParseScope scope) {
    API_SOURCE.check(proto, scope);
    boolean delta =
        switch (proto.getApiType()) {
          case DELTA_GRPC -> true;
          case GRPC -> false;
          default -> {
            scope.field("api_type").error(proto.getApiType().name(), "GRPC or DELTA_GRPC");
            yield false;
          }
        };
    if (proto.getGrpcServicesCount() != 1) {
      scope.field("grpc_services").error(proto.getGrpcServicesCount() + " services", "one");
      return Optional.empty();
    }
    GrpcService service = proto.getGrpcServices(0);
    ParseScope field = scope.field("grpc_services", 0);
    GRPC_SERVICE.check(service, field);
    return switch (service.getTargetSpecifierCase()) {
      case ENVOY_GRPC -> {
        ENVOY_GRPC.check(service.getEnvoyGrpc(), field.field("envoy_grpc"));
        yield Optional.of(
            new ApiSource(
                delta,
                new Target.ClusterTarget(
                    service.getEnvoyGrpc().getClusterName(),
                    service.getEnvoyGrpc().getAuthority())));
      }
      case GOOGLE_GRPC -> {
        GOOGLE_GRPC.check(service.getGoogleGrpc(), field.field("google_grpc"));
        yield Optional.of(
            new ApiSource(delta, new Target.UriTarget(service.getGoogleGrpc().getTargetUri())));
      }
      case TARGETSPECIFIER_NOT_SET -> {
        field.error("no target", "envoy_grpc or google_grpc");
        yield Optional.empty();
      }
    };
  }
}
