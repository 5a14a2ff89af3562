package io.meltemi.proxy.http.filter.jwtauthn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.filter.FakeFilterContext;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.upstream.SocketConnector;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.meltemi.proxy.upstream.UpstreamPools;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JwtFilterTest {
  private static final byte[] SECRET =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final String KEYS =
      "'local_jwks':{'inline_string':'{\\\"keys\\\":[{\\\"kty\\\":\\\"oct\\\",\\\"kid\\\":\\\"k\\\","
          + "\\\"k\\\":\\\""
          + Base64.getUrlEncoder().withoutPadding().encodeToString(SECRET)
          + "\\\"}]}'}";
  private static final String PROVIDER =
      "'p':{'issuer':'me','audiences':['a','https://b/'],"
          + KEYS
          + ",'payload_in_metadata':'pay','header_in_metadata':'head',"
          + "'failed_status_in_metadata':'failed','forward_payload_header':'x-pay',"
          + "'normalize_payload_in_metadata':{'space_delimited_claims':['scope']},"
          + "'claim_to_headers':[{'header_name':'x-role','claim_name':'who.role'}]%s}";

  private final JwtFilterFactory factory =
      new JwtFilterFactory(
          new UpstreamClient(
              new ClusterManager(), new UpstreamPools(new SocketConnector(NioSocketChannel::new))));

  static String token(String header, String payload) {
    String signed = part(header) + "." + part(payload);
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(SECRET, "x"));
      return signed
          + "."
          + Base64.getUrlEncoder()
              .withoutPadding()
              .encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String part(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static String token(String payload) {
    return token("{'alg':'HS256','kid':'k'}", payload);
  }

  private JwtConfig config(String json, ParseScope scope) {
    JwtAuthentication proto = FilterJson.merge(json, JwtAuthentication.newBuilder()).build();
    return (JwtConfig) factory.parse(Any.pack(proto), scope).orElseThrow();
  }

  private String ask(String providers, String requires, FakeFilterContext context) {
    ParseScope scope = FilterJson.scope();
    JwtConfig config =
        config(
            "{'providers':{"
                + providers
                + "},'rules':[{'match':{'prefix':'/'},'requires':"
                + requires
                + "}]}",
            scope);
    assertEquals(List.of(), FilterJson.errors(scope));
    HttpFilter filter = config.newFilter(context);
    FilterStatus status = filter.decodeHeaders(context.request, true);
    filter.onStreamEnd();
    return status == FilterStatus.CONTINUE ? "passed" : context.replied;
  }

  private static FakeFilterContext request(String token) {
    return new FakeFilterContext(
        "GET",
        ":path: /x?y=1",
        ":scheme: http",
        ":authority: h",
        "x-role: forged",
        "authorization: Bearer " + token);
  }

  private static final String GOOD =
      "{'iss':'me','aud':['z','http://b'],'who':{'role':'admin'},'scope':'r w'}";

  @Test
  void aGoodTokenIsTakenOutAndTold() {
    try (FakeFilterContext context = request(token(GOOD))) {
      assertEquals("passed", ask(PROVIDER.formatted(""), "{'provider_name':'p'}", context));
      assertNull(context.request.get(HeaderName.of("authorization")));
      assertEquals("admin", context.request.get(HeaderName.of("x-role")));
      assertEquals(part(GOOD), context.request.get(HeaderName.of("x-pay")));
      var metadata = context.streamInfo().dynamicMetadata;
      assertEquals(
          List.of("r", "w"), metadata.get("envoy.filters.http.jwt_authn", List.of("pay", "scope")));
      assertEquals("HS256", metadata.get("envoy.filters.http.jwt_authn", List.of("head", "alg")));
      assertEquals(1, context.count("jwt_authn.allowed"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'iss':'me','aud':'a','exp':1} | 401 | Jwt is expired",
        "{'iss':'me','aud':'a','nbf':99999999999} | 401 | Jwt not yet valid",
        "{'iss':'other','aud':'a'} | 401 | Jwt issuer is not configured",
        "{'iss':'me','aud':'c'} | 403 | Audiences in Jwt are not allowed",
        "{'iss':'me'} | 403 | Audiences in Jwt are not allowed",
        "{'iss':5} | 401 | Jwt payload [iss] field is not a string",
        "{'aud':5} | 401 | Jwt payload [aud] field is not a string or string list",
        "{'exp':'x'} | 401 | Jwt payload [exp] field is not an integer",
        "{}1 | 401 | Jwt payload is an invalid JSON",
        "[] | 401 | Jwt payload is an invalid JSON",
      })
  void aBadPayloadIsAnswered(String payload, int status, String text) {
    try (FakeFilterContext context = request(token(payload))) {
      assertEquals(
          status + " " + text + " - jwt_authn_access_denied{" + text.replace(' ', '_') + "}",
          ask(PROVIDER.formatted(""), "{'provider_name':'p'}", context));
      assertEquals(
          "Bearer realm=\"http://h/x?y=1\", error=\"invalid_token\"",
          context.responseHeaders().get(HeaderName.of("www-authenticate")));
      assertNotNull(
          context
              .streamInfo()
              .dynamicMetadata
              .get("envoy.filters.http.jwt_authn", List.of("failed", "message")));
      assertEquals(1, context.count("jwt_authn.denied"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "a.b | Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        "a.b.c.d | Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
        "!.e30.x | Jwt header is an invalid Base64url encoded",
        "e30.e30.x | Jwt header [alg] field is required and must be a string",
        "eyJhbGciOiJub25lIn0.e30. | Jwt header [alg] is not supported",
        "eyJhbGciOiJIUzI1NiJ9.!.x | Jwt payload is an invalid Base64url encoded",
        "eyJhbGciOiJIUzI1NiJ9.e30.! | Jwt signature is an invalid Base64url encoded",
      })
  void whatIsNoTokenIsNamed(String token, String text) {
    try (FakeFilterContext context = request(token)) {
      assertEquals(
          "401 " + text + " - jwt_authn_access_denied{" + text.replace(' ', '_') + "}",
          ask(PROVIDER.formatted(""), "{'provider_name':'p'}", context));
    }
  }

  @Test
  void aChangedTokenFails() {
    String token = token(GOOD);
    for (int i = 0; i < token.length(); i += 3) {
      char other = token.charAt(i) == 'A' ? 'B' : 'A';
      String changed = token.substring(0, i) + other + token.substring(i + 1);
      try (FakeFilterContext context = request(changed)) {
        String answer = ask(PROVIDER.formatted(""), "{'provider_name':'p'}", context);
        assertEquals("40", answer.substring(0, 2), changed);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'requires_any':{'requirements':[{'provider_name':'q'},{'provider_name':'p'}]}} | good | passed",
        "{'requires_any':{'requirements':[{'provider_name':'q'},{'provider_name':'p'}]}} | none | 401",
        "{'requires_any':{'requirements':[{'provider_name':'p'},{'allow_missing':{}}]}} | none | passed",
        "{'requires_any':{'requirements':[{'provider_name':'p'},{'allow_missing':{}}]}} | bad | 401",
        "{'requires_all':{'requirements':[{'provider_name':'p'},{'provider_name':'q'}]}} | good | 401",
        "{'allow_missing':{}} | none | passed",
        "{'allow_missing':{}} | good | passed",
        "{'allow_missing':{}} | bad | 401",
        "{'allow_missing_or_failed':{}} | bad | passed",
        "{'provider_and_audiences':{'provider_name':'p','audiences':['z']}} | good | passed",
        "{'provider_and_audiences':{'provider_name':'p','audiences':['a']}} | good | 403",
      })
  void requirementsCombine(String requires, String kind, String expected) {
    String token =
        switch (kind) {
          case "good" -> token(GOOD);
          case "bad" -> token("{'iss':'me','aud':'a','exp':1}");
          default -> "";
        };
    try (FakeFilterContext context =
        token.isEmpty()
            ? new FakeFilterContext("GET", ":path: /", ":scheme: http", ":authority: h")
            : request(token)) {
      String answer =
          ask(PROVIDER.formatted("") + ",'q':{'issuer':'you'," + KEYS + "}", requires, context);
      assertEquals(expected, answer.length() > 6 ? answer.substring(0, 3) : answer);
    }
  }

  @Test
  void tokensOfParametersAndCookiesAreFound() {
    String places =
        ",'from_params':['t'],'from_cookies':['c'],'from_headers':[{'name':'x-t','value_prefix':'T '}]";
    String token = token(GOOD);
    try (FakeFilterContext context =
        new FakeFilterContext(
            "GET", ":path: /?a=1&t=" + token + "&b=2", ":scheme: http", ":authority: h")) {
      assertEquals("passed", ask(PROVIDER.formatted(places), "{'provider_name':'p'}", context));
      assertEquals("/?a=1&b=2", context.request.get(HeaderName.PATH));
    }
    try (FakeFilterContext context =
        new FakeFilterContext(
            "GET", ":path: /", ":scheme: http", ":authority: h", "cookie: x=1; c=" + token)) {
      assertEquals("passed", ask(PROVIDER.formatted(places), "{'provider_name':'p'}", context));
    }
    try (FakeFilterContext context =
        new FakeFilterContext(
            "GET", ":path: /", ":scheme: http", ":authority: h", "x-t: T " + token)) {
      assertEquals("passed", ask(PROVIDER.formatted(places), "{'provider_name':'p'}", context));
    }
  }

  @Test
  void keysThatCannotBeFetchedAreAnswered() {
    try (FakeFilterContext context = request(token(GOOD))) {
      String remote =
          "'p':{'issuer':'me','remote_jwks':{'http_uri':"
              + "{'uri':'http://h/keys','cluster':'no','timeout':'1s'}}}";
      assertEquals(
          "401 Jwks remote fetch is failed - jwt_authn_access_denied{Jwks_remote_fetch_is_failed}",
          ask(remote, "{'provider_name':'p'}", context));
      assertEquals(1, context.count("jwt_authn.jwks_fetch_failed"));
    }
  }

  @Test
  void aRouteNamesItsRequirement() {
    JwtConfig config =
        config(
            "{'providers':{"
                + PROVIDER.formatted("")
                + "},'requirement_map':{'r':{'provider_name':'p'}}}",
            FilterJson.scope());
    Map<String, String> expected =
        Map.of(
            "{'disabled':true}", "",
            "{'requirement_name':'r'}",
                "401 Jwt is missing - jwt_authn_access_denied{Jwt_is_missing}",
            "{'requirement_name':'s'}",
                "403 Failed JWT authentication: Wrong requirement_name: s. It should be one of [r]"
                    + " - jwt_authn_access_denied{Wrong_requirement_name:_s._It_should_be_one_of_[r]}");
    expected.forEach(
        (json, answer) -> {
          try (FakeFilterContext context =
              new FakeFilterContext("GET", ":path: /", ":scheme: http", ":authority: h")) {
            PerRouteConfig proto = FilterJson.merge(json, PerRouteConfig.newBuilder()).build();
            context.routeConfig =
                factory.parseRoute(Any.pack(proto), FilterJson.scope()).orElseThrow();
            config.newFilter(context).decodeHeaders(context.request, true);
            assertEquals(answer, context.replied);
          }
        });
  }

  @Test
  void refusesByName() {
    ParseScope scope = FilterJson.scope();
    config(
        "{'providers':{'a':{'local_jwks':{'filename':'f'}},'b':{},"
            + "'c':{'remote_jwks':{'http_uri':{}}}},'filter_state_rules':{'name':'n'},"
            + "'rules':[{'match':{'prefix':'/'},'requires':{'provider_name':'z'}},"
            + "{'match':{'prefix':'/'},'requirement_name':'y'}]}",
        scope);
    assertEquals(
        List.of(
            "filter_state_rules: set | nothing: this proxy does not support it yet",
            "providers[a].local_jwks.filename: f | nothing: this proxy does not support it yet",
            "providers[a].local_jwks: <inline> | a JSON Web Key Set with a key of a known kind",
            "providers[b]: no keys | remote_jwks or local_jwks",
            "providers[c].remote_jwks.http_uri.cluster: \"\" | the name of a cluster",
            "providers[c].remote_jwks.http_uri.timeout: nothing | a timeout",
            "providers[c].remote_jwks.http_uri.uri: \"\" | a URI",
            "rules[0].requires.provider_name: z | the name of a provider",
            "rules[1].requirement_name: y | a name of requirement_map"),
        FilterJson.errors(scope));
  }
}
