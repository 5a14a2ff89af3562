package io.meltemi.proxy.http.filter.setfilterstate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue;
import io.envoyproxy.envoy.extensions.filters.http.set_filter_state.v3.Config;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.testing.FakeTicker;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SetFilterStateFilterTest {
  private static FilterStateValue.Builder value(String key, String format) {
    return FilterStateValue.newBuilder()
        .setObjectKey(key)
        .setFactoryKey("envoy.string")
        .setFormatString(
            SubstitutionFormatString.newBuilder()
                .setTextFormatSource(DataSource.newBuilder().setInlineString(format)));
  }

  private static Any config(FilterStateValue.Builder... values) {
    Config.Builder config = Config.newBuilder();
    for (FilterStateValue.Builder value : values) {
      config.addOnRequestHeaders(value);
    }
    return Any.pack(config.build());
  }

  private static FilterState decoded(FilterStateValue.Builder... values) {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    Optional<HttpFilterConfig> parsed =
        new SetFilterStateFactory(new FakeTicker()).parse(config(values), scope);
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      context.request.add(HeaderName.AUTHORITY, "10.0.0.1:80");
      context.streamInfo().requestHeaders = context.request;
      assertEquals(
          FilterStatus.CONTINUE,
          parsed.orElseThrow().newFilter(context).decodeHeaders(context.request, true));
      return context.streamInfo().filterState;
    }
  }

  private static @Nullable String text(FilterState state, String key) {
    byte[] bytes = state.get(key);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void textsAreFormattedAndPassedAsFarAsTheyAreMeantTo() {
    FilterState state =
        decoded(
            value("once", "to %REQ(:AUTHORITY)%")
                .setSharedWithUpstream(FilterStateValue.SharedWithUpstream.ONCE),
            value("further", "on")
                .setSharedWithUpstream(FilterStateValue.SharedWithUpstream.TRANSITIVE),
            value("here", "only"));
    assertEquals("to 10.0.0.1:80", text(state, "once"));
    FilterState next = state.shared();
    assertEquals("to 10.0.0.1:80", text(next, "once"));
    assertEquals("on", text(next, "further"));
    assertNull(text(next, "here"));
    assertNull(text(next.shared(), "once"));
    assertEquals("on", text(next.shared(), "further"));
  }

  @Test
  void emptyTextsAreLeftOutWhereThatIsWanted() {
    FilterState state =
        decoded(
            value("kept", "%REQ(x-absent)%"),
            value("left", "%REQ(x-absent)%")
                .setFormatString(
                    SubstitutionFormatString.newBuilder()
                        .setOmitEmptyValues(true)
                        .setTextFormatSource(
                            DataSource.newBuilder().setInlineString("%REQ(x-absent)%")))
                .setSkipIfEmpty(true));
    assertEquals("-", text(state, "kept"));
    assertNull(text(state, "left"));
  }

  @Test
  void whatIsReadOnlyStays() {
    FilterState state = decoded(value("key", "first").setReadOnly(true), value("key", "second"));
    assertEquals("first", text(state, "key"));
  }

  @Test
  void nothingWrittenCostsNothing() {
    assertSame(FilterState.NONE, decoded());
  }

  @Test
  void otherObjectsAreRefusedByName() {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    new SetFilterStateFactory(new FakeTicker())
        .parse(config(value("key", "x").setFactoryKey("envoy.network.ip")), scope);
    List<Violation> errors = scope.out().finish(() -> true).errors();
    assertEquals(
        List.of("on_request_headers[0].factory_key"),
        errors.stream().map(Violation::path).toList());
  }
}
