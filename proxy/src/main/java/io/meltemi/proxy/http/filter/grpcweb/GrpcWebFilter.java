package io.meltemi.proxy.http.filter.grpcweb;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.GrpcMethods;
import io.meltemi.proxy.http.GrpcNumbers;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Makes a gRPC call of a gRPC-Web one, and puts the trailers of the answer into its body. An answer
 * that is no gRPC at all becomes a status with its text for a message.
 */
final class GrpcWebFilter implements HttpFilter {
  private static final HeaderName ACCEPT = HeaderName.of("accept");
  private static final HeaderName ACCEPT_ENCODING = HeaderName.of("grpc-accept-encoding");
  private static final byte[] GRPC = ascii("application/grpc");
  private static final byte[] WEB = ascii("application/grpc-web");
  private static final byte[] WEB_PROTO = ascii("application/grpc-web+proto");
  private static final byte[] TEXT = ascii("application/grpc-web-text");
  private static final byte[] TEXT_PROTO = ascii("application/grpc-web-text+proto");
  private static final byte[] TRAILERS = ascii("trailers");
  private static final byte[] IDENTITY = ascii("identity");
  private static final String BAD_TEXT = "Bad gRPC-web request, invalid base64 data.";
  private static final byte TRAILERS_FRAME = (byte) 0x80;
  private static final int FRAME_HEAD_BYTES = 5;
  private static final int MESSAGE_BYTES_MAX = 16_384;

  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private final GrpcMethods methods;
  private final QuadDecoder decoder = new QuadDecoder();
  private final FrameEncoder encoder = new FrameEncoder();
  private boolean active;
  private boolean textRequest;
  private boolean textResponse;
  private @Nullable GrpcNumbers numbers;

  /** What an answer that is no gRPC says; null for one that is. */
  private @Nullable ByteBuf message;

  GrpcWebFilter(HttpFilterContext context, ClusterManager clusters, GrpcMethods methods) {
    this.context = context;
    this.clusters = clusters;
    this.methods = methods;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public boolean changesBody() {
    return true;
  }

  private ByteBufAllocator allocator() {
    return context.connection().channel().alloc();
  }

  private static boolean isText(HeaderBlock headers, HeaderName name) {
    int index = headers.find(name);
    return index >= 0
        && (headers.valueEquals(index, TEXT) || headers.valueEquals(index, TEXT_PROTO));
  }

  // ---- the request

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    int type = headers.find(HeaderName.CONTENT_TYPE);
    if (type < 0 || !headers.contains(HeaderName.PATH)) {
      return FilterStatus.CONTINUE;
    }
    textRequest = isText(headers, HeaderName.CONTENT_TYPE);
    active = textRequest || headers.valueEquals(type, WEB) || headers.valueEquals(type, WEB_PROTO);
    if (!active) {
      return FilterStatus.CONTINUE;
    }
    RouteChoice choice = context.routeChoice();
    String name = choice == null ? null : choice.cluster();
    Cluster cluster = name == null ? null : clusters.get(name);
    numbers = cluster == null ? null : methods.of(cluster, headers);
    textResponse = isText(headers, ACCEPT);
    if (!endStream) {
      headers.remove(HeaderName.CONTENT_LENGTH);
    }
    headers.set(HeaderName.CONTENT_TYPE, GRPC);
    headers.set(HeaderName.TE, TRAILERS);
    if (!headers.contains(ACCEPT_ENCODING)) {
      headers.add(ACCEPT_ENCODING, IDENTITY);
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    if (!textRequest) {
      return FilterStatus.CONTINUE;
    }
    ByteBuf out = allocator().buffer(data.readableBytes() / 4 * 3 + 3);
    try {
      if (endStream && decoder.staysOpen(data.readableBytes())) {
        return refuse("grpc_base_64_decode_failed_bad_size");
      }
      if (!decoder.decode(data, out)) {
        return refuse("grpc_base_64_decode_failed");
      }
      if (endStream || out.isReadable()) {
        context.injectRequestData(out, endStream);
      }
      return FilterStatus.TAKEN;
    } finally {
      out.release();
    }
  }

  private FilterStatus refuse(String details) {
    context.sendLocalReply(400, BAD_TEXT, null, details);
    return FilterStatus.PAUSE;
  }

  // ---- the answer

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    if (!active) {
      return FilterStatus.CONTINUE;
    }
    count(headers);
    boolean foreign = !endStream && !isGrpc(headers);
    headers.set(HeaderName.CONTENT_TYPE, textResponse ? TEXT_PROTO : WEB_PROTO);
    if (endStream) {
      return FilterStatus.CONTINUE;
    }
    headers.remove(HeaderName.CONTENT_LENGTH);
    if (foreign) {
      message = allocator().buffer();
      return FilterStatus.BUFFER;
    }
    return FilterStatus.CONTINUE;
  }

  private static boolean isGrpc(HeaderBlock headers) {
    int type = headers.find(HeaderName.CONTENT_TYPE);
    return GrpcHeaders.isGrpc(headers)
        || (type >= 0
            && (headers.valueEquals(type, WEB)
                || headers.valueEquals(type, WEB_PROTO)
                || headers.valueEquals(type, TEXT)
                || headers.valueEquals(type, TEXT_PROTO)));
  }

  private void count(HeaderBlock headers) {
    GrpcNumbers counted = numbers;
    int status = counted == null ? GrpcHeaders.NO_STATUS : GrpcHeaders.status(headers);
    if (counted != null && status != GrpcHeaders.NO_STATUS) {
      counted.ended(status);
    }
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    ByteBuf collected = message;
    if (collected != null) {
      int room = MESSAGE_BYTES_MAX - collected.readableBytes();
      int count = Math.min(room, data.readableBytes());
      collected.writeBytes(data, data.readerIndex(), count);
      if (endStream) {
        writeMessage(collected);
        context.continueEncoding();
      }
      return FilterStatus.TAKEN;
    }
    if (!textResponse) {
      return FilterStatus.CONTINUE;
    }
    ByteBuf out = allocator().buffer(FrameEncoder.sizeMax(data.readableBytes()));
    try {
      encoder.encode(data, out);
      if (endStream) {
        encoder.finish(out);
      }
      if (endStream || out.isReadable()) {
        context.injectResponseData(out, endStream);
      }
      return FilterStatus.TAKEN;
    } finally {
      out.release();
    }
  }

  private void writeMessage(ByteBuf text) {
    HeaderBlock headers = context.responseHeaders();
    byte[] bytes = new byte[text.readableBytes()];
    text.readBytes(bytes);
    String status = headers.get(HeaderName.STATUS);
    headers.setNumber(
        GrpcHeaders.GRPC_STATUS,
        GrpcHeaders.ofHttpStatus(status == null ? 0 : Integer.parseInt(status)));
    GrpcHeaders.setMessage(headers, bytes);
    headers.setNumber(HeaderName.CONTENT_LENGTH, 0);
    releaseMessage();
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    if (!active) {
      return FilterStatus.CONTINUE;
    }
    count(trailers);
    ByteBuf collected = message;
    if (collected != null) {
      writeMessage(collected);
      trailers.clear();
      return FilterStatus.CONTINUE;
    }
    int length = 0;
    for (int i = 0; i < trailers.size(); i++) {
      length += trailers.nameLength(i) + trailers.valueLength(i) + 3;
    }
    ByteBuf out = allocator().buffer(FrameEncoder.sizeMax(FRAME_HEAD_BYTES + length));
    try {
      if (textResponse) {
        encoder.finish(out);
        ByteBuf frame = allocator().buffer(FRAME_HEAD_BYTES + length);
        try {
          writeTrailers(trailers, length, frame);
          encoder.encode(frame, out);
        } finally {
          frame.release();
        }
      } else {
        writeTrailers(trailers, length, out);
      }
      trailers.clear();
      context.injectResponseData(out, false);
      return FilterStatus.CONTINUE;
    } finally {
      out.release();
    }
  }

  private static void writeTrailers(HeaderBlock trailers, int length, ByteBuf out) {
    out.writeByte(TRAILERS_FRAME);
    out.writeInt(length);
    for (int i = 0; i < trailers.size(); i++) {
      byte[] array = trailers.array();
      out.writeBytes(array, trailers.nameStart(i), trailers.nameLength(i));
      out.writeByte(':');
      out.writeBytes(array, trailers.valueStart(i), trailers.valueLength(i));
      out.writeByte('\r').writeByte('\n');
    }
  }

  private void releaseMessage() {
    ByteBuf collected = message;
    if (collected != null) {
      message = null;
      collected.release();
    }
  }

  @Override
  public void onStreamEnd() {
    releaseMessage();
    active = false;
    textRequest = false;
    textResponse = false;
    numbers = null;
    decoder.reset();
    encoder.reset();
  }
}
