package io.meltemi.proxy.telemetry;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import java.util.Locale;

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
    int status = info.grpcStatus();
    if (status < 0) {
      return false;
    }
    String name = GrpcHeaders.name(status);
    if (form == Form.NUMBER || name.isEmpty()) {
      out.addNumber(status);
    } else {
      out.add(form == Form.CAMEL_STRING ? name : snake(name));
    }
    return true;
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
