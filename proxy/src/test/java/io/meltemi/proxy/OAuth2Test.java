package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users sign in, come back, are refreshed and sign out; the answers are those of Envoy 1.40. */
final class OAuth2Test {
  private static final String CONFIG =
      """
      {token_endpoint: {cluster: c, uri: "https://idp.test/token?x=1", timeout: 5s},
       authorization_endpoint: "https://idp.test/auth?z=1&a=2",
       credentials: {client_id: "cl:1", token_secret: {name: tok}, hmac_secret: HMAC},
       redirect_uri: "https://%REQ(:authority)%/callback",
       redirect_path_matcher: {path: {exact: /callback}}, signout_path: {path: {exact: /signout}},
       auth_scopes: [openid, e mail], resources: ["http://r/1"], forward_bearer_token: true,
       pass_through_matcher: [{name: x-pass, present_match: true}],
       deny_redirect_matcher: [{name: x-deny, present_match: true}] MORE}
      """
          .replace("\n", " ");

  private static final String BOOTSTRAP =
      """
      static_resources:
        listeners:
        - name: in
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                route_config:
                  virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                    - match: {prefix: /}
                      route: {cluster: c}
                      typed_per_filter_config: {ROUTE}
                http_filters:
                - name: envoy.filters.http.oauth2
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.oauth2.v3.OAuth2 CHAIN}
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        clusters:
        - name: c
          type: STATIC
          load_assignment:
            cluster_name: c
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]
        secrets:
        - {name: tok, generic_secret: {secret: {inline_string: "s&cret"}}}
        - {name: hm, generic_secret: {secret: {inline_string: hmackey}}}
      """;

  private static final String TOKENS =
      "{\"access_token\":\"AT\",\"expires_in\":3600,\"id_token\":\"IT\",\"refresh_token\":\"RT\"}";

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Map<String, String> jar = new LinkedHashMap<>();
  @AutoClose private final TestApp server = new TestApp(this::serve);
  private volatile int status = 200;
  private volatile String answer = TOKENS;

  private void serve(HttpExchange exchange) throws IOException {
    String sent = TestApp.sent(exchange);
    boolean token = exchange.getRequestURI().getPath().equals("/token");
    String authorization = exchange.getRequestHeaders().getFirst("authorization");
    String cookie = exchange.getRequestHeaders().getFirst("cookie");
    String text = token ? answer : "app " + authorization + " " + cookie;
    if (token) {
      asked.add(exchange.getRequestHeaders().getFirst("host") + " " + authorization + " " + sent);
    }
    TestApp.answer(exchange, token ? status : 200, text);
  }

  private RunningProxy proxy(boolean ofRoute, String hmac, String more) throws Exception {
    String config = CONFIG.replace("HMAC", hmac).replace("MORE", more);
    String route =
        "envoy.filters.http.oauth2: {\"@type\":"
            + " type.googleapis.com/envoy.extensions.filters.http.oauth2.v3.OAuth2PerRoute, config: "
            + config
            + "}";
    String yaml =
        BOOTSTRAP
            .replace("ROUTE", ofRoute ? route : "")
            .replace("CHAIN", ofRoute ? "" : ", config: " + config)
            .replace("PORT", "" + server.port());
    return RunningProxy.start(yaml).awaitReady();
  }

  private RunningProxy proxy() throws Exception {
    return proxy(false, "{name: hm}", "");
  }

  private HttpResponse<String> get(RunningProxy proxy, String path, String... headers)
      throws Exception {
    List<String> all = new ArrayList<>(List.of(headers));
    if (!jar.isEmpty()) {
      all.add("cookie");
      all.add(
          String.join(
              "; ",
              jar.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).toList()));
    }
    return proxy.get(path, all.toArray(String[]::new));
  }

  /** Keeps cookies as a browser does. */
  private HttpResponse<String> keep(HttpResponse<String> response) {
    for (String cookie : response.headers().allValues("set-cookie")) {
      String pair = cookie.substring(0, cookie.indexOf(';'));
      String name = pair.substring(0, pair.indexOf('='));
      if (pair.endsWith("=deleted")) {
        jar.remove(name);
      } else {
        jar.put(name, pair.substring(name.length() + 1));
      }
    }
    return response;
  }

  private static String location(HttpResponse<String> response) {
    return response.headers().firstValue("location").orElse("");
  }

  private static String state(HttpResponse<String> response) {
    String location = location(response);
    return location.replaceAll(".*&state=([^&]*).*", "$1");
  }

  /** Signs in; the state of the flow is given. */
  private String signIn(RunningProxy proxy) throws Exception {
    String state = state(keep(get(proxy, "/a?b=c")));
    HttpResponse<String> back = keep(get(proxy, "/callback?code=CO%20x&state=" + state));
    assertEquals(302, back.statusCode(), back::body);
    return state;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void signsInAndOut(boolean ofRoute) throws Exception {
    try (RunningProxy proxy = proxy(ofRoute, "{name: hm}", "")) {
      HttpResponse<String> away = keep(get(proxy, "/a?b=c"));
      assertEquals(302, away.statusCode());
      int port = proxy.port();
      assertTrue(
          location(away)
              .matches(
                  "https://idp.test/auth\\?a=2&client_id=cl:1&code_challenge=[\\w-]{43}"
                      + "&code_challenge_method=S256&redirect_uri=https%3A%2F%2F127.0.0.1%3A"
                      + port
                      + "%2Fcallback&response_type=code&scope=openid%20e%20mail&state=[\\w-]+&z=1"
                      + "&resource=http%3A%2F%2Fr%2F1"),
          location(away));
      String state = new String(Base64.getUrlDecoder().decode(state(away)), StandardCharsets.UTF_8);
      assertTrue(
          state.matches(
              "\\{\"url\":\"http://127.0.0.1:"
                  + port
                  + "/a\\?b=c\",\"csrf_token\":\"(\\w{16})\\.[^\"]{44}\",\"flow_id\":\"\\1\"}"),
          state);
      assertEquals(4, jar.size());
      HttpResponse<String> back = keep(get(proxy, "/callback?code=CO%20x&state=" + state(away)));
      assertEquals("http://127.0.0.1:" + port + "/a?b=c", location(back));
      assertEquals(
          List.of("OauthHMAC", "OauthExpires", "BearerToken", "IdToken", "RefreshToken"),
          List.copyOf(jar.keySet()));
      assertTrue(
          asked
              .getFirst()
              .matches(
                  "idp.test null grant_type=authorization_code&code=CO%20x&client_id=cl%3A1"
                      + "&client_secret=s%26cret&redirect_uri=https%3A%2F%2F127.0.0.1%3A"
                      + port
                      + "%2Fcallback&code_verifier=[\\w-]{43}"),
          asked::getFirst);
      jar.put("other", "1");
      HttpResponse<String> in = get(proxy, "/in", "authorization", "mine");
      assertEquals("app Bearer AT BearerToken=AT; IdToken=IT; other=1", in.body());
      assertTrue(in.headers().allValues("set-cookie").isEmpty());
      HttpResponse<String> out = keep(get(proxy, "/signout"));
      assertEquals("http://127.0.0.1:" + port + "/", location(out));
      assertEquals(List.of("other"), List.copyOf(jar.keySet()));
      String prefix = ofRoute ? "" : "http.in.";
      assertEquals(2, proxy.stat(prefix + "oauth_success"));
      assertEquals(1, proxy.stat(prefix + "oauth_unauthorized_rq"));
      assertEquals(0, proxy.stat(prefix + "oauth_failure"));
    }
  }

  @Test
  void whoIsNotSentAwayIsRefusedOrPassed() throws Exception {
    try (RunningProxy proxy = proxy()) {
      HttpResponse<String> denied = get(proxy, "/in", "x-deny", "1");
      assertEquals(401, denied.statusCode());
      assertEquals("OAuth flow failed.", denied.body());
      HttpResponse<String> passed = get(proxy, "/in", "x-pass", "1", "authorization", "mine");
      assertEquals("app mine null", passed.body());
      assertEquals(1, proxy.stat("http.in.oauth_passthrough"));
      assertEquals(1, proxy.stat("http.in.oauth_failure"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?code=x",
        "?state=STATE",
        "?error=no&state=STATE",
        "?code=x&state=%00",
        "?code=x&state=e30",
        "?code=x&state=W10",
        "?code=x&state=eyJ1cmwiOjEsImNzcmZfdG9rZW4iOnt9fQ",
        "",
        "?",
        "?&&==&code&state"
      })
  void refusesCallbacksThatBeganNowhere(String query) throws Exception {
    try (RunningProxy proxy = proxy()) {
      String state = state(keep(get(proxy, "/a")));
      assertEquals(401, get(proxy, "/callback" + query.replace("STATE", state)).statusCode());
      assertEquals(List.of(), asked);
      assertEquals(1, proxy.stat("http.in.oauth_failure"));
    }
  }

  @Test
  void refusesTheStateOfAnotherBrowser() throws Exception {
    try (RunningProxy proxy = proxy()) {
      String other = state(keep(get(proxy, "/a")));
      jar.clear();
      assertEquals(401, get(proxy, "/callback?code=x&state=" + other).statusCode());
      String own = state(keep(get(proxy, "/a")));
      assertEquals(401, get(proxy, "/callback?code=x&state=" + other).statusCode());
      jar.replaceAll((name, value) -> name.startsWith("CodeVerifier") ? "forged" : value);
      assertEquals(401, get(proxy, "/callback?code=x&state=" + own).statusCode());
      assertEquals(List.of(), asked);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[1]",
        "{}",
        "{\"access_token\":5}",
        "{\"access_token\":\"x\"}",
        "{\"access_token\":\"x\",\"expires_in\":0}",
        "{\"access_token\":\"x\",\"expires_in\":-5}",
        "{\"access_token\":\"x\",\"expires_in\":\"z\"}",
        "{\"access_token\":\"x\",\"expires_in\":1e300}"
      })
  void refusesAnswersWithoutTokens(String text) throws Exception {
    try (RunningProxy proxy = proxy()) {
      answer = text;
      String state = state(keep(get(proxy, "/a")));
      HttpResponse<String> back = keep(get(proxy, "/callback?code=x&state=" + state));
      assertEquals(401, back.statusCode());
      assertEquals(Map.of(), jar);
    }
  }

  @Test
  void refusesWhenTheServerDoes() throws Exception {
    try (RunningProxy proxy = proxy()) {
      status = 400;
      String state = state(keep(get(proxy, "/a")));
      assertEquals(401, get(proxy, "/callback?code=x&state=" + state).statusCode());
      assertEquals(1, proxy.stat("http.in.oauth_failure"));
    }
  }

  @Test
  void forgedCookiesCountForNothing() throws Exception {
    try (RunningProxy proxy = proxy(false, "{name: hm}", ", use_refresh_token: false")) {
      signIn(proxy);
      Map<String, String> good = Map.copyOf(jar);
      assertFalse(good.containsKey("RefreshToken"));
      assertEquals(200, get(proxy, "/in").statusCode());
      for (String name : good.keySet()) {
        jar.put(name, "OauthExpires".equals(name) ? "99999999999" : "zz");
        assertEquals(302, get(proxy, "/in").statusCode(), name);
        jar.put(name, good.getOrDefault(name, ""));
      }
    }
  }

  @Test
  void refreshesWhatHasExpired() throws Exception {
    try (RunningProxy proxy = proxy(false, "{name: hm}", ", auth_type: BASIC_AUTH")) {
      signIn(proxy);
      asked.clear();
      jar.put("OauthExpires", "5");
      answer = "{\"access_token\":\"AT2\",\"expires_in\":60}";
      HttpResponse<String> in = get(proxy, "/in");
      assertEquals("app Bearer AT2 BearerToken=AT2; IdToken=IT", in.body());
      assertEquals(
          List.of("idp.test Basic Y2w6MTpzJmNyZXQ= grant_type=refresh_token&refresh_token=RT"),
          asked);
      keep(in);
      asked.clear();
      assertTrue(get(proxy, "/in").body().startsWith("app Bearer AT2 "));
      assertEquals(List.of(), asked);
      jar.put("OauthExpires", "5");
      status = 500;
      assertEquals(302, get(proxy, "/in").statusCode());
      assertEquals(401, get(proxy, "/in", "x-deny", "1").statusCode());
      assertEquals(2, proxy.stat("http.in.oauth_refreshtoken_failure"));
      assertEquals(1, proxy.stat("http.in.oauth_refreshtoken_success"));
    }
  }

  @Test
  void whoIsSignedInAndComesBackIsSentOn() throws Exception {
    try (RunningProxy proxy = proxy()) {
      String second = state(keep(get(proxy, "/second")));
      Map<String, String> flow = Map.copyOf(jar);
      signIn(proxy);
      jar.putAll(flow);
      asked.clear();
      assertTrue(location(get(proxy, "/callback?code=x&state=" + second)).endsWith("/second"));
      assertEquals(List.of(), asked);
    }
  }

  @Test
  void secretsMayBeInFilesAndChange(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("sds.yaml");
    String resource =
        """
        resources:
        - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
          name: filed
          generic_secret: {secret: {inline_string: %s}}
        """;
    Files.writeString(file, resource.formatted("one"));
    try (RunningProxy proxy =
        proxy(
            true,
            "{name: filed, sds_config: {path_config_source: {path: " + file + "}}}",
            ", use_refresh_token: false")) {
      for (int i = 0; i < 400 && get(proxy, "/in").statusCode() == 503; i++) {
        TimeUnit.MILLISECONDS.sleep(25);
      }
      signIn(proxy);
      assertEquals(200, get(proxy, "/in").statusCode());
      Path next = directory.resolve("next.yaml");
      Files.writeString(next, resource.formatted("other"));
      Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      for (int i = 0; i < 400 && get(proxy, "/in").statusCode() == 200; i++) {
        TimeUnit.MILLISECONDS.sleep(25);
      }
      assertEquals(302, get(proxy, "/in").statusCode());
    }
  }
}
