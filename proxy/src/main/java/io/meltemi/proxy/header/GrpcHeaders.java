package io.meltemi.proxy.header;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What gRPC says in headers and trailers; see its <a
 * href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md">protocol over HTTP/2</a>.
 * Stateless; allocates nothing but for text.
 */
public final class GrpcHeaders {
  public static final HeaderName GRPC_STATUS = HeaderName.of("grpc-status");
  private static final HeaderName GRPC_MESSAGE = HeaderName.of("grpc-message");
  public static final HeaderName GRPC_TIMEOUT = HeaderName.of("grpc-timeout");

  /** {@code grpc-status} is absent. */
  public static final int NO_STATUS = -1;

  /** {@code grpc-timeout} is absent or malformed. */
  public static final long NO_TIMEOUT = -1;

  private static final byte[] GRPC = "application/grpc".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);
  private static final int TIMEOUT_DIGITS_MAX = 8;

  /** More would not fit; a century is for ever. */
  private static final long HOURS_MAX = 1_000_000;

  private static final int UNKNOWN = 2;
  private static final String[] NAMES = {
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated"
  };

  private GrpcHeaders() {}

  /** Whether the content type is {@code application/grpc} or one of its formats. */
  public static boolean isGrpc(HeaderBlock headers) {
    int index = headers.find(HeaderName.CONTENT_TYPE);
    if (index < 0 || headers.valueLength(index) < GRPC.length) {
      return false;
    }
    byte[] array = headers.array();
    int start = headers.valueStart(index);
    int end = start + GRPC.length;
    return Arrays.equals(array, start, end, GRPC, 0, GRPC.length)
        && (headers.valueLength(index) == GRPC.length || array[end] == '+');
  }

  /** The status in headers or trailers; {@link #NO_STATUS} when absent or not a number. */
  public static int status(HeaderBlock headers) {
    int index = headers.find(GRPC_STATUS);
    if (index < 0) {
      return NO_STATUS;
    }
    int length = headers.valueLength(index);
    if (length < 1 || length > 9) {
      return UNKNOWN;
    }
    int at = headers.valueStart(index);
    int status = 0;
    for (int i = at; i < at + length; i++) {
      int digit = headers.array()[i] - '0';
      if (digit < 0 || digit > 9) {
        return UNKNOWN;
      }
      status = status * 10 + digit;
    }
    return status;
  }

  /** Writes {@code grpc-message} in its coding. */
  public static void setMessage(HeaderBlock headers, byte[] text) {
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
    headers.set(GRPC_MESSAGE, out.toByteArray());
  }

  /** The time a client gives, in nanoseconds; {@link #NO_TIMEOUT} when there is none. */
  public static long timeoutNanos(HeaderBlock headers) {
    int index = headers.find(GRPC_TIMEOUT);
    if (index < 0) {
      return NO_TIMEOUT;
    }
    int digits = headers.valueLength(index) - 1;
    if (digits < 1 || digits > TIMEOUT_DIGITS_MAX) {
      return NO_TIMEOUT;
    }
    int at = headers.valueStart(index);
    long count = 0;
    for (int i = at; i < at + digits; i++) {
      int digit = headers.array()[i] - '0';
      if (digit < 0 || digit > 9) {
        return NO_TIMEOUT;
      }
      count = count * 10 + digit;
    }
    return switch (headers.array()[at + digits]) {
      case 'H' -> Math.min(count, HOURS_MAX) * 3_600_000_000_000L;
      case 'M' -> count * 60_000_000_000L;
      case 'S' -> count * 1_000_000_000L;
      case 'm' -> count * 1_000_000L;
      case 'u' -> count * 1_000L;
      case 'n' -> count;
      default -> NO_TIMEOUT;
    };
  }

  /** Writes {@code grpc-timeout} in the finest unit that holds it. */
  public static void setTimeout(HeaderBlock headers, long nanos) {
    long value = nanos / 1_000_000;
    char unit = 'm';
    if (value > 99_999_999) {
      value = nanos / 1_000_000_000L;
      unit = 'S';
    }
    if (value > 99_999_999) {
      value = Math.min(nanos / 60_000_000_000L, 99_999_999);
      unit = 'M';
    }
    headers.set(GRPC_TIMEOUT, Long.toString(value) + unit);
  }

  /** Envoy's name of a status, such as {@code DeadlineExceeded}; empty for a number without one. */
  public static String name(int status) {
    return status >= 0 && status < NAMES.length ? NAMES[status] : "";
  }

  /** What an HTTP status means to a caller that finds no {@code grpc-status}. */
  public static int ofHttpStatus(int status) {
    return switch (status) {
      case 400 -> 13;
      case 401 -> 16;
      case 403 -> 7;
      case 404 -> 12;
      case 429, 502, 503, 504 -> 14;
      default -> UNKNOWN;
    };
  }

  /** The HTTP status that says about the same. */
  public static int httpStatus(int status) {
    return switch (status) {
      case 0 -> 200;
      case 1 -> 499;
      case 3, 9, 11 -> 400;
      case 4 -> 504;
      case 5 -> 404;
      case 6, 10 -> 409;
      case 7 -> 403;
      case 8 -> 429;
      case 12 -> 501;
      case 14 -> 503;
      case 16 -> 401;
      default -> 500;
    };
  }
}
