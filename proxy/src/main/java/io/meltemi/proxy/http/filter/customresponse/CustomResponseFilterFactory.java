package io.meltemi.proxy.http.filter.customresponse;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.filters.http.custom_response.v3.CustomResponse;
import io.envoyproxy.envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.customresponse.CustomResponseFilter.Policies;
import io.meltemi.proxy.http.filter.customresponse.CustomResponseFilter.Policy;
import io.meltemi.proxy.matcher.MatchTreeParser;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Formatter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;

/** Parses trees of policies; redirects to other places are refused by name. */
public final class CustomResponseFilterFactory implements HttpFilterFactory {
  private static final String TYPE_URL =
      "type.googleapis.com/envoy.extensions.filters.http.custom_response.v3.CustomResponse";
  private static final SupportedFields CUSTOM =
      SupportedFields.of(CustomResponse.class, "custom_response_matcher");
  private static final SupportedFields LOCAL =
      SupportedFields.of(
          LocalResponsePolicy.class,
          "body",
          "body_format",
          "status_code",
          "response_headers_to_add");
  private static final SupportedFields FORMAT =
      SupportedFields.of(
          SubstitutionFormatString.class, "text_format", "text_format_source", "content_type");
  private static final SupportedFields DATA =
      SupportedFields.of(DataSource.class, "inline_bytes", "inline_string");

  private final Ticker ticker;
  private final HeaderMutationsParser headers;

  /**
   * @param ticker wall clock of {@code %START_TIME%}
   */
  public CustomResponseFilterFactory(Ticker ticker) {
    this.ticker = ticker;
    this.headers = new HeaderMutationsParser(ticker);
  }

  @Override
  public String name() {
    return "envoy.filters.http.custom_response";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_URL);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return policies(config, scope).map(policies -> policies);
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return policies(config, scope).map(policies -> policies);
  }

  private Optional<Policies> policies(Any config, ParseScope scope) {
    return scope
        .unpack(config, CustomResponse.class, CUSTOM)
        .map(
            proto ->
                new Policies(
                    new MatchTreeParser<>(new ResponseInputs(), this::policy)
                        .parse(
                            proto.getCustomResponseMatcher(),
                            scope.field("custom_response_matcher"))));
  }

  private Optional<Policy> policy(TypedExtensionConfig config, ParseScope scope) {
    Any any = config.getTypedConfig();
    ParseScope at = scope.field("typed_config");
    if (!MessageTypes.holds(any, LocalResponsePolicy.class)) {
      at.unsupported(config.getName() + " " + any.getTypeUrl());
      return Optional.empty();
    }
    return at.unpack(any, LocalResponsePolicy.class, LOCAL).map(proto -> policy(proto, at));
  }

  // the deprecated text is what control planes write
  @SuppressWarnings("deprecation")
  private Policy policy(LocalResponsePolicy proto, ParseScope scope) {
    int status = proto.getStatusCode().getValue();
    if (proto.hasStatusCode() && (status < 200 || status > 599)) {
      scope.field("status_code").error(Integer.toUnsignedString(status), "200 to 599");
    }
    Optional<Formatter> body = Optional.empty();
    String contentType = "";
    if (proto.hasBodyFormat()) {
      SubstitutionFormatString format = proto.getBodyFormat();
      ParseScope at = scope.field("body_format");
      FORMAT.check(format, at);
      contentType = format.getContentType();
      ByteString text =
          format.hasTextFormatSource()
              ? data(format.getTextFormatSource(), at.field("text_format_source"))
              : format.getTextFormatBytes();
      body = formatter(text.toStringUtf8(), at);
    } else if (proto.hasBody()) {
      String text = data(proto.getBody(), scope.field("body")).toStringUtf8();
      body = formatter(text.replace("%", "%%"), scope.field("body"));
    }
    return new Policy(
        proto.hasStatusCode() ? Optional.of(status) : Optional.empty(),
        body,
        contentType,
        headers.parse(proto.getResponseHeadersToAddList(), scope, "response_headers_to_add"));
  }

  private Optional<Formatter> formatter(String text, ParseScope scope) {
    Validation<Formatter> format = Formatter.parse(text, "-", ticker, scope.origin(), scope.path());
    return scope.out().absorb(format) ? Optional.of(format.orElseThrow()) : Optional.empty();
  }

  private static ByteString data(DataSource proto, ParseScope scope) {
    DATA.check(proto, scope);
    return switch (proto.getSpecifierCase()) {
      case INLINE_BYTES -> proto.getInlineBytes();
      case INLINE_STRING -> ByteString.copyFrom(proto.getInlineString(), StandardCharsets.UTF_8);
      case FILENAME, ENVIRONMENT_VARIABLE, SPECIFIER_NOT_SET -> ByteString.EMPTY;
    };
  }
}
