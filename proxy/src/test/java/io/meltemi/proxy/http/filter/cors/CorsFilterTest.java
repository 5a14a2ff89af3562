package io.meltemi.proxy.http.filter.cors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CorsFilterTest {
  private static final String POLICY =
      """
      {'allow_origin_string_match':[{'exact':'http://a.com'},{'suffix':'.b.com'}],
       'allow_methods':'GET,PUT','allow_headers':'x-one','expose_headers':'x-two',
       'max_age':'24','allow_credentials':true,MORE}
      """;

  private static RouteFilterConfig policy(String more) {
    return policy(POLICY.replace(",MORE", more), ParseScope.root(Origin.of("test")));
  }

  private static RouteFilterConfig policy(String json, ParseScope scope) {
    var proto = io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy.newBuilder();
    try {
      JsonFormat.parser().merge(json.replace('\'', '"'), proto);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
    return new CorsFilterFactory().parseRoute(Any.pack(proto.build()), scope).orElseThrow();
  }

  private static HttpFilter filter(FakeFilterContext context) {
    return new CorsFilterFactory()
        .parse(Any.pack(Cors.getDefaultInstance()), ParseScope.root(Origin.of("test")))
        .orElseThrow()
        .newFilter(context);
  }

  private static FakeFilterContext preflight(String origin) {
    return new FakeFilterContext(
        "OPTIONS", "origin: " + origin, "access-control-request-method: PUT");
  }

  /** Runs a request and an empty response through a filter; gives status and response headers. */
  private static String run(FakeFilterContext context) {
    HttpFilter filter = filter(context);
    FilterStatus status = filter.decodeHeaders(context.request, true);
    HeaderBlock response = context.responseHeaders();
    filter.encodeHeaders(response, true);
    filter.onStreamEnd();
    // the next stream of the slot starts clean
    HeaderBlock next = new HeaderBlock();
    filter.encodeHeaders(next, true);
    assertTrue(next.isEmpty());
    return status + "\n" + response;
  }

  @Test
  void answersPreflightOfAllowedOrigin() {
    try (FakeFilterContext context = preflight("http://x.b.com")) {
      context.routeConfig = policy("");
      assertEquals(
          """
          PAUSE
          :status: 200
          access-control-allow-methods: GET,PUT
          access-control-allow-headers: x-one
          access-control-max-age: 24
          access-control-allow-origin: http://x.b.com
          access-control-allow-credentials: true
          access-control-expose-headers: x-two
          """,
          run(context));
      assertEquals("200  - cors_response", context.replied);
      assertEquals(1, context.count("cors.origin_valid"));
    }
  }

  @ParameterizedTest
  @CsvSource({"'x-a, x-b', 'x-a, x-b'", "'', ''"})
  void asteriskAllowsWhatThePreflightAsksFor(String wanted, String allowed) {
    String[] headers =
        wanted.isEmpty()
            ? new String[] {"origin: http://a.com", "access-control-request-method: PUT"}
            : new String[] {
              "origin: http://a.com",
              "access-control-request-method: PUT",
              "access-control-request-headers: " + wanted
            };
    try (FakeFilterContext context = new FakeFilterContext("OPTIONS", headers)) {
      context.routeConfig =
          policy(
              "{'allow_origin_string_match':[{'exact':'http://a.com'}],"
                  + "'allow_methods':'*','allow_headers':'*'}",
              ParseScope.root(Origin.of("test")));
      assertEquals(
          "PAUSE\n:status: 200\naccess-control-allow-methods: PUT\n"
              + "access-control-allow-headers: "
              + allowed
              + "\naccess-control-allow-origin: http://a.com\n",
          run(context));
    }
  }

  @ParameterizedTest
  @CsvSource({"true, CONTINUE", "false, 'PAUSE\n:status: 200'"})
  void preflightOfOtherOriginIsForwardedOrAnsweredWithoutPermission(
      String forward, String expected) {
    try (FakeFilterContext context = preflight("http://evil.com")) {
      context.routeConfig = policy(",'forward_not_matching_preflights':" + forward);
      assertEquals(expected + "\n", run(context));
      assertEquals(1, context.count("cors.origin_invalid"));
    }
  }

  @ParameterizedTest
  @CsvSource({"http://a.com, true", "http://A.com, false", "http://a.com:80, false", "null, false"})
  void marksResponsesForAllowedOrigins(String origin, boolean allowed) {
    try (FakeFilterContext context = new FakeFilterContext("GET", "origin: " + origin)) {
      context.routeConfig = policy("");
      assertEquals(
          allowed
              ? """
                CONTINUE
                access-control-allow-origin: http://a.com
                access-control-allow-credentials: true
                access-control-expose-headers: x-two
                """
              : "CONTINUE\n",
          run(context));
    }
  }

  @Test
  void doesNothingWithoutOriginPolicyOrShare() {
    try (FakeFilterContext context = new FakeFilterContext("GET")) {
      context.routeConfig = policy("");
      assertEquals("CONTINUE\n", run(context));
    }
    try (FakeFilterContext context = preflight("http://a.com")) {
      assertEquals("CONTINUE\n", run(context));
      context.routeConfig = policy(",'filter_enabled':{'default_value':{'numerator':0}}");
      assertEquals("CONTINUE\n", run(context));
      assertEquals(0, context.count("cors.origin_valid"));
      context.routeConfig =
          policy(
              ",'filter_enabled':{'default_value':{'numerator':0}},"
                  + "'shadow_enabled':{'default_value':{'numerator':100}}");
      assertEquals("CONTINUE\n", run(context));
      assertEquals(1, context.count("cors.origin_valid"));
    }
    // a route that forwards nothing has no policy
    try (FakeFilterContext context = preflight("http://a.com")) {
      context.routeConfig = policy("");
      context.forwards = false;
      assertEquals("CONTINUE\n", run(context));
    }
    // OPTIONS without the preflight's own header is an ordinary request
    try (FakeFilterContext context = new FakeFilterContext("OPTIONS", "origin: http://a.com")) {
      context.routeConfig = policy("");
      assertTrue(run(context).startsWith("CONTINUE\naccess-control-allow-origin"));
    }
  }

  @Test
  void allowsPrivateNetworkWhenAskedAndAllowed() {
    HeaderName name = HeaderName.of("access-control-allow-private-network");
    for (boolean asked : new boolean[] {true, false}) {
      try (FakeFilterContext context = preflight("http://a.com")) {
        if (asked) {
          context.request.add(HeaderName.of("access-control-request-private-network"), "true");
        }
        context.routeConfig = policy(",'allow_private_network_access':true");
        run(context);
        assertEquals(asked, context.responseHeaders().contains(name));
      }
    }
  }

  @Test
  void originMatcherThatTakesTheStarTakesAll() {
    try (FakeFilterContext context = new FakeFilterContext("GET", "origin: http://any.org")) {
      context.routeConfig =
          policy(
              "{'allow_origin_string_match':[{'exact':'*'}]}", ParseScope.root(Origin.of("test")));
      assertEquals("CONTINUE\naccess-control-allow-origin: http://any.org\n", run(context));
    }
  }

  @Test
  void refusesBadOriginMatchers() {
    ParseScope scope = ParseScope.root(Origin.of("test"));
    policy("{'allow_origin_string_match':[{'exact':'a'},{'safe_regex':{'regex':'('}}]}", scope);
    assertEquals(
        "allow_origin_string_match[1].safe_regex.regex",
        scope.out().finish(() -> "").errors().getFirst().path());
  }
}
