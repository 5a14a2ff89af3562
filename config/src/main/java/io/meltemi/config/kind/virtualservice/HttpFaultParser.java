package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.kind.virtualservice.HttpFault.Abort;
import io.meltemi.config.kind.virtualservice.HttpFault.AbortError;
import io.meltemi.config.kind.virtualservice.HttpFault.Delay;
import io.meltemi.config.traffic.DestinationParser;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code http[].fault}. */
final class HttpFaultParser {
  /** gRPC status names by code. */
  private static final List<String> GRPC_STATUS =
      List.of(
          "OK",
          "CANCELLED",
          "UNKNOWN",
          "INVALID_ARGUMENT",
          "DEADLINE_EXCEEDED",
          "NOT_FOUND",
          "ALREADY_EXISTS",
          "PERMISSION_DENIED",
          "RESOURCE_EXHAUSTED",
          "FAILED_PRECONDITION",
          "ABORTED",
          "OUT_OF_RANGE",
          "UNIMPLEMENTED",
          "INTERNAL",
          "UNAVAILABLE",
          "DATA_LOSS",
          "UNAUTHENTICATED");

  private HttpFaultParser() {}

  static HttpFault parse(ObjectReader reader) {
    if (!reader.has("delay") && !reader.has("abort")) {
      reader.error("", "nothing set", "delay or abort");
    }
    return new HttpFault(
        reader.object("delay", HttpFaultParser::delay).flatMap(delay -> delay),
        reader.object("abort", HttpFaultParser::abort));
  }

  private static Optional<Delay> delay(ObjectReader reader) {
    Optional<Duration> fixed = reader.durationMillis("fixedDelay");
    if (reader.has("exponentialDelay")) {
      reader.error("exponentialDelay", reader.written("exponentialDelay"), "fixedDelay");
    } else if (!reader.has("fixedDelay")) {
      reader.warn("", "no fixedDelay", "fixedDelay; without it nothing is delayed");
    }
    OptionalInt percent = reader.integer("percent", 0, 100);
    if (percent.isPresent()) {
      reader.warn("percent", reader.written("percent"), "percentage.value; this is deprecated");
    }
    double share =
        DestinationParser.percent(reader, "percentage").orElse((double) percent.orElse(0));
    return fixed.map(delay -> new Delay(delay, share));
  }

  private static Abort abort(ObjectReader reader) {
    OptionalInt status = reader.integer("httpStatus", 200, 599);
    Optional<String> grpc = reader.optionalString("grpcStatus");
    int code = grpc.map(GRPC_STATUS::indexOf).orElse(0);
    if (code < 0) {
      reader.error(
          "grpcStatus", reader.written("grpcStatus"), "one of " + String.join(", ", GRPC_STATUS));
    }
    if (reader.has("http2Error")) {
      reader.error("http2Error", reader.written("http2Error"), "httpStatus or grpcStatus");
    }
    if (reader.has("httpStatus") && grpc.isPresent()) {
      reader.error("grpcStatus", "grpcStatus beside httpStatus", "only one of the two");
    }
    Optional<Double> percentage = DestinationParser.percent(reader, "percentage");
    AbortError error = new AbortError.Unset();
    if (status.isPresent()) {
      error = new AbortError.HttpStatus(status.getAsInt());
    } else if (grpc.isPresent()) {
      error = new AbortError.GrpcStatus(grpc.get(), Math.max(code, 0));
    } else if (!reader.has("httpStatus")) {
      reader.warn("", "no error", "httpStatus or grpcStatus; without one nothing is aborted");
    }
    return new Abort(error, percentage);
  }
}
