package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.proxy.http.filter.jwtauthn.JwtFilterFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** Keys that a server has, over real sockets. */
final class RemoteKeysTest {
  private static final byte[] SECRET =
      "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private static String text(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String token() throws GeneralSecurityException {
    String signed =
        text("{\"alg\":\"HS256\"}".getBytes(StandardCharsets.US_ASCII))
            + "."
            + text("{\"iss\":\"me\"}".getBytes(StandardCharsets.US_ASCII));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SECRET, "x"));
    return signed + "." + text(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
  }

  private static String manager(int retries) {
    return ManagerYaml.manager(ManagerYaml.TO_A)
        .replace(
            "http_filters:\n",
            """
            http_filters:
            - name: jwt
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                providers:
                  p:
                    issuer: me
                    remote_jwks:
                      http_uri: {uri: "https://issuer.example/keys?x=1", cluster: keys, timeout: 5s}
                      retry_policy: {num_retries: %d, retry_back_off: {base_interval: 0.001s}}
                rules:
                - match: {prefix: /}
                  requires: {provider_name: p}
            """
                .formatted(retries));
  }

  private static TestBackend keys(String firstStatus) throws IOException {
    String set = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" + text(SECRET) + "\"}]}";
    return new TestBackend(
        (request, out, _) ->
            out.write(
                ("HTTP/1.1 "
                        + (request.number() == 1 ? firstStatus : "200 OK")
                        + "\r\ncontent-length: "
                        + set.length()
                        + "\r\n\r\n"
                        + set)
                    .getBytes(StandardCharsets.US_ASCII)));
  }

  private static TestClient.Response ask(TestClient client) throws Exception {
    client.send("GET / HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer " + token() + "\r\n\r\n");
    return client.read();
  }

  @Test
  void keysAreFetchedOnceWithRetries() throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend keys = keys("503 Service Unavailable");
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(new JwtFilterFactory(proxy.upstreamClient()));
      proxy.cluster("a", a).cluster("keys", keys).start(manager(2));
      try (TestClient client = proxy.client()) {
        for (int i = 0; i < 3; i++) {
          assertEquals(200, ask(client).status());
        }
      }
      assertEquals(2, keys.requests.size());
      assertEquals("GET /keys?x=1 HTTP/1.1", keys.requests.getFirst().line());
      assertEquals("issuer.example", keys.requests.getFirst().header("host"));
      assertEquals(1, proxy.counter("http.t.jwt_authn.jwks_fetch_success"));
      assertEquals(1, proxy.counter("cluster.keys.upstream_rq_retry"));
      assertEquals(3, proxy.counter("http.t.jwt_authn.allowed"));
    }
  }

  @Test
  void aFailedFetchIsAnsweredAndTriedAgainWithTheNextRequest() throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend keys = keys("500 Internal Server Error");
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(new JwtFilterFactory(proxy.upstreamClient()));
      proxy.cluster("a", a).cluster("keys", keys).start(manager(0));
      try (TestClient client = proxy.client()) {
        TestClient.Response first = ask(client);
        assertEquals(401, first.status());
        assertEquals("Jwks remote fetch is failed", first.body());
        assertEquals(200, ask(client).status());
      }
      assertEquals(1, proxy.counter("http.t.jwt_authn.jwks_fetch_failed"));
      assertEquals(1, proxy.counter("http.t.jwt_authn.jwks_fetch_success"));
    }
  }
}
