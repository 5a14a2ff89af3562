package io.meltemi.proxy.http.filter.localratelimit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.testing.FakeTicker;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LocalRateLimitFilterTest {
  private static final String ALWAYS =
      "'filter_enabled':{'default_value':{'numerator':100}},"
          + "'filter_enforced':{'default_value':{'numerator':100}},"
          + "'enable_x_ratelimit_headers':'DRAFT_VERSION_03','stat_prefix':'p'";
  private static final String TWO_IN_TEN =
      "'token_bucket':{'max_tokens':2,'tokens_per_fill':2,'fill_interval':'10s'}";

  private final Stats stats = new Stats();
  private final FakeTicker ticker = new FakeTicker();

  private LocalRateLimitConfig config(String json, ParseScope scope) {
    LocalRateLimit proto = FilterJson.merge("{" + json + "}", LocalRateLimit.newBuilder()).build();
    return (LocalRateLimitConfig)
        new LocalRateLimitFilterFactory(stats, ticker, "me")
            .parse(Any.pack(proto), scope)
            .orElseThrow();
  }

  private LocalRateLimitConfig config(String json) {
    ParseScope scope = FilterJson.scope();
    LocalRateLimitConfig config = config(json, scope);
    assertEquals(List.of(), FilterJson.errors(scope));
    return config;
  }

  private static String ask(HttpFilter filter, FakeFilterContext context) {
    context.reply = null;
    FilterStatus status = filter.decodeHeaders(context.request, true);
    context.responseHeaders().clear();
    filter.encodeHeaders(context.responseHeaders(), true);
    filter.onStreamEnd();
    assertEquals(status == FilterStatus.PAUSE, context.reply != null);
    return (status == FilterStatus.PAUSE ? context.replied : "passed")
        + " "
        + context.responseHeaders().get(HeaderName.of("x-ratelimit-limit"))
        + "/"
        + context.responseHeaders().get(HeaderName.of("x-ratelimit-remaining"))
        + "/"
        + context.responseHeaders().get(HeaderName.of("x-ratelimit-reset"));
  }

  @Test
  void answersWhenTokensAreUsedUpAndLetsThemComeBack() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter = config(ALWAYS + "," + TWO_IN_TEN).newFilter(context);
      assertEquals("passed 2/1/0", ask(filter, context));
      assertEquals("passed 2/0/5", ask(filter, context));
      assertEquals("429 local_rate_limited RL local_rate_limited 2/0/5", ask(filter, context));
      context.advance(Duration.ofSeconds(4));
      assertTrue(ask(filter, context).endsWith("2/0/1"));
      context.advance(Duration.ofSeconds(1));
      assertEquals("passed 2/0/5", ask(filter, context));
      context.advance(Duration.ofHours(1));
      assertEquals("passed 2/1/0", ask(filter, context));
      var counters = stats.scope("p.http_local_rate_limit.");
      assertEquals(6, counters.counter("enabled").value());
      assertEquals(4, counters.counter("ok").value());
      assertEquals(2, counters.counter("rate_limited").value());
      assertEquals(2, counters.counter("enforced").value());
    }
  }

  @Test
  void countsOnlyWhenNotEnforcedAndDoesNothingWhenNotEnabled() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter =
          config(
                  "'stat_prefix':'p','filter_enabled':{'default_value':{'numerator':100}},"
                      + "'token_bucket':{'max_tokens':1,'fill_interval':'10s'},"
                      + "'request_headers_to_add_when_not_enforced':"
                      + "[{'header':{'key':'x-over','value':'yes'}}]")
              .newFilter(context);
      assertEquals("passed null/null/null", ask(filter, context));
      assertEquals(null, context.request.get(HeaderName.of("x-over")));
      assertEquals("passed null/null/null", ask(filter, context));
      assertEquals("yes", context.request.get(HeaderName.of("x-over")));
      assertEquals(1, stats.scope("p.http_local_rate_limit.").counter("rate_limited").value());
      assertEquals(0, stats.scope("p.http_local_rate_limit.").counter("enforced").value());

      HttpFilter off = config("'stat_prefix':'off'," + TWO_IN_TEN).newFilter(context);
      for (int i = 0; i < 3; i++) {
        assertEquals("passed null/null/null", ask(off, context));
      }
      assertEquals(0, stats.scope("off.http_local_rate_limit.").counter("enabled").value());
    }
  }

  @Test
  void aConnectionMayHaveBucketsOfItsOwn() {
    LocalRateLimitConfig config =
        config(
            ALWAYS
                + ",'local_rate_limit_per_downstream_connection':true,"
                + "'token_bucket':{'max_tokens':1,'fill_interval':'10s'}");
    for (int i = 0; i < 2; i++) {
      try (FakeFilterContext context = new FakeFilterContext("GET")) {
        HttpFilter filter = config.newFilter(context);
        assertEquals("passed 1/0/10", ask(filter, context));
        assertEquals("429 local_rate_limited RL local_rate_limited 1/0/10", ask(filter, context));
      }
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    ParseScope scope = FilterJson.scope();
    config(
        "'token_bucket':{'fill_interval':'0.01s'},'stage':11,'descriptors':[{'entries':[]},"
            + "{'entries':[{'key':'a'}],'token_bucket':{'max_tokens':1,'fill_interval':'0.01s'}}],"
            + "'max_dynamic_descriptors':0,'local_cluster_rate_limit':{}",
        scope);
    assertEquals(
        List.of(
            "local_cluster_rate_limit: set | nothing: this proxy does not support it yet",
            "stat_prefix: \"\" | at least one character",
            "stage: 11 | 0 to 10",
            "descriptors[0].entries: none | at least one",
            "descriptors[0].token_bucket: nothing | a token bucket",
            "descriptors[0].token_bucket.max_tokens: 0 | more than 0",
            "descriptors[1].token_bucket.fill_interval: 10000000ns | at least 50ms",
            "max_dynamic_descriptors: 0 | 1 to 2147483647",
            "token_bucket.max_tokens: 0 | more than 0"),
        FilterJson.errors(scope));
  }

  @Test
  void aRouteNeedsABucket() {
    ParseScope scope = FilterJson.scope();
    LocalRateLimit proto = LocalRateLimit.newBuilder().setStatPrefix("r").build();
    new LocalRateLimitFilterFactory(stats, ticker, "").parseRoute(Any.pack(proto), scope);
    assertEquals(
        List.of("token_bucket: nothing | a token bucket, for a route"), FilterJson.errors(scope));
  }
}
