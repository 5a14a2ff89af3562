package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of a scheme; the outcomes are those of Envoy 1.40. */
final class SchemeTest {
  private static String manager(String change) {
    return ManagerYaml.manager(
        """
        - match: {prefix: "/"}
          route: {cluster: a}
          response_headers_to_add:
          - header: {key: x-seen, value: "%REQ(:SCHEME)% %REQ(X-FORWARDED-PROTO)%"}
        """,
        "scheme_header_transformation: {" + change + "}");
  }

  @ParameterizedTest
  @CsvSource({
    "'', http, http http",
    "'', https, https https",
    "scheme_to_overwrite: https, http, https https",
    "scheme_to_overwrite: http, https, http http",
    "match_upstream: true, https, http https",
    "match_upstream: true, http, http http",
  })
  void isTheClientsUnlessToldOtherwise(String change, String forwarded, String seen)
      throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = new ProxyHarness().cluster("a", a).start(manager(change));
        TestClient client = proxy.client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\nx-forwarded-proto: " + forwarded + "\r\n\r\n");
      assertEquals(seen, client.read().header("x-seen"));
    }
  }

  @Test
  void onlyTwoSchemesAreKnown() {
    try (ProxyHarness proxy = new ProxyHarness()) {
      IllegalArgumentException error =
          assertThrows(
              IllegalArgumentException.class,
              () -> proxy.parse(manager("scheme_to_overwrite: ftp")));
      assertTrue(String.valueOf(error.getMessage()).contains("http or https"), error::toString);
    }
  }
}
