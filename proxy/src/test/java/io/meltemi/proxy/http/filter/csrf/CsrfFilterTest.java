package io.meltemi.proxy.http.filter.csrf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.csrf.v3.CsrfPolicy;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Envoy 1.40 answers to the same requests. */
final class CsrfFilterTest {
  private static final String ENFORCED =
      """
      {'filter_enabled': {'default_value': {'numerator': 100}},
       'additional_origins': [{'exact': 'other.test:81'}, {'suffix': '.trusted'}]}
      """;
  private static final String SHADOWED =
      """
      {'filter_enabled': {'default_value': {}},
       'shadow_enabled': {'default_value': {'numerator': 100}}}
      """;
  private static final String REFUSED = "403 Invalid origin - csrf_origin_mismatch";

  private static FilterStatus run(FakeFilterContext context, String policy) {
    ParseScope scope = FilterJson.scope();
    HttpFilter filter =
        new CsrfFilterFactory()
            .parse(Any.pack(FilterJson.merge(policy, CsrfPolicy.newBuilder()).build()), scope)
            .orElseThrow()
            .newFilter(context);
    assertEquals(List.of(), FilterJson.errors(scope));
    return filter.decodeHeaders(context.request, true);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, '', '', true, ",
    "POST, '', '', false, missing_source_origin",
    "POST, http://host:80, '', true, request_valid",
    "PUT, http://host:80/x?y, '', true, request_valid",
    "DELETE, host:80, '', true, request_valid",
    "PATCH, http://host, '', false, request_invalid",
    "POST, null, http://host:80/, false, request_invalid",
    "POST, '', https://host:80/page, true, request_valid",
    "POST, https://other.test:81, '', true, request_valid",
    "POST, https://other.test:82, '', false, request_invalid",
    "POST, https://a.trusted/#f, '', true, request_valid",
    "POST, https://a.trusted#f, '', false, missing_source_origin",
    "POST, http://u:p@host:80/a@b, '', true, request_valid",
  })
  void aChangeMustComeFromTheSite(
      String method, String origin, String referer, boolean passes, String counted) {
    try (FakeFilterContext context = new FakeFilterContext(method, ":authority: host:80")) {
      if (!origin.isEmpty()) {
        context.request.add(HeaderName.of("origin"), origin);
      }
      if (!referer.isEmpty()) {
        context.request.add(HeaderName.of("referer"), referer);
      }
      assertEquals(passes ? FilterStatus.CONTINUE : FilterStatus.PAUSE, run(context, ENFORCED));
      assertEquals(passes ? "" : REFUSED, context.replied);
      for (String name : List.of("missing_source_origin", "request_valid", "request_invalid")) {
        assertEquals(name.equals(counted) ? 1 : 0, context.count("csrf." + name), name);
      }
    }
  }

  @Test
  void aShadowOnlyCounts() {
    try (FakeFilterContext context =
        new FakeFilterContext("POST", ":authority: host", "origin: http://evil")) {
      assertEquals(FilterStatus.CONTINUE, run(context, SHADOWED));
      assertEquals(1, context.count("csrf.request_invalid"));
    }
  }

  @Test
  void aRouteSaysOtherwise() {
    try (FakeFilterContext context = new FakeFilterContext("POST", ":authority: host")) {
      ParseScope scope = FilterJson.scope();
      context.routeConfig =
          new CsrfFilterFactory()
              .parseRoute(Any.pack(CsrfPolicy.getDefaultInstance()), scope)
              .orElseThrow();
      assertEquals(List.of("filter_enabled: nothing | a fraction"), FilterJson.errors(scope));
      assertEquals(FilterStatus.CONTINUE, run(context, ENFORCED));
      assertEquals(0, context.count("csrf.missing_source_origin"));
    }
  }
}
