package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.custom_response.v3.CustomResponse;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.http.filter.customresponse.CustomResponseFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers in place of responses; those of Envoy 1.40 to the same requests. */
final class CustomResponseTest {
  private static final String TYPE = "type.googleapis.com/envoy.";
  private static final String ROUTES =
      """
      - match: {prefix: /local404}
        direct_response: {status: 404, body: {inline_string: mine}}
      - match: {prefix: /local500}
        direct_response: {status: 500, body: {inline_string: mine}}
      - match: {prefix: /}
        route: {cluster: a}
      """;
  private static final String FILTER =
      """
      http_filters:
      - name: cr
        typed_config:
          "@type": TYPEextensions.filters.http.custom_response.v3.CustomResponse
          custom_response_matcher:
            matcher_list:
              matchers:
              - predicate: {single_predicate: {input: {name: i, typed_config: {"@type": TYPEtype.matcher.v3.HttpResponseStatusCodeMatchInput}}, value_match: {exact: "404"}}}
                on_match:
                  action:
                    name: a
                    typed_config:
                      "@type": TYPEextensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy
                      body_format: {text_format: "Not %RESPONSE_CODE% %REQ(x-a)%"}
                      response_headers_to_add:
                      - {header: {key: Content-Type, value: text/html}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
                      - header: {key: x-add, value: "%RESPONSE_CODE%"}
              - predicate:
                  and_matcher:
                    predicate:
                    - {single_predicate: {input: {name: i, typed_config: {"@type": TYPEtype.matcher.v3.HttpResponseStatusCodeMatchInput}}, value_match: {exact: "500"}}}
                    - {single_predicate: {input: {name: i, typed_config: {"@type": TYPEtype.matcher.v3.HttpResponseLocalReplyMatchInput}}, value_match: {exact: "false"}}}
                on_match:
                  action:
                    name: b
                    typed_config:
                      "@type": TYPEextensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy
                      status_code: 201
                      body: {inline_string: "100% over"}
              - predicate: {single_predicate: {input: {name: i, typed_config: {"@type": TYPEtype.matcher.v3.HttpResponseStatusCodeClassMatchInput}}, value_match: {exact: "4xx"}}}
                on_match:
                  action:
                    name: c
                    typed_config: {"@type": TYPEextensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy}
              - predicate: {single_predicate: {input: {name: i, typed_config: {"@type": TYPEtype.matcher.v3.HttpResponseHeaderMatchInput, header_name: x-page}}, value_match: {prefix: p}}}
                on_match:
                  action:
                    name: d
                    typed_config:
                      "@type": TYPEextensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy
                      body_format: {text_format_source: {inline_string: "page"}, content_type: text/x}
      """
          .replace("TYPE", TYPE);

  @ParameterizedTest
  @CsvSource({
    "/x, 404, '', 404, Not 404 A, text/html, 404",
    "/local404, 200, '', 404, Not 404 A, text/html, 404",
    "/x, 500, '', 201, 100% over, text/plain, ",
    "/local500, 200, '', 500, mine, text/plain, ",
    "/x, 403, '', 403, '', , ",
    "/x, 200, 'x-page: p1', 200, page, text/x, ",
    "/x, 200, 'x-page: q', 200, theirs, , ",
    "/x, 302, '', 302, theirs, , ",
  })
  void theFirstPolicyThatMatchesAnswers(
      String path, int theirs, String header, int status, String body, String type, String added)
      throws Exception {
    for (boolean chunked : new boolean[] {false, true}) {
      String answer =
          "HTTP/1.1 %d X\r\n%s%s"
              .formatted(
                  theirs,
                  header.isEmpty() ? "" : header + "\r\n",
                  chunked
                      ? "transfer-encoding: chunked\r\n\r\n6\r\ntheirs\r\n0\r\nx-t: t\r\n\r\n"
                      : "content-length: 6\r\n\r\ntheirs");
      try (TestBackend a = TestBackend.answering(answer);
          ProxyHarness proxy = new ProxyHarness()) {
        proxy.filter(new CustomResponseFilterFactory(Ticker.system())).cluster("a", a);
        proxy.start(ManagerYaml.manager(ROUTES).replace("http_filters:\n", FILTER));
        try (TestClient client = proxy.client()) {
          for (int i = 0; i < 2; i++) {
            client.send("GET " + path + " HTTP/1.1\r\nHost: t\r\nx-a: A\r\n\r\n");
            TestClient.Response response = client.read();
            assertEquals(status, response.status());
            boolean passed = body.equals("theirs");
            assertEquals(passed && chunked ? "theirs[x-t: t]" : body, response.body());
            assertEquals(type, response.header("content-type"));
            assertEquals(added, response.header("x-add"));
            if (!passed) {
              assertEquals("" + body.length(), response.header("content-length"));
              assertNull(response.header("transfer-encoding"));
            }
          }
        }
      }
    }
  }

  @Test
  void redirectsAndOtherQuestionsAreRefusedByName() {
    ParseScope scope = FilterJson.scope();
    new CustomResponseFilterFactory(Ticker.system())
        .parse(
            Any.pack(
                FilterJson.merge(
                        """
                        {'custom_response_matcher': {'matcher_list': {'matchers': [
                          {'predicate': {'single_predicate': {'input': {'name': 'i', 'typed_config':
                             {'@type': 'type.googleapis.com/google.protobuf.Empty'}},
                             'value_match': {'exact': 'x'}}},
                           'on_match': {'action': {'name': 'r', 'typed_config':
                             {'@type': 'type.googleapis.com/google.protobuf.Empty'}}}}
                        ]}}}
                        """,
                        CustomResponse.newBuilder(),
                        com.google.protobuf.Empty.getDefaultInstance())
                    .build()),
            scope);
    assertEquals(2, FilterJson.errors(scope).size(), FilterJson.errors(scope)::toString);
  }
}
