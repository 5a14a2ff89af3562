package io.meltemi.proxy.http.filter.bandwidthlimit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** At what pace bodies go on; paces, numbers and trailers are those of Envoy 1.40. */
final class BandwidthLimitFilterTest {
  private static final ByteBuf THREE_KILOBYTES =
      Unpooled.unreleasableBuffer(
          Unpooled.wrappedBuffer(
              "a".repeat(3000).getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
  private static final String SLOW =
      """
      {'stat_prefix': 's', 'limit_kbps': 1, 'fill_interval': '0.1s', 'enable_mode': 'MODE',
       'enable_response_trailers': true, 'response_trailer_prefix': 'x-eg'}
      """;

  private final Stats stats = new Stats();

  private static Any any(String json) {
    return Any.pack(
        FilterJson.merge(
                json,
                io.envoyproxy.envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit
                    .newBuilder())
            .build());
  }

  private RouteFilterConfig route(String mode) {
    ParseScope scope = FilterJson.scope();
    RouteFilterConfig parsed =
        new BandwidthLimitFilterFactory(stats)
            .parseRoute(any(SLOW.replace("MODE", mode)), scope)
            .orElseThrow();
    assertEquals(List.of(), FilterJson.errors(scope));
    return parsed;
  }

  private HttpFilter filter(FakeFilterContext context) {
    return new BandwidthLimitFilterFactory(stats)
        .parse(any("{'stat_prefix': 'chain'}"), FilterJson.scope())
        .orElseThrow()
        .newFilter(context);
  }

  private StatScope numbers() {
    return stats.scope("s.http_bandwidth_limit.");
  }

  @Test
  void aRequestGoesOnAsFastAsTheBucketFills() {
    try (FakeFilterContext context = new FakeFilterContext("POST")) {
      HttpFilter filter = filter(context);
      context.routeConfig = route("REQUEST");
      assertEquals(FilterStatus.CONTINUE, filter.decodeHeaders(context.request, false));
      assertEquals(FilterStatus.TAKEN, filter.decodeData(THREE_KILOBYTES, false));
      assertEquals(1024, context.injected.length());
      assertFalse(context.requestRead);
      assertEquals(1, numbers().gauge("request_pending").value());
      context.advance(Duration.ofMillis(110));
      assertEquals(1024, context.injected.length(), 120, "a tenth of a second's bytes");
      int before = context.injected.length();
      context.advance(Duration.ofMillis(500));
      assertTrue(context.injected.length() > before);
      assertEquals(FilterStatus.TAKEN, filter.decodeTrailers(new HeaderBlock()));
      for (int i = 0; i < 30; i++) {
        context.advance(Duration.ofMillis(105));
      }
      assertEquals("a".repeat(3000) + "|trailers", context.injected.toString());
      assertTrue(context.requestRead);
      assertEquals(0, numbers().gauge("request_pending").value());
      assertEquals(1, numbers().counter("request_enabled").value());
      assertEquals(3000, numbers().counter("request_incoming_total_size").value());
      assertEquals(3000, numbers().counter("request_allowed_total_size").value());
      assertTrue(numbers().counter("request_enforced").value() >= 15);
      assertEquals(FilterStatus.CONTINUE, filter.encodeData(THREE_KILOBYTES, true));
      filter.onStreamEnd();
    }
  }

  @Test
  void aResponseTellsWhatItWaited() {
    try (FakeFilterContext context = new FakeFilterContext("POST")) {
      HttpFilter filter = filter(context);
      context.routeConfig = route("REQUEST_AND_RESPONSE");
      filter.decodeHeaders(context.request, false);
      filter.decodeData(THREE_KILOBYTES, true);
      for (int i = 0; i < 40; i++) {
        context.advance(Duration.ofMillis(105));
      }
      assertEquals("a".repeat(3000) + "|", context.injected.toString());
      context.injected.setLength(0);
      filter.encodeHeaders(context.responseHeaders(), false);
      assertEquals(FilterStatus.TAKEN, filter.encodeData(THREE_KILOBYTES, true));
      for (int i = 0; i < 40; i++) {
        context.advance(Duration.ofMillis(105));
      }
      String[] sent = context.injected.toString().split("\\|", 2);
      assertEquals("a".repeat(3000), sent[0]);
      assertEquals(
          List.of(
              "x-eg-bandwidth-request-delay-ms",
              "x-eg-bandwidth-request-filter-delay-ms",
              "x-eg-bandwidth-response-delay-ms",
              "x-eg-bandwidth-response-filter-delay-ms"),
          sent[1].lines().map(line -> line.substring(0, line.indexOf(':'))).toList());
      filter.onStreamEnd();
      // the next stream knows nothing of it
      context.routeConfig = route("RESPONSE");
      context.injected.setLength(0);
      filter.encodeHeaders(context.responseHeaders(), false);
      filter.encodeData(Unpooled.wrappedBuffer(new byte[] {'b'}), true);
      assertEquals("b|", context.injected.toString());
      filter.onStreamEnd();
    }
  }

  @Test
  void whatFitsPassesAtOnceAndTrailersStayAlone() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      HttpFilter filter = filter(context);
      context.routeConfig = route("RESPONSE");
      filter.decodeHeaders(context.request, true);
      filter.encodeHeaders(context.responseHeaders(), false);
      filter.encodeData(Unpooled.wrappedBuffer(new byte[] {'b'}), false);
      HeaderBlock trailers = new HeaderBlock();
      trailers.add(HeaderName.of("x-t"), "1");
      assertEquals(FilterStatus.CONTINUE, filter.encodeTrailers(trailers));
      assertEquals("x-t: 1\n", trailers.toString());
      assertEquals("b", context.injected.toString());
      filter.onStreamEnd();
    }
  }

  @Test
  void aStreamThatEndsEarlyLeavesNothingBehind() {
    try (FakeFilterContext context = new FakeFilterContext("POST")) {
      HttpFilter filter = filter(context);
      context.routeConfig = route("REQUEST");
      filter.decodeHeaders(context.request, false);
      filter.decodeData(THREE_KILOBYTES, true);
      filter.onStreamEnd();
      context.advance(Duration.ofSeconds(5));
      assertEquals(1024, context.injected.length());
      assertEquals(0, numbers().gauge("request_pending").value());
    }
  }

  @Test
  void allStreamsShareTheBucket() {
    ByteBucket bucket = new ByteBucket(1000);
    long now = -5_000_000_000L;
    assertEquals(700, bucket.take(700, now));
    assertEquals(300, bucket.take(700, now));
    assertEquals(0, bucket.take(1, now));
    assertEquals(100, bucket.take(700, now + 100_000_000L));
    assertEquals(1000, bucket.take(5000, now + 9_000_000_000L));
    assertEquals(0, bucket.take(0, now + 10_000_000_000L));
  }

  @Test
  void badSettingsAreRefused() {
    ParseScope scope = FilterJson.scope();
    BandwidthLimitFilterFactory factory = new BandwidthLimitFilterFactory(stats);
    factory.parseRoute(any("{}"), scope);
    factory.parse(
        any(
            """
            {'stat_prefix': 's', 'enable_mode': 'REQUEST', 'fill_interval': '0.01s',
             'response_trailer_prefix': 'a b'}
            """),
        scope);
    assertEquals(
        List.of(
            "stat_prefix: \"\" | at least one character",
            "limit_kbps: nothing | 1 or more",
            "limit_kbps: nothing | 1 or more",
            "fill_interval: 10000000ns | 20ms to 1s",
            "response_trailer_prefix: \"a b\" | a header name"),
        FilterJson.errors(scope));
  }
}
