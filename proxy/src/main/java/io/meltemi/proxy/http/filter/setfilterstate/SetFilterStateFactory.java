package io.meltemi.proxy.http.filter.setfilterstate;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue;
import io.envoyproxy.envoy.extensions.filters.http.set_filter_state.v3.Config;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.http.filter.setfilterstate.SetFilterStateFilter.Value;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.proxy.telemetry.Formatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses what is left for others. Keys are those of texts and of the original addresses of
 * connections; others would need objects that nothing here reads.
 */
public final class SetFilterStateFactory implements HttpFilterFactory {
  private static final SupportedFields CONFIG =
      SupportedFields.of(Config.class, "on_request_headers");
  private static final SupportedFields VALUE =
      SupportedFields.of(
          FilterStateValue.class,
          "object_key",
          "factory_key",
          "format_string",
          "read_only",
          "shared_with_upstream",
          "skip_if_empty");
  private static final SupportedFields FORMAT =
      SupportedFields.of(
          SubstitutionFormatString.class, "text_format", "text_format_source", "omit_empty_values");

  /** Objects that are made of a text and read as one. */
  private static final Set<String> TEXTS =
      Set.of(
          "envoy.string",
          "envoy.hashable_string",
          "istio.hashable_string",
          "envoy.filters.listener.original_dst.local_ip",
          "envoy.filters.listener.original_dst.remote_ip");

  private final Ticker ticker;

  public SetFilterStateFactory(Ticker ticker) {
    this.ticker = ticker;
  }

  @Override
  public String name() {
    return "envoy.filters.http.set_filter_state";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, Config.class, CONFIG)
        .map(
            proto -> {
              List<Value> values = new ArrayList<>();
              for (int i = 0; i < proto.getOnRequestHeadersCount(); i++) {
                value(proto.getOnRequestHeaders(i), scope.field("on_request_headers", i))
                    .ifPresent(values::add);
              }
              return new SetFilterStateFilter.Config(values);
            });
  }

  private Optional<Value> value(FilterStateValue proto, ParseScope scope) {
    VALUE.check(proto, scope);
    String object = proto.getFactoryKey().isEmpty() ? proto.getObjectKey() : proto.getFactoryKey();
    if (proto.getObjectKey().isEmpty()) {
      scope.field("object_key").error("nothing", "a key");
    } else if (!TEXTS.contains(object)) {
      scope
          .field(proto.getFactoryKey().isEmpty() ? "object_key" : "factory_key")
          .unsupported(object);
    }
    FilterState.Sharing sharing =
        switch (proto.getSharedWithUpstream()) {
          case NONE, UNRECOGNIZED -> FilterState.Sharing.NONE;
          case ONCE -> FilterState.Sharing.ONCE;
          case TRANSITIVE -> FilterState.Sharing.TRANSITIVE;
        };
    return format(proto.getFormatString(), scope.field("format_string"))
        .map(
            format ->
                new Value(
                    proto.getObjectKey(),
                    format,
                    proto.getSkipIfEmpty(),
                    sharing,
                    proto.getReadOnly()));
  }

  @SuppressWarnings("deprecation") // text_format is what older control planes still send
  private Optional<Formatter> format(SubstitutionFormatString proto, ParseScope scope) {
    FORMAT.check(proto, scope);
    String format =
        proto.hasTextFormatSource()
            ? proto.getTextFormatSource().getInlineString()
            : proto.getTextFormat();
    if (proto.hasTextFormatSource() && !proto.getTextFormatSource().hasInlineString()) {
      scope
          .field("text_format_source")
          .unsupported(proto.getTextFormatSource().getSpecifierCase().name());
    } else if (format.isEmpty()) {
      scope.error("nothing", "a format");
    }
    Validation<Formatter> parsed =
        Formatter.parse(
            format, proto.getOmitEmptyValues() ? "" : "-", ticker, scope.origin(), scope.path());
    scope.out().absorb(parsed);
    return parsed instanceof Validation.Valid<Formatter> valid
        ? Optional.of(valid.value())
        : Optional.empty();
  }
}
