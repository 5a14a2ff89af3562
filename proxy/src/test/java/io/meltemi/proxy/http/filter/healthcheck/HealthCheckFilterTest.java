package io.meltemi.proxy.http.filter.healthcheck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.health_check.v3.HealthCheck;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HealthCheckFilterTest {
  private static HttpFilter filter(String mode, boolean failing, FakeFilterContext context) {
    HealthCheck proto =
        FilterJson.merge(
                "{'pass_through_mode':"
                    + mode
                    + ",'headers':[{'name':':path','string_match':{'exact':'/ready'}}]}",
                HealthCheck.newBuilder())
            .build();
    ParseScope scope = FilterJson.scope();
    HttpFilter filter =
        new HealthCheckFilterFactory(() -> failing, "me")
            .parse(Any.pack(proto), scope)
            .orElseThrow()
            .newFilter(context);
    assertEquals(List.of(), FilterJson.errors(scope));
    return filter;
  }

  @ParameterizedTest
  @CsvSource({
    "/ready, false, false, 200  - health_check_ok, me, ",
    "/ready, false, true, 503  LH health_check_failed, me, ",
    "/ready, true, false, '', me, ",
    "/ready, true, true, 503  LH health_check_failed, me, ",
    "/x, false, false, '', , ",
    "/x, false, true, '', , me",
  })
  void answersChecks(
      String path, String mode, boolean failing, String answer, String checked, String fail) {
    try (FakeFilterContext context = new FakeFilterContext("GET", ":path: " + path)) {
      HttpFilter filter = filter(mode, failing, context);
      filter.decodeHeaders(context.request, true);
      assertEquals(answer, context.replied);
      assertEquals(path.equals("/ready"), context.streamInfo().healthCheck);
      filter.encodeHeaders(context.responseHeaders(), true);
      assertEquals(
          checked,
          context.responseHeaders().get(HeaderName.of("x-envoy-upstream-healthchecked-cluster")));
      assertEquals(
          fail,
          context.responseHeaders().get(HeaderName.of("x-envoy-immediate-health-check-fail")));
    }
  }

  @Test
  void aBodyIsReadBeforeTheAnswer() {
    try (FakeFilterContext context = new FakeFilterContext("POST", ":path: /ready")) {
      HttpFilter filter = filter("false", false, context);
      assertEquals(FilterStatus.BUFFER, filter.decodeHeaders(context.request, false));
      assertEquals(FilterStatus.BUFFER, filter.decodeData(Unpooled.EMPTY_BUFFER, false));
      assertEquals("", context.replied);
      filter.decodeData(Unpooled.EMPTY_BUFFER, true);
      assertEquals("200  - health_check_ok", context.replied);
    }
  }

  @Test
  void refusesByName() {
    ParseScope scope = FilterJson.scope();
    HealthCheck proto = FilterJson.merge("{'cache_time':'1s'}", HealthCheck.newBuilder()).build();
    new HealthCheckFilterFactory(() -> false, "").parse(Any.pack(proto), scope);
    assertEquals(
        List.of(
            "cache_time: set | nothing: this proxy does not support it yet",
            "pass_through_mode: nothing | true or false"),
        FilterJson.errors(scope));
  }
}
