package io.meltemi.proxy.upstream;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import java.util.List;

/**
 * Calls a unary gRPC method of a service that a cluster has, over the pools of the request path.
 *
 * <p>Differs from Envoy: there is no client of Google's library beside this one.
 */
public final class GrpcClient {
  private static final HeaderName TE = HeaderName.of("te");
  private static final int PREFIX_BYTES = 5;
  private static final int ANSWER_BYTES_MAX = 4 << 20;
  private static final int OK = 0;
  private static final int INTERNAL = 13;

  private final UpstreamClient client;

  public GrpcClient(UpstreamClient client) {
    this.client = client;
  }

  /**
   * Where a service is.
   *
   * @param authority empty for the name of the cluster
   * @param timeoutNanos 0 for none
   */
  public record Target(
      String cluster,
      String authority,
      long timeoutNanos,
      List<Metadata> metadata,
      UpstreamClient.Retries retries) {
    public Target {
      metadata = List.copyOf(metadata);
    }

    public Target withTimeout(long nanos) {
      return new Target(cluster, authority, nanos, metadata, retries);
    }
  }

  /** A header of every call. */
  public record Metadata(HeaderName name, String value) {}

  /** Hears the outcome once, on the loop, unless the call is cancelled before. */
  public interface Listener<R extends Message> {
    void onAnswer(R answer);

    /**
     * @param status gRPC's, never 0
     */
    void onFailure(int status);
  }

  /**
   * Calls a method; the listener may be told before this returns.
   *
   * @param path such as {@code /package.Service/Method}
   */
  public <R extends Message> UpstreamCall call(
      LoopContext loop,
      Target target,
      String path,
      Message message,
      Parser<R> parser,
      Listener<R> listener) {
    HeaderBlock headers = headers(target, path);
    return client.send(
        loop,
        target.cluster(),
        new UpstreamClient.Request(
            headers, frame(message), target.timeoutNanos(), ANSWER_BYTES_MAX, target.retries()),
        new UpstreamClient.Listener() {
          @Override
          public void onAnswer(UpstreamClient.Answer answer) {
            int status = status(answer);
            if (status != OK) {
              listener.onFailure(status);
              return;
            }
            R parsed;
            try {
              parsed = unframe(answer.body(), parser);
            } catch (InvalidProtocolBufferException e) {
              listener.onFailure(INTERNAL);
              return;
            }
            listener.onAnswer(parsed);
          }

          @Override
          public void onFailure(UpstreamClient.Failure failure) {
            listener.onFailure(
                switch (failure) {
                  case TIMEOUT -> 4;
                  case TOO_LARGE -> 8;
                  case NO_CLUSTER, NO_HOST, OVERFLOW, CONNECT, RESET -> 14;
                });
          }
        });
  }

  private static HeaderBlock headers(Target target, String path) {
    HeaderBlock headers = new HeaderBlock();
    headers.add(HeaderName.METHOD, "POST");
    headers.add(HeaderName.PATH, path);
    headers.add(
        HeaderName.AUTHORITY, target.authority().isEmpty() ? target.cluster() : target.authority());
    headers.add(HeaderName.SCHEME, "http");
    headers.add(TE, "trailers");
    headers.add(HeaderName.CONTENT_TYPE, "application/grpc");
    if (target.timeoutNanos() > 0) {
      GrpcHeaders.setTimeout(headers, target.timeoutNanos());
    }
    for (Metadata metadata : target.metadata()) {
      headers.add(metadata.name(), metadata.value());
    }
    return headers;
  }

  /**
   * Opens a call whose messages come and go; the listener may be told before this returns. The
   * target's time-out and retries count for nothing.
   *
   * @param path such as {@code /package.Service/Method}
   */
  public <R extends Message> GrpcStream<R> open(
      LoopContext loop,
      Target target,
      String path,
      Parser<R> parser,
      GrpcStream.Listener<R> listener) {
    HeaderBlock headers = headers(target.withTimeout(0), path);
    GrpcStream<R> stream = new GrpcStream<>(loop, headers, parser, listener);
    stream.start(client, target.cluster());
    return stream;
  }

  private static int status(UpstreamClient.Answer answer) {
    if (answer.status() != 200) {
      return GrpcHeaders.ofHttpStatus(answer.status());
    }
    int status = GrpcHeaders.status(answer.trailers());
    if (status == GrpcHeaders.NO_STATUS) {
      status = GrpcHeaders.status(answer.headers());
    }
    return status == GrpcHeaders.NO_STATUS ? INTERNAL : status;
  }

  static ByteString frame(Message message) {
    ByteString bytes = message.toByteString();
    byte[] prefix = new byte[PREFIX_BYTES];
    for (int i = 0; i < 4; i++) {
      prefix[1 + i] = (byte) (bytes.size() >>> (24 - 8 * i));
    }
    return ByteString.copyFrom(prefix).concat(bytes);
  }

  /** Exactly one message that is not compressed. */
  private static <R extends Message> R unframe(ByteString body, Parser<R> parser)
      throws InvalidProtocolBufferException {
    if (body.size() < PREFIX_BYTES || body.byteAt(0) != 0) {
      throw new InvalidProtocolBufferException("no plain message");
    }
    long length = 0;
    for (int i = 1; i < PREFIX_BYTES; i++) {
      length = length << 8 | (body.byteAt(i) & 0xFF);
    }
    if (length != body.size() - PREFIX_BYTES) {
      throw new InvalidProtocolBufferException("length: " + length);
    }
    return parser.parseFrom(body.substring(PREFIX_BYTES));
  }
}
