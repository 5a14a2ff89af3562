package io.meltemi.proxy.cluster;

import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.RequestMethod;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink;
import io.envoyproxy.envoy.type.v3.CodecClientType;
import io.envoyproxy.envoy.type.v3.Int64Range;
import io.meltemi.proxy.cluster.HealthCheck.EventLog;
import io.meltemi.proxy.cluster.HealthCheck.Header;
import io.meltemi.proxy.cluster.HealthCheck.Intervals;
import io.meltemi.proxy.cluster.HealthCheck.Kind;
import io.meltemi.proxy.cluster.HealthCheck.Statuses;
import io.meltemi.proxy.cluster.HealthCheck.Times;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Health checks from protos. */
final class HealthCheckParser {
  private static final SupportedFields CHECK =
      SupportedFields.of(
              io.envoyproxy.envoy.config.core.v3.HealthCheck.class,
              "timeout",
              "interval",
              "initial_jitter",
              "interval_jitter",
              "interval_jitter_percent",
              "unhealthy_threshold",
              "healthy_threshold",
              "reuse_connection",
              "http_health_check",
              "tcp_health_check",
              "grpc_health_check",
              "no_traffic_interval",
              "no_traffic_healthy_interval",
              "unhealthy_interval",
              "unhealthy_edge_interval",
              "healthy_edge_interval",
              "event_log_path",
              "event_logger",
              "always_log_health_check_failures",
              "always_log_health_check_success")
          .withoutEffect("no service is told of checks", "event_service");
  private static final SupportedFields SINK =
      SupportedFields.of(HealthCheckEventFileSink.class, "event_log_path");
  private static final SupportedFields HTTP =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HealthCheck.HttpHealthCheck.class,
          "host",
          "path",
          "send",
          "receive",
          "method",
          "request_headers_to_add",
          "expected_statuses",
          "retriable_statuses",
          "codec_client_type");
  private static final List<String> WITH_BODY = List.of("POST", "PUT", "PATCH", "OPTIONS");
  private static final SupportedFields TCP =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HealthCheck.TcpHealthCheck.class, "send", "receive");
  private static final SupportedFields GRPC =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HealthCheck.GrpcHealthCheck.class,
          "service_name",
          "authority",
          "initial_metadata");
  private static final SupportedFields TARGET =
      SupportedFields.of(
          Endpoint.HealthCheckConfig.class,
          "port_value",
          "hostname",
          "disable_active_health_check");

  private HealthCheckParser() {}

  static Optional<HealthCheck> parseAll(
      List<io.envoyproxy.envoy.config.core.v3.HealthCheck> protos,
      EventSinks sinks,
      ParseScope parent) {
    if (protos.size() > 1) {
      parent.field("health_checks").error(protos.size() + " checks", "at most one");
    }
    return protos.isEmpty()
        ? Optional.empty()
        : parse(protos.getFirst(), sinks, parent.field("health_checks", 0));
  }

  static HealthCheck.Target target(Endpoint.HealthCheckConfig proto, ParseScope scope) {
    TARGET.check(proto, scope);
    if (proto.getPortValue() < 0 || proto.getPortValue() > 65535) {
      scope.field("port_value").error(Integer.toUnsignedString(proto.getPortValue()), "0 to 65535");
      return HealthCheck.Target.DEFAULT;
    }
    return new HealthCheck.Target(
        proto.getPortValue(), proto.getHostname(), proto.getDisableActiveHealthCheck());
  }

  private static Optional<HealthCheck> parse(
      io.envoyproxy.envoy.config.core.v3.HealthCheck proto, EventSinks sinks, ParseScope scope) {
    CHECK.check(proto, scope);
    long timeout = needed(proto.hasTimeout(), proto.getTimeout(), scope.field("timeout"));
    long interval = needed(proto.hasInterval(), proto.getInterval(), scope.field("interval"));
    int unhealthy =
        threshold(
            proto.hasUnhealthyThreshold(),
            proto.getUnhealthyThreshold(),
            scope.field("unhealthy_threshold"));
    int healthy =
        threshold(
            proto.hasHealthyThreshold(),
            proto.getHealthyThreshold(),
            scope.field("healthy_threshold"));
    Optional<Kind> kind = kind(proto, scope);
    if (kind.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new HealthCheck(
            kind.get(),
            new Times(
                timeout,
                scope.field("initial_jitter").durationNanos(proto.getInitialJitter()),
                scope.field("interval_jitter").durationNanos(proto.getIntervalJitter()),
                Math.clamp(Integer.toUnsignedLong(proto.getIntervalJitterPercent()), 0, 1000)),
            intervals(proto, interval, scope),
            unhealthy,
            healthy,
            !proto.hasReuseConnection() || proto.getReuseConnection().getValue(),
            log(proto, sinks, scope)));
  }

  @SuppressWarnings("deprecation") // older control planes still name a file so
  private static EventLog log(
      io.envoyproxy.envoy.config.core.v3.HealthCheck proto, EventSinks sinks, ParseScope scope) {
    List<Consumer<String>> open = new ArrayList<>();
    if (!proto.getEventLogPath().isEmpty()) {
      sinks.open(proto.getEventLogPath(), scope.field("event_log_path")).ifPresent(open::add);
    }
    for (int i = 0; i < proto.getEventLoggerCount(); i++) {
      TypedExtensionConfig logger = proto.getEventLogger(i);
      ParseScope at = scope.field("event_logger", i).field("typed_config");
      if (!MessageTypes.holds(logger.getTypedConfig(), HealthCheckEventFileSink.class)) {
        at.unsupported(logger.getName() + " " + logger.getTypedConfig().getTypeUrl());
        continue;
      }
      at.unpack(logger.getTypedConfig(), HealthCheckEventFileSink.class, SINK)
          .ifPresent(
              file ->
                  sinks
                      .open(file.getEventLogPath(), at.field("event_log_path"))
                      .ifPresent(open::add));
    }
    return new EventLog(
        open, proto.getAlwaysLogHealthCheckFailures(), proto.getAlwaysLogHealthCheckSuccess());
  }

  private static Intervals intervals(
      io.envoyproxy.envoy.config.core.v3.HealthCheck proto, long interval, ParseScope scope) {
    long unhealthy =
        proto.hasUnhealthyInterval()
            ? needed(true, proto.getUnhealthyInterval(), scope.field("unhealthy_interval"))
            : interval;
    long noTraffic =
        proto.hasNoTrafficInterval()
            ? needed(true, proto.getNoTrafficInterval(), scope.field("no_traffic_interval"))
            : 60_000_000_000L;
    return new Intervals(
        interval,
        unhealthy,
        proto.hasUnhealthyEdgeInterval()
            ? needed(true, proto.getUnhealthyEdgeInterval(), scope.field("unhealthy_edge_interval"))
            : unhealthy,
        proto.hasHealthyEdgeInterval()
            ? needed(true, proto.getHealthyEdgeInterval(), scope.field("healthy_edge_interval"))
            : interval,
        noTraffic,
        proto.hasNoTrafficHealthyInterval()
            ? needed(
                true,
                proto.getNoTrafficHealthyInterval(),
                scope.field("no_traffic_healthy_interval"))
            : noTraffic);
  }

  private static long needed(
      boolean present, com.google.protobuf.Duration value, ParseScope scope) {
    long nanos = present ? scope.durationNanos(value) : 0;
    if (nanos < 1_000_000) {
      scope.error(present ? nanos + "ns" : "none", "1ms or more");
      return 1_000_000;
    }
    return nanos;
  }

  private static int threshold(boolean present, UInt32Value value, ParseScope scope) {
    if (!present) {
      scope.error("none", "a number");
    }
    return (int) Math.clamp(Integer.toUnsignedLong(value.getValue()), 1L, Integer.MAX_VALUE);
  }

  private static Optional<Kind> kind(
      io.envoyproxy.envoy.config.core.v3.HealthCheck proto, ParseScope scope) {
    return switch (proto.getHealthCheckerCase()) {
      case HTTP_HEALTH_CHECK ->
          Optional.of(http(proto.getHttpHealthCheck(), scope.field("http_health_check")));
      case TCP_HEALTH_CHECK ->
          Optional.of(tcp(proto.getTcpHealthCheck(), scope.field("tcp_health_check")));
      case GRPC_HEALTH_CHECK -> {
        ParseScope at = scope.field("grpc_health_check");
        GRPC.check(proto.getGrpcHealthCheck(), at);
        yield Optional.of(
            new Kind.Grpc(
                proto.getGrpcHealthCheck().getServiceName(),
                proto.getGrpcHealthCheck().getAuthority(),
                headers(
                    proto.getGrpcHealthCheck().getInitialMetadataList(), "initial_metadata", at)));
      }
      // reported as unsupported already
      case CUSTOM_HEALTH_CHECK -> Optional.empty();
      case HEALTHCHECKER_NOT_SET -> {
        scope.error("no check", "http_health_check, tcp_health_check or grpc_health_check");
        yield Optional.empty();
      }
    };
  }

  private static Kind http(
      io.envoyproxy.envoy.config.core.v3.HealthCheck.HttpHealthCheck proto, ParseScope scope) {
    HTTP.check(proto, scope);
    if (proto.getPath().isEmpty()) {
      scope.field("path").error("\"\"", "a path");
    }
    if (proto.getCodecClientType() != CodecClientType.HTTP1
        && proto.getCodecClientType() != CodecClientType.HTTP2) {
      scope.field("codec_client_type").unsupported(proto.getCodecClientType().name());
    }
    String method =
        switch (proto.getMethod()) {
          case METHOD_UNSPECIFIED -> "GET";
          case CONNECT, UNRECOGNIZED -> {
            scope.field("method").error(proto.getMethod().name(), "a method but CONNECT");
            yield RequestMethod.GET.name();
          }
          default -> proto.getMethod().name();
        };
    List<Statuses> expected = statuses(proto.getExpectedStatusesList(), "expected_statuses", scope);
    return new Kind.Http(
        proto.getHost(),
        proto.getPath(),
        method,
        proto.getCodecClientType() == CodecClientType.HTTP2,
        expected.isEmpty() ? List.of(new Statuses(200, 200)) : expected,
        statuses(proto.getRetriableStatusesList(), "retriable_statuses", scope),
        headers(proto.getRequestHeadersToAddList(), "request_headers_to_add", scope),
        payloads(proto, method, scope));
  }

  private static Kind.Tcp payloads(
      io.envoyproxy.envoy.config.core.v3.HealthCheck.HttpHealthCheck proto,
      String method,
      ParseScope scope) {
    String send = proto.hasSend() ? payload(proto.getSend(), scope.field("send")) : "";
    if (proto.hasSend() && !WITH_BODY.contains(method)) {
      scope.field("send").error("set with method " + method, "one of " + WITH_BODY);
    }
    return new Kind.Tcp(send, payloads(proto.getReceiveList(), scope));
  }

  private static List<Statuses> statuses(List<Int64Range> protos, String field, ParseScope parent) {
    List<Statuses> ranges = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      long from = protos.get(i).getStart();
      long end = protos.get(i).getEnd();
      if (from < 100 || end > 600 || from >= end) {
        parent.field(field, i).error("[" + from + ", " + end + ")", "100 to 599");
        continue;
      }
      ranges.add(new Statuses((int) from, (int) end - 1));
    }
    return ranges;
  }

  private static List<Header> headers(
      List<HeaderValueOption> protos, String field, ParseScope parent) {
    List<Header> headers = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      HeaderValue header = protos.get(i).getHeader();
      ParseScope at = parent.field(field, i).field("header");
      if (!HeaderName.isValid(header.getKey().toLowerCase(java.util.Locale.ROOT))) {
        at.field("key").error(header.getKey(), "the name of a header");
      } else if (header.getValue().indexOf('%') >= 0
          || header.getValue().indexOf('\n') >= 0
          || header.getValue().indexOf('\r') >= 0) {
        at.field("value").error(header.getValue(), "plain text");
      } else {
        headers.add(new Header(HeaderName.of(header.getKey()), header.getValue()));
      }
    }
    return headers;
  }

  private static Kind tcp(
      io.envoyproxy.envoy.config.core.v3.HealthCheck.TcpHealthCheck proto, ParseScope scope) {
    TCP.check(proto, scope);
    return new Kind.Tcp(
        proto.hasSend() ? payload(proto.getSend(), scope.field("send")) : "",
        payloads(proto.getReceiveList(), scope));
  }

  private static List<String> payloads(
      List<io.envoyproxy.envoy.config.core.v3.HealthCheck.Payload> protos, ParseScope scope) {
    List<String> receive = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      receive.add(payload(protos.get(i), scope.field("receive", i)));
    }
    return receive;
  }

  private static String payload(
      io.envoyproxy.envoy.config.core.v3.HealthCheck.Payload proto, ParseScope scope) {
    return switch (proto.getPayloadCase()) {
      case TEXT -> {
        try {
          yield new String(HexFormat.of().parseHex(proto.getText()), StandardCharsets.ISO_8859_1);
        } catch (IllegalArgumentException e) {
          scope.field("text").error(proto.getText(), "pairs of hexadecimal digits");
          yield "";
        }
      }
      case BINARY -> proto.getBinary().toString(StandardCharsets.ISO_8859_1);
      case PAYLOAD_NOT_SET -> {
        scope.error("no payload", "text or binary");
        yield "";
      }
    };
  }
}
