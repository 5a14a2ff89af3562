package io.meltemi.proxy.http.filter.extproc;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** What a service is shown of a request and of its response. */
record Modes(Of request, Of response) {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          ProcessingMode.class,
          "request_header_mode",
          "response_header_mode",
          "request_body_mode",
          "response_body_mode",
          "request_trailer_mode",
          "response_trailer_mode");

  /** How a body is shown. */
  enum Body {
    NONE,
    /** Piece by piece, each of which waits for its answer. */
    STREAMED,
    /** As a whole, for which its head waits. */
    BUFFERED;

    ProcessingMode.BodySendMode proto() {
      return switch (this) {
        case NONE -> ProcessingMode.BodySendMode.NONE;
        case STREAMED -> ProcessingMode.BodySendMode.STREAMED;
        case BUFFERED -> ProcessingMode.BodySendMode.BUFFERED;
      };
    }
  }

  /** One way. */
  record Of(boolean headers, Body body, boolean trailers) {
    boolean isNone() {
      return !headers && body == Body.NONE && !trailers;
    }
  }

  static Modes parse(ProcessingMode proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    check(proto.getRequestBodyMode(), scope.field("request_body_mode"));
    check(proto.getResponseBodyMode(), scope.field("response_body_mode"));
    return of(proto);
  }

  private static void check(ProcessingMode.BodySendMode mode, ParseScope scope) {
    switch (mode) {
      case NONE, STREAMED, BUFFERED -> {}
      case BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED, UNRECOGNIZED -> scope.unsupported(mode.name());
    }
  }

  /** As a service tells them; modes that are not known here show nothing. */
  static Modes of(ProcessingMode proto) {
    return new Modes(
        new Of(
            proto.getRequestHeaderMode() != ProcessingMode.HeaderSendMode.SKIP,
            body(proto.getRequestBodyMode()),
            proto.getRequestTrailerMode() == ProcessingMode.HeaderSendMode.SEND),
        new Of(
            proto.getResponseHeaderMode() != ProcessingMode.HeaderSendMode.SKIP,
            body(proto.getResponseBodyMode()),
            proto.getResponseTrailerMode() == ProcessingMode.HeaderSendMode.SEND));
  }

  private static Body body(ProcessingMode.BodySendMode mode) {
    return switch (mode) {
      case STREAMED -> Body.STREAMED;
      case BUFFERED -> Body.BUFFERED;
      case NONE, BUFFERED_PARTIAL, FULL_DUPLEX_STREAMED, UNRECOGNIZED -> Body.NONE;
    };
  }
}
