package io.meltemi.proxy.http.filter.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.filter.extproc.Side.Awaited;
import org.jspecify.annotations.Nullable;

/** Messages that show the service a part of a request or of a response. Stateless. */
final class Shown {
  private static final HeaderBlock NO_HEADERS = new HeaderBlock();

  private Shown() {}

  static ProcessingRequest.Builder ofRequest(
      Awaited part, @Nullable HeaderBlock block, ByteString bytes, boolean end) {
    ProcessingRequest.Builder message = ProcessingRequest.newBuilder();
    return switch (part) {
      case HEADERS -> message.setRequestHeaders(headers(block, end));
      case BODY -> message.setRequestBody(body(bytes, end));
      case TRAILERS, NOTHING -> message.setRequestTrailers(trailers(block));
    };
  }

  static ProcessingRequest.Builder ofResponse(
      Awaited part, @Nullable HeaderBlock block, ByteString bytes, boolean end) {
    ProcessingRequest.Builder message = ProcessingRequest.newBuilder();
    return switch (part) {
      case HEADERS -> message.setResponseHeaders(headers(block, end));
      case BODY -> message.setResponseBody(body(bytes, end));
      case TRAILERS, NOTHING -> message.setResponseTrailers(trailers(block));
    };
  }

  private static HttpHeaders headers(@Nullable HeaderBlock block, boolean end) {
    HttpHeaders.Builder headers = HttpHeaders.newBuilder().setEndOfStream(end);
    if (block != null) {
      headers.setHeaders(Mutations.map(block));
    }
    return headers.build();
  }

  private static HttpBody body(ByteString bytes, boolean end) {
    return HttpBody.newBuilder().setBody(bytes).setEndOfStream(end).build();
  }

  private static HttpTrailers trailers(@Nullable HeaderBlock block) {
    return HttpTrailers.newBuilder()
        .setTrailers(Mutations.map(block == null ? NO_HEADERS : block))
        .build();
  }
}
