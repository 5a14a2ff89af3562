package io.meltemi.proxy.http.filter.customresponse;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.google.protobuf.Any;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseHeaderMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeClassMatchInput;
import io.envoyproxy.envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.customresponse.CustomResponseFilter.Response;
import io.meltemi.proxy.matcher.MatchTree;
import io.meltemi.proxy.matcher.MatchTreeParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.Optional;

/** What can be asked about a response. */
final class ResponseInputs implements MatchTreeParser.Inputs<Response> {
  /** A message without fields that the published classes do not have yet. */
  private static final String LOCAL_REPLY =
      "type.googleapis.com/envoy.type.matcher.v3.HttpResponseLocalReplyMatchInput";

  private static final SupportedFields HEADER =
      SupportedFields.of(HttpResponseHeaderMatchInput.class, "header_name");

  @Override
  public Optional<MatchTree.Test<Response>> text(
      TypedExtensionConfig input, StringMatcher matcher, ParseScope scope) {
    return text(input, scope)
        .map(
            text ->
                (response, trace) -> {
                  String value = text.of(response);
                  boolean holds = value != null && matcher.matches(value);
                  if (trace.isRecording()) {
                    trace.result(holds, matcher.toString(), String.valueOf(value));
                  }
                  return holds;
                });
  }

  @Override
  public Optional<MatchTree.Text<Response>> text(TypedExtensionConfig input, ParseScope scope) {
    Any any = input.getTypedConfig();
    ParseScope at = scope.field("typed_config");
    if (MessageTypes.holds(any, HttpResponseStatusCodeMatchInput.class)) {
      return Optional.of(
          response -> response.status() == 0 ? null : Integer.toString(response.status()));
    }
    if (MessageTypes.holds(any, HttpResponseStatusCodeClassMatchInput.class)) {
      return Optional.of(
          response -> response.status() == 0 ? null : response.status() / 100 + "xx");
    }
    if (any.getTypeUrl().equals(LOCAL_REPLY)) {
      return Optional.of(response -> Boolean.toString(response.local()));
    }
    if (MessageTypes.holds(any, HttpResponseHeaderMatchInput.class)) {
      return at.unpack(any, HttpResponseHeaderMatchInput.class, HEADER)
          .flatMap(proto -> header(proto, at));
    }
    at.unsupported(input.getName() + " " + any.getTypeUrl());
    return Optional.empty();
  }

  private static Optional<MatchTree.Text<Response>> header(
      HttpResponseHeaderMatchInput proto, ParseScope scope) {
    if (!HeaderName.isValid(proto.getHeaderName())) {
      scope.field("header_name").error("\"" + proto.getHeaderName() + "\"", "a header name");
      return Optional.empty();
    }
    HeaderName name = HeaderName.of(proto.getHeaderName());
    return Optional.of(response -> response.headers().get(name));
  }

  @Override
  public Optional<MatchTree.Test<Response>> custom(
      TypedExtensionConfig input, TypedExtensionConfig matcher, ParseScope scope) {
    scope
        .field("custom_match")
        .field("typed_config")
        .unsupported(matcher.getName() + " " + matcher.getTypedConfig().getTypeUrl());
    return Optional.empty();
  }
}
