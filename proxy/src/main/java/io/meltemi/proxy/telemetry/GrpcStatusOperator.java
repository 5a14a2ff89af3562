package io.meltemi.proxy.telemetry;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code %GRPC_STATUS%} and {@code %GRPC_STATUS_NUMBER%}: the outcome of a gRPC call, from its
 * trailers, its headers, or else from the HTTP status.
 */
final class GrpcStatusOperator implements FormatOperator {
  /** How the status is written. */
  enum Form {
    NUMBER,
    CAMEL_STRING,
    SNAKE_STRING
  }

  private final Form form;

  GrpcStatusOperator(Form form) {
    this.form = form;
  }

  @Override
  public boolean write(StreamInfo info, FormatOutput out) {
    HeaderBlock request = info.requestHeaders;
    if (request == null || !GrpcHeaders.isGrpc(request)) {
      return false;
    }
    int status = status(info.responseTrailers);
    if (status == GrpcHeaders.NO_STATUS) {
      status = status(info.responseHeaders);
    }
    if (status == GrpcHeaders.NO_STATUS) {
      if (info.responseCode == 0) {
        return false;
      }
      status = GrpcHeaders.ofHttpStatus(info.responseCode);
    }
    String name = GrpcHeaders.name(status);
    if (form == Form.NUMBER || name.isEmpty()) {
      out.addNumber(status);
    } else {
      out.add(form == Form.CAMEL_STRING ? name : snake(name));
    }
    return true;
  }

  private static int status(@Nullable HeaderBlock block) {
    return block == null ? GrpcHeaders.NO_STATUS : GrpcHeaders.status(block);
  }

  private static String snake(String name) {
    return name.equals("OK")
        ? name
        : name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
  }

  @Override
  public boolean isNumber() {
    return form == Form.NUMBER;
  }
}
