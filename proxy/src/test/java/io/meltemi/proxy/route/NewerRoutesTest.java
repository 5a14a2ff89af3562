package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields of routes that the published API does not have; the outcomes are those of Envoy 1.40. */
final class NewerRoutesTest {
  private static Validation<RouteTable> parse(String routes, String limits) {
    RouteConfiguration proto =
        (RouteConfiguration)
            new BootstrapReader(Map.of())
                .read(
                    RouteConfiguration.newBuilder(),
                    "virtual_hosts: [{name: v, domains: ['*'], routes: [%s], rate_limits: [%s]}]"
                        .formatted(routes, limits),
                    Origin.of("test"))
                .orElseThrow();
    return new RouteTableParser(
            (_, _, _) -> {
              throw new IllegalStateException("no filters");
            },
            Ticker.system())
        .parse(proto, Origin.of("test"));
  }

  private static List<String> errors(String routes) {
    return parse(routes, "").errors().stream()
        .map(error -> error.path().replaceFirst(".*routes\\[0]\\.", "") + ": " + error.found())
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "one=x, 211",
    "'one=x; two=z', 211",
    "'one=x; two=w', 212",
    "two=z, 212",
  })
  void cookiesChooseARoute(String cookies, int status) {
    RouteTable table =
        parse(
                "{match: {prefix: /, cookies: [{name: one, string_match: {exact: x}}, {name: two,"
                    + " string_match: {exact: w}, invert_match: true}]},"
                    + " direct_response: {status: 211}},"
                    + " {match: {prefix: /}, direct_response: {status: 212}}",
                "")
            .orElseThrow();
    Route route = table.match(new FakeRequest("h", "/c", "cookie: " + cookies), MatchTrace.NONE);
    assertEquals(
        new RouteAction.DirectResponse(status, RouteAction.Body.EMPTY),
        route == null ? null : route.action());
  }

  @Test
  void badCookiesAreErrors() {
    assertEquals(
        List.of("match.cookies.name: \"\"", "match.cookies.string_match: nothing"),
        errors("{match: {prefix: /, cookies: [{}]}, direct_response: {status: 211}}"));
  }

  @Test
  void aFormatWithoutOperatorsIsABody() {
    String route = "{match: {prefix: /}, direct_response: {status: 200, body_format: {%s: %s}}}";
    Route parsed =
        parse(route.formatted("text_format_source", "{inline_string: '{a}'}"), "")
            .orElseThrow()
            .virtualHosts()
            .getFirst()
            .routes()
            .getFirst();
    assertEquals(
        new RouteAction.DirectResponse(
            200, new RouteAction.Body("{a}".getBytes(StandardCharsets.UTF_8))),
        parsed.action());
    assertEquals(
        List.of("direct_response.body_format: operators"),
        errors(route.formatted("text_format", "'%PROTOCOL%'")));
    assertEquals(
        List.of("direct_response.body_format.json_format: set"),
        errors(route.formatted("json_format", "{a: b}")));
  }

  @ParameterizedTest
  @CsvSource({
    "descriptor_key: k, '{ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}', k=v",
    "descriptor_key: k, '{ranges: [{address_prefix: 11.0.0.0, prefix_len: 8}]}', ''",
    "default_value: d, '{ranges: [{address_prefix: 11.0.0.0, prefix_len: 8}]}', ''",
    "descriptor_key: k, '{invert_match: true, ranges: [{address_prefix: 11.0.0.0}]}', ''",
    "default_value: d, '{invert_match: true, ranges: [{address_prefix: 11.1.1.1, prefix_len: 32}]}', "
        + "remote_address_match=v",
  })
  void addressesMakeDescriptors(String key, String matcher, String expected) {
    RouteTable table =
        parse(
                "{match: {prefix: /}, direct_response: {status: 211}}",
                "{actions: [{remote_address_match: {descriptor_value: v, %s, address_matcher: %s}}]}"
                    .formatted(key, matcher))
            .orElseThrow();
    StreamInfo info = new StreamInfo();
    info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 99);
    List<RateLimitDescriptor> out = new java.util.ArrayList<>();
    table
        .virtualHosts()
        .getFirst()
        .routes()
        .getFirst()
        .filterConfigs()
        .rateLimits()
        .describe(
            RateLimits.HostChoice.INCLUDE,
            0,
            new RateLimit.Facts(
                new HeaderBlock(), info, new RateLimit.Facts.Node("", ""), Metadata.EMPTY),
            out);
    assertEquals(
        expected,
        out.isEmpty()
            ? ""
            : out.getFirst().entries().getFirst().key()
                + "="
                + out.getFirst().entries().getFirst().value());
  }
}
