package io.meltemi.proxy.accesslog;

import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.ServiceParser;
import java.util.Optional;

/**
 * {@code CommonGrpcAccessLogConfig}.
 *
 * @param waitNanos how long an entry waits at most
 * @param bytesMax a batch of so many bytes is sent
 */
public record CommonSettings(
    String logName, GrpcClient.Target target, long waitNanos, long bytesMax) {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          CommonGrpcAccessLogConfig.class,
          "log_name",
          "grpc_service",
          "transport_api_version",
          "buffer_flush_interval",
          "buffer_size_bytes",
          "custom_tags");
  private static final long WAIT_NANOS = 1_000_000_000L;
  private static final long BYTES_MAX = 16_384;

  /** A service that does not answer holds a batch no longer. */
  private static final long TIMEOUT_NANOS = 10_000_000_000L;

  /** Empty when bad, which is then an error in the scope. */
  public static Optional<CommonSettings> parse(CommonGrpcAccessLogConfig proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    if (proto.getLogName().isEmpty()) {
      scope.field("log_name").error("\"\"", "a name");
    }
    if (proto.getTransportApiVersionValue() != ApiVersion.V3_VALUE
        && proto.getTransportApiVersionValue() != ApiVersion.AUTO_VALUE) {
      scope.field("transport_api_version").error(proto.getTransportApiVersion().name(), "V3");
    }
    long wait =
        proto.hasBufferFlushInterval()
            ? scope.field("buffer_flush_interval").durationNanos(proto.getBufferFlushInterval())
            : WAIT_NANOS;
    if (wait == 0) {
      scope.field("buffer_flush_interval").error("0", "more than 0");
    }
    // 0 sends each entry at once
    long bytes =
        proto.hasBufferSizeBytes()
            ? Integer.toUnsignedLong(proto.getBufferSizeBytes().getValue())
            : BYTES_MAX;
    return ServiceParser.grpc(proto.getGrpcService(), scope.field("grpc_service"))
        .map(
            target ->
                new CommonSettings(
                    proto.getLogName(),
                    target.timeoutNanos() == 0 ? target.withTimeout(TIMEOUT_NANOS) : target,
                    wait,
                    bytes));
  }
}
