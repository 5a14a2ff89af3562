package io.meltemi.proxy.http;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;

/**
 * Local replies in the form that gRPC clients read: 200, with the outcome in {@code grpc-status}
 * and the text in {@code grpc-message}; see <a
 * href="https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md">the mapping of
 * statuses</a> and <a
 * href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses">the coding of
 * messages</a>.
 */
final class GrpcReplies {
  private static final byte[] GRPC = "application/grpc".getBytes(StandardCharsets.US_ASCII);

  private GrpcReplies() {}

  /** Writes the head that is the whole answer, but for its {@code :status} of 200. */
  static void write(HeaderBlock response, int status, byte[] message) {
    response.set(HeaderName.CONTENT_TYPE, GRPC);
    if (!response.contains(GrpcHeaders.GRPC_STATUS)) {
      response.addNumber(GrpcHeaders.GRPC_STATUS, GrpcHeaders.ofHttpStatus(status));
    }
    if (message.length > 0) {
      GrpcHeaders.setMessage(response, message);
    }
  }
}
