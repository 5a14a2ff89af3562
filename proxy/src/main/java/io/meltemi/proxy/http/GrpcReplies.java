package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Local replies in the form that gRPC clients read: 200, with the outcome in {@code grpc-status}
 * and the text in {@code grpc-message}; see <a
 * href="https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md">the mapping of
 * statuses</a> and <a
 * href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses">the coding of
 * messages</a>.
 */
final class GrpcReplies {
  private static final HeaderName GRPC_STATUS = HeaderName.of("grpc-status");
  private static final HeaderName GRPC_MESSAGE = HeaderName.of("grpc-message");
  private static final byte[] GRPC = "application/grpc".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

  private static final int UNKNOWN = 2;
  private static final int PERMISSION_DENIED = 7;
  private static final int UNIMPLEMENTED = 12;
  private static final int INTERNAL = 13;
  private static final int UNAVAILABLE = 14;
  private static final int UNAUTHENTICATED = 16;

  private GrpcReplies() {}

  /** Whether the request is a gRPC call: {@code application/grpc} or one of its formats. */
  static boolean isGrpc(HeaderBlock request) {
    int index = request.find(HeaderName.CONTENT_TYPE);
    if (index < 0 || request.valueLength(index) < GRPC.length) {
      return false;
    }
    byte[] array = request.array();
    int start = request.valueStart(index);
    int end = start + GRPC.length;
    return Arrays.equals(array, start, end, GRPC, 0, GRPC.length)
        && (request.valueLength(index) == GRPC.length || array[end] == '+');
  }

  /** Writes the head that is the whole answer, but for its {@code :status} of 200. */
  static void write(HeaderBlock response, int status, byte[] message) {
    response.set(HeaderName.CONTENT_TYPE, GRPC);
    if (!response.contains(GRPC_STATUS)) {
      response.addNumber(GRPC_STATUS, grpcStatus(status));
    }
    if (message.length > 0) {
      byte[] coded = percentEncode(message);
      response.add(GRPC_MESSAGE, coded);
    }
  }

  static int grpcStatus(int status) {
    return switch (status) {
      case 400 -> INTERNAL;
      case 401 -> UNAUTHENTICATED;
      case 403 -> PERMISSION_DENIED;
      case 404 -> UNIMPLEMENTED;
      case 429, 502, 503, 504 -> UNAVAILABLE;
      default -> UNKNOWN;
    };
  }

  static byte[] percentEncode(byte[] text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length + 16);
    for (byte b : text) {
      if (b >= ' ' && b <= '~' && b != '%') {
        out.write(b);
      } else {
        out.write('%');
        out.write(HEX[(b >> 4) & 15]);
        out.write(HEX[b & 15]);
      }
    }
    return out.toByteArray();
  }
}
