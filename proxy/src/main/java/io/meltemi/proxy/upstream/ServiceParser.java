package io.meltemi.proxy.upstream;

import io.envoyproxy.envoy.config.core.v3.BackoffStrategy;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HttpUri;
import io.envoyproxy.envoy.config.core.v3.RetryPolicy;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.upstream.UpstreamClient.Retries;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Services that filters ask: {@code GrpcService}, {@code HttpUri} and their retries. */
public final class ServiceParser {
  private static final SupportedFields SERVICE =
      SupportedFields.of(
          GrpcService.class, "envoy_grpc", "timeout", "initial_metadata", "retry_policy");
  private static final SupportedFields ENVOY_GRPC =
      SupportedFields.of(GrpcService.EnvoyGrpc.class, "cluster_name", "authority", "retry_policy");
  private static final SupportedFields HEADER =
      SupportedFields.of(HeaderValue.class, "key", "value");
  private static final SupportedFields URI =
      SupportedFields.of(HttpUri.class, "uri", "cluster", "timeout");
  private static final SupportedFields RETRY =
      SupportedFields.of(RetryPolicy.class, "retry_back_off", "num_retries", "retry_on");
  private static final SupportedFields BACK_OFF =
      SupportedFields.of(BackoffStrategy.class, "base_interval", "max_interval");
  private static final long BASE_NANOS = 25_000_000;
  private static final List<String> GRPC_CONDITIONS =
      List.of("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable");
  private static final int[] GRPC_STATUSES = {1, 4, 13, 8, 14};

  private ServiceParser() {}

  /**
   * An HTTP service.
   *
   * @param host of the URI, with its port where that is written
   * @param path of the URI
   */
  public record HttpTarget(String cluster, String host, String path, long timeoutNanos) {}

  public static Optional<GrpcClient.Target> grpc(GrpcService proto, ParseScope scope) {
    SERVICE.check(proto, scope);
    if (!proto.hasEnvoyGrpc()) {
      // google_grpc is reported by the check above
      if (!proto.hasGoogleGrpc()) {
        scope.error("no service", "envoy_grpc");
      }
      return Optional.empty();
    }
    ParseScope at = scope.field("envoy_grpc");
    ENVOY_GRPC.check(proto.getEnvoyGrpc(), at);
    if (proto.getEnvoyGrpc().getClusterName().isEmpty()) {
      at.field("cluster_name").error("\"\"", "the name of a cluster");
    }
    List<GrpcClient.Metadata> metadata = new ArrayList<>();
    for (int i = 0; i < proto.getInitialMetadataCount(); i++) {
      HeaderValue header = proto.getInitialMetadata(i);
      ParseScope headerAt = scope.field("initial_metadata", i);
      HEADER.check(header, headerAt);
      if (!HeaderName.isValid(header.getKey())) {
        headerAt.field("key").error("\"" + header.getKey() + "\"", "a header name");
      } else if (header.getValue().indexOf('%') >= 0) {
        headerAt.field("value").unsupported(header.getValue());
      } else {
        metadata.add(new GrpcClient.Metadata(HeaderName.of(header.getKey()), header.getValue()));
      }
    }
    Retries retries =
        proto.getEnvoyGrpc().hasRetryPolicy()
            ? retries(proto.getEnvoyGrpc().getRetryPolicy(), at.field("retry_policy"))
            : proto.hasRetryPolicy()
                ? retries(proto.getRetryPolicy(), scope.field("retry_policy"))
                : Retries.NONE;
    return Optional.of(
        new GrpcClient.Target(
            proto.getEnvoyGrpc().getClusterName(),
            proto.getEnvoyGrpc().getAuthority(),
            scope.field("timeout").durationNanos(proto.getTimeout()),
            metadata,
            retries));
  }

  public static Optional<HttpTarget> http(HttpUri proto, ParseScope scope) {
    URI.check(proto, scope);
    if (proto.getCluster().isEmpty()) {
      scope.field("cluster").error("\"\"", "the name of a cluster");
    }
    if (!proto.hasTimeout()) {
      scope.field("timeout").error("nothing", "a timeout");
    }
    String uri = proto.getUri();
    if (uri.isEmpty()) {
      scope.field("uri").error("\"\"", "a URI");
      return Optional.empty();
    }
    int scheme = uri.indexOf("://");
    String rest = scheme < 0 ? uri : uri.substring(scheme + 3);
    int slash = rest.indexOf('/');
    return Optional.of(
        new HttpTarget(
            proto.getCluster(),
            slash < 0 ? rest : rest.substring(0, slash),
            slash < 0 ? "/" : rest.substring(slash),
            scope.field("timeout").durationNanos(proto.getTimeout())));
  }

  /** Retries by the policy's own conditions; without any, of server errors and broken requests. */
  public static Retries retries(RetryPolicy proto, ParseScope scope) {
    RETRY.check(proto, scope);
    int max = proto.hasNumRetries() ? proto.getNumRetries().getValue() : 1;
    if (max < 0) {
      scope.field("num_retries").error(Integer.toUnsignedString(max), "at most 2147483647");
    }
    long base = BASE_NANOS;
    long longest = 10 * BASE_NANOS;
    if (proto.hasRetryBackOff()) {
      ParseScope at = scope.field("retry_back_off");
      BACK_OFF.check(proto.getRetryBackOff(), at);
      base = at.field("base_interval").durationNanos(proto.getRetryBackOff().getBaseInterval());
      longest =
          proto.getRetryBackOff().hasMaxInterval()
              ? at.field("max_interval").durationNanos(proto.getRetryBackOff().getMaxInterval())
              : 10 * base;
      if (base < 1_000_000) {
        at.field("base_interval").error(base + "ns", "at least 1ms");
      }
      if (longest < base) {
        at.field("max_interval").error(longest + "ns", "at least base_interval");
      }
    }
    boolean serverErrors = proto.getRetryOn().isEmpty();
    long grpc = 0;
    for (String word : proto.getRetryOn().split(",", -1)) {
      String condition = word.strip().toLowerCase(Locale.ROOT);
      int known = GRPC_CONDITIONS.indexOf(condition);
      switch (condition) {
        // a request that was broken off or not connected is always tried again
        case "", "connect-failure", "reset", "reset-before-request", "refused-stream" -> {}
        case "5xx", "gateway-error" -> serverErrors = true;
        default -> {
          if (known < 0) {
            scope.field("retry_on").unsupported(condition);
          } else {
            grpc |= 1L << GRPC_STATUSES[known];
          }
        }
      }
    }
    return new Retries(max, base, longest, serverErrors, grpc);
  }
}
