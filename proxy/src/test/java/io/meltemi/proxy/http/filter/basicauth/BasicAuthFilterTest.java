package io.meltemi.proxy.http.filter.basicauth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuth;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BasicAuthFilterTest {
  /** The password is test1. */
  private static final String HASH = "{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw=";

  private final BasicAuthFilterFactory factory = new BasicAuthFilterFactory();

  private String ask(FakeFilterContext context) {
    BasicAuth proto =
        FilterJson.merge(
                "{'users':{'inlineString':'# comment\\nuser:"
                    + HASH
                    + "\\n'},'forward_username_header':'x-user'}",
                BasicAuth.newBuilder())
            .build();
    ParseScope scope = FilterJson.scope();
    factory
        .parse(Any.pack(proto), scope)
        .orElseThrow()
        .newFilter(context)
        .decodeHeaders(context.request, true);
    assertEquals(List.of(), FilterJson.errors(scope));
    return context.reply == null ? "passed" : context.replied;
  }

  private static FakeFilterContext request(String value) {
    return new FakeFilterContext(
        "GET", ":path: /x", ":scheme: http", ":authority: h", "x-user: forged", value);
  }

  private static String basic(String credentials) {
    return "authorization: Basic "
        + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aKnownUserPassesAndIsTold() {
    try (FakeFilterContext context = request(basic("user:test1"))) {
      assertEquals("passed", ask(context));
      assertEquals("user", context.request.get(HeaderName.of("x-user")));
      assertEquals(1, context.count("basic_auth.allowed"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "x-none: 1, Missing username and password., no_credential",
    "authorization: Bearer x, Expected 'Basic' authentication scheme., invalid_scheme",
    "authorization: basic dXNlcjp0ZXN0MQ==, Expected 'Basic' authentication scheme., invalid_scheme",
    "authorization: Basic !!, Invalid basic credential format., invalid_format",
    "authorization: Basic YWJj, Invalid basic credential format., invalid_format",
    "authorization: Basic dXNlcjp4, Invalid username/password combination., invalid_credential",
    "authorization: Basic b3RoZXI6dGVzdDE=, Invalid username/password combination., invalid_credential",
  })
  void othersAreAsked(String header, String reason, String details) {
    try (FakeFilterContext context = request(header)) {
      assertEquals(
          "401 User authentication failed. " + reason + " - " + details + "_for_basic_auth",
          ask(context));
      assertEquals(
          "Basic realm=\"http://h/x\"",
          context.responseHeaders().get(HeaderName.of("www-authenticate")));
      assertEquals(1, context.count("basic_auth.denied"));
    }
  }

  @Test
  void aRouteHasItsOwnUsers() {
    BasicAuthPerRoute proto =
        FilterJson.merge(
                "{'users':{'inlineString':'me:" + HASH + "'}}", BasicAuthPerRoute.newBuilder())
            .build();
    for (String user : new String[] {"me", "user"}) {
      try (FakeFilterContext context = request(basic(user + ":test1"))) {
        context.routeConfig = factory.parseRoute(Any.pack(proto), FilterJson.scope()).orElseThrow();
        assertEquals(user.equals("me"), ask(context).equals("passed"));
      }
    }
  }

  @Test
  void badLinesAreNamedWithoutTheirHashes() {
    ParseScope scope = FilterJson.scope();
    BasicAuth proto =
        FilterJson.merge(
                "{'users':{'inlineString':'user\\n:x\\na:{MD5}secret\\nb:"
                    + HASH
                    + "\\nb:"
                    + HASH
                    + "'}}",
                BasicAuth.newBuilder())
            .build();
    factory.parse(Any.pack(proto), scope);
    assertEquals(
        List.of(
            "users: line 1 | a name before a colon",
            "users: line 2 | a name before a colon",
            "users: line 3 | {SHA} and 28 characters behind the name",
            "users: line 5 | each name once"),
        FilterJson.errors(scope));
  }
}
