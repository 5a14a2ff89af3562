package io.meltemi.proxy.codec;

import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** Reads {@code header_key_format} of {@code Http1ProtocolOptions}. */
public final class NameFormatParser {
  private static final SupportedFields FORMAT =
      SupportedFields.of(HeaderKeyFormat.class, "proper_case_words", "stateful_formatter");
  private static final SupportedFields PRESERVE_CASE =
      SupportedFields.of(PreserveCaseFormatterConfig.class, "formatter_type_on_envoy_headers");

  private NameFormatParser() {}

  /** Parses the options of a listener or cluster; lower case when they say nothing. */
  public static NameFormat parse(Http1ProtocolOptions options, ParseScope scope) {
    if (!options.hasHeaderKeyFormat()) {
      return NameFormat.LOWER_CASE;
    }
    HeaderKeyFormat proto = options.getHeaderKeyFormat();
    ParseScope at = scope.field("header_key_format");
    FORMAT.check(proto, at);
    return switch (proto.getHeaderFormatCase()) {
      case PROPER_CASE_WORDS -> NameFormat.PROPER_CASE;
      case STATEFUL_FORMATTER ->
          stateful(proto.getStatefulFormatter(), at.field("stateful_formatter"));
      case HEADERFORMAT_NOT_SET -> {
        at.error("nothing", "proper_case_words or stateful_formatter");
        yield NameFormat.LOWER_CASE;
      }
    };
  }

  private static NameFormat stateful(TypedExtensionConfig proto, ParseScope scope) {
    ParseScope at = scope.field("typed_config");
    if (!MessageTypes.holds(proto.getTypedConfig(), PreserveCaseFormatterConfig.class)) {
      at.unsupported(proto.getName() + " " + proto.getTypedConfig().getTypeUrl());
      return NameFormat.LOWER_CASE;
    }
    return at.unpack(proto.getTypedConfig(), PreserveCaseFormatterConfig.class, PRESERVE_CASE)
        .map(
            config ->
                switch (config.getFormatterTypeOnEnvoyHeaders()) {
                  case DEFAULT -> NameFormat.PRESERVED;
                  case PROPER_CASE -> NameFormat.PRESERVED_ELSE_PROPER;
                  case UNRECOGNIZED -> {
                    at.field("formatter_type_on_envoy_headers").error("unknown", "a known value");
                    yield NameFormat.PRESERVED;
                  }
                })
        .orElse(NameFormat.LOWER_CASE);
  }
}
