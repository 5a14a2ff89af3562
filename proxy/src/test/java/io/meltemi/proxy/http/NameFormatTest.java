package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.meltemi.proxy.codec.NameFormat;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How names are written in HTTP/1; what Envoy 1.40 writes. */
final class NameFormatTest {
  private static final String PRESERVING =
      """
      http_protocol_options:
        header_key_format:
          stateful_formatter:
            name: preserve_case
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig
      """;
  private static final String PRESERVING_ELSE_PROPER =
      PRESERVING.stripTrailing() + "\n        formatter_type_on_envoy_headers: PROPER_CASE\n";
  private static final String PROPER =
      "http_protocol_options: {header_key_format: {proper_case_words: {}}}";
  private static final String TO_A =
      """
      - match: {prefix: "/"}
        route: {cluster: a}
        request_headers_to_remove: [x-Gone]
        request_headers_to_add:
        - {header: {key: x-again, value: "2"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
        - header: {key: X-New, value: "3"}
        response_headers_to_add:
        - header: {key: x-added, value: "4"}
      """;
  private static final String REQUEST =
      """
      POST / HTTP/1.1
      HOST: h
      X-ONE: 1
      x-oNe: 1
      X-aGaiN: 1
      X-GoNE: 1
      Transfer-ENCODING: chunked
      x-low: 1

      1
      b
      0

      """
          .replace("\n", "\r\n");
  private static final String ANSWER =
      "HTTP/1.1 200 OK\r\nX-aNSWER: 1\r\nContent-LENGTH: 2\r\nDate: never\r\n\r\nok";

  private static String head(String options, NameFormat ofCluster, int cut, boolean request)
      throws Exception {
    try (TestBackend a = TestBackend.answering(ANSWER);
        ProxyHarness proxy =
            new ProxyHarness().cluster("a", new ClusterChange().spelling(ofCluster), a)) {
      proxy.start(ManagerYaml.manager(TO_A, options));
      try (TestClient client = proxy.client()) {
        client.send(REQUEST.substring(0, cut));
        String head = client.send(REQUEST.substring(cut)).readUntil("\r\n\r\n");
        assertEquals("ok", client.readUntil("ok"));
        // the next message on both connections remembers nothing
        client.send("GET / HTTP/1.1\r\nHost: h\r\nx-one: 1\r\n\r\n").readUntil("ok");
        String second = a.requests.get(1).head();
        String name = ofCluster == NameFormat.PROPER_CASE ? "X-One" : "x-one";
        assertTrue(second.contains("\r\n" + name + ": 1\r\n"), second);
        return request ? a.requests.getFirst().head() : String.valueOf(head);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "3", "20", "27", "30", "34", "40", "48", "90", "106"})
  void aNameGoesOnAsItCame(int cut) throws Exception {
    String head = head(PRESERVING, NameFormat.LOWER_CASE, cut, true);
    for (String line :
        List.of(
            "HOST: h",
            "X-ONE: 1\r\nX-ONE: 1",
            "X-aGaiN: 2",
            "x-new: 3",
            "Transfer-ENCODING: chunked",
            "x-forwarded-proto: http",
            "x-low: 1")) {
      assertTrue(head.contains("\r\n" + line + "\r\n"), line + " in " + head);
    }
    assertFalse(head.toLowerCase(java.util.Locale.ROOT).contains("x-gone"), head);
  }

  @Test
  void namesOfTheProxyMayBeProper() throws Exception {
    String head = head(PRESERVING_ELSE_PROPER, NameFormat.LOWER_CASE, 0, true);
    assertTrue(head.contains("\r\nx-low: 1\r\n"), head);
    assertTrue(head.contains("\r\nX-New: 3\r\n"), head);
    assertTrue(head.contains("\r\nX-Forwarded-Proto: http\r\n"), head);
    assertTrue(head.contains("\r\nHOST: h\r\n"), head);
  }

  @Test
  void anAnswerIsSpelledByItsCluster() throws Exception {
    String head = head("", NameFormat.PRESERVED, 0, false);
    for (String line : List.of("X-aNSWER: 1", "Content-LENGTH: 2", "Date: never", "x-added: 4")) {
      assertTrue(head.contains("\r\n" + line + "\r\n"), line + " in " + head);
    }
    String lower = head(PRESERVING, NameFormat.LOWER_CASE, 0, false);
    assertTrue(lower.contains("\r\nx-answer: 1\r\n"), lower);
  }

  @Test
  void everyNameMayBeProper() throws Exception {
    String head = head(PROPER, NameFormat.LOWER_CASE, 0, false);
    assertTrue(head.contains("\r\nX-Answer: 1\r\n"), head);
    assertTrue(head.contains("\r\nContent-Length: 2\r\n"), head);
    String request = head("", NameFormat.PROPER_CASE, 0, true);
    assertTrue(request.contains("\r\nHost: h\r\n"), request);
    assertTrue(request.contains("\r\nX-One: 1\r\n"), request);
    assertTrue(request.contains("\r\nTransfer-Encoding: chunked\r\n"), request);
    // what a message remembers goes first
    assertTrue(head(PROPER, NameFormat.PRESERVED, 0, false).contains("X-aNSWER: 1\r\n"));
  }

  @Test
  void anUnknownFormatterIsRefused() {
    ParseScope scope = FilterJson.scope();
    io.meltemi.proxy.codec.NameFormatParser.parse(
        FilterJson.merge(
                "{'header_key_format': {'stateful_formatter': {'name': 'other'}}}",
                Http1ProtocolOptions.newBuilder())
            .build(),
        scope);
    io.meltemi.proxy.codec.NameFormatParser.parse(
        FilterJson.merge("{'header_key_format': {}}", Http1ProtocolOptions.newBuilder()).build(),
        scope);
    assertEquals(
        List.of(
            "header_key_format.stateful_formatter.typed_config: other  | nothing: this proxy does"
                + " not support it yet",
            "header_key_format: nothing | proper_case_words or stateful_formatter"),
        FilterJson.errors(scope));
  }
}
