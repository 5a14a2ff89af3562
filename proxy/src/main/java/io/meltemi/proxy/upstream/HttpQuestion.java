package io.meltemi.proxy.upstream;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.meltemi.proxy.cluster.HealthCheck;
import io.meltemi.proxy.cluster.HealthCheck.Kind;
import io.meltemi.proxy.cluster.HealthCheck.Statuses;
import io.meltemi.proxy.cluster.HealthProbe.Result;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What an HTTP check sends, and what an answer means. */
sealed interface HttpQuestion {
  int LOOKED_BYTES_MAX = 1024;
  HeaderName DEGRADED = HeaderName.of("x-envoy-degraded");

  /** The request's head. */
  void write(HeaderBlock head);

  /** The request's body; empty for none. */
  byte[] body();

  /**
   * What the answer says.
   *
   * @param headers of the response, or its trailers where there are some
   */
  Result judge(int status, HeaderBlock headers, byte[] body);

  static HttpQuestion of(Kind.Http http, String authority) {
    return new Plain(http, authority);
  }

  static HttpQuestion of(Kind.Grpc grpc, String authority) {
    return new Grpc(grpc, authority);
  }

  private static void head(HeaderBlock head, String method, String path, String authority) {
    head.add(HeaderName.METHOD, method);
    head.add(HeaderName.SCHEME, "http");
    head.add(HeaderName.AUTHORITY, authority);
    head.add(HeaderName.PATH, path);
  }

  private static void more(HeaderBlock head, List<HealthCheck.Header> headers) {
    for (HealthCheck.Header header : headers) {
      if (header.name() == HeaderName.HOST) {
        head.set(HeaderName.AUTHORITY, header.value());
      } else {
        head.add(header.name(), header.value());
      }
    }
  }

  /** A plain request. */
  record Plain(Kind.Http http, String authority) implements HttpQuestion {
    @Override
    public void write(HeaderBlock head) {
      head(head, http.method(), http.path(), authority);
      head.add(HeaderName.USER_AGENT, "Envoy/HC");
      more(head, http.headers());
      if (!http.payloads().send().isEmpty()) {
        head.setNumber(HeaderName.CONTENT_LENGTH, http.payloads().send().length());
      }
    }

    @Override
    public byte[] body() {
      return http.payloads().send().getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public Result judge(int status, HeaderBlock headers, byte[] body) {
      if (Statuses.anyHas(http.expected(), status)) {
        if (!http.payloads().isAnsweredBy(looked(body))) {
          return Result.FAILED;
        }
        return headers.contains(DEGRADED) ? Result.DEGRADED : Result.PASSED;
      }
      return Statuses.anyHas(http.retriable(), status) ? Result.FAILED_ONCE : Result.FAILED;
    }
  }

  /** As in Envoy only so much of an answer is looked at. */
  private static String looked(byte[] body) {
    return new String(
        body, 0, Math.min(body.length, LOOKED_BYTES_MAX), StandardCharsets.ISO_8859_1);
  }

  /**
   * A call of <a href="https://github.com/grpc/grpc/blob/master/doc/health-checking.md">gRPC's
   * health checking protocol</a>; its messages have one field each.
   */
  record Grpc(Kind.Grpc grpc, String authority) implements HttpQuestion {
    private static final int FRAME_HEAD_BYTES = 5;
    private static final int SERVING = 1;

    @Override
    public void write(HeaderBlock head) {
      head(head, "POST", "/grpc.health.v1.Health/Check", authority);
      head.add(HeaderName.CONTENT_TYPE, "application/grpc");
      head.add(HeaderName.TE, "trailers");
      head.add(HeaderName.USER_AGENT, "Envoy/HC");
      more(head, grpc.headers());
    }

    @Override
    public byte[] body() {
      ByteArrayOutputStream message = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(message);
      try {
        if (!grpc.service().isEmpty()) {
          out.writeString(1, grpc.service());
        }
        out.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return ByteBuffer.allocate(FRAME_HEAD_BYTES + message.size())
          .put((byte) 0)
          .putInt(message.size())
          .put(message.toByteArray())
          .array();
    }

    @Override
    public Result judge(int status, HeaderBlock headers, byte[] body) {
      return status == 200 && GrpcHeaders.status(headers) == 0 && isServing(body)
          ? Result.PASSED
          : Result.FAILED;
    }

    private static boolean isServing(byte[] body) {
      if (body.length < FRAME_HEAD_BYTES || body[0] != 0) {
        return false;
      }
      CodedInputStream in =
          CodedInputStream.newInstance(body, FRAME_HEAD_BYTES, body.length - FRAME_HEAD_BYTES);
      int found = 0;
      try {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
          if (tag == (1 << 3 | WireFormat.WIRETYPE_VARINT)) {
            found = in.readEnum();
          } else if (!in.skipField(tag)) {
            return false;
          }
        }
      } catch (IOException e) {
        return false;
      }
      return found == SERVING;
    }
  }
}
