package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.header_mutation.v3.HeaderMutation;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.http.filter.headermutation.HeaderMutationFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of mutations, early and as a filter: what Envoy 1.40 makes of the same requests. */
final class HeaderMutationTest {
  private static final String EARLY =
      """
      use_remote_address: true
      early_header_mutation_extensions:
      - name: early
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
          mutations:
          - append: {header: {key: x-forwarded-for, value: "1.2.3.4"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
          - append: {header: {key: x-a, value: "1"}}
          - append: {header: {key: x-a, value: "2 %REQ(x-one)%"}}
          - append: {header: {key: x-a, value: "3"}, append_action: ADD_IF_ABSENT}
          - remove: x-one
          - append: {header: {key: x-one, value: "new"}}
          - remove_on_match: {key_matcher: {prefix: x-gone-}}
          - remove_on_match: {key_matcher: {exact: X-Cased}}
          - append: {header: {key: x-gone-not, value: "4"}}
          - append: {header: {key: x-e, value: ""}}
          - append: {header: {key: x-k, value: ""}, keep_empty_value: true}
      """;
  private static final String PLACES =
      """
      http_filters:
      - name: hm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
          most_specific_header_mutations_wins: WINS
          mutations:
            request_mutations: [{append: {header: {key: x-l, value: chain}}}]
            response_mutations:
            - append: {header: {key: x-r, value: "%RESPONSE_CODE%"}}
            - remove_on_match: {key_matcher: {safe_regex: {regex: "x-an.*"}}}
            request_trailers_mutations: [{remove: x-t}]
            response_trailers_mutations: [{append: {header: {key: x-u, value: more}}}]
      """;
  private static final String ROUTES =
      """
      - match: {prefix: /}
        route: {cluster: a}
        typed_per_filter_config: {hm: {"@type": %1$s, mutations: {request_mutations: [%2$s]}}}
      """
          .formatted(
              "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
              "{append: {header: {key: x-l, value: route}}}");
  private static final String HOST =
      """
          typed_per_filter_config: {hm: {"@type": %1$s, mutations: {request_mutations: [%2$s]}}}
      """
          .formatted(
              "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
              "{append: {header: {key: x-l, value: host}}}");

  @Test
  void earlyOnesComeBeforeEverything() throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = ProxyHarness.before(a, EARLY);
        TestClient client = proxy.client()) {
      client.send(
          "GET / HTTP/1.1\r\nHost: t\r\nx-one: 1\r\nx-gone-a: 1\r\nX-Cased: 1\r\n"
              + "x-gone-not: 1\r\nx-gone-b: 1\r\n\r\n");
      assertEquals(200, client.read().status());
      String head = a.requests.getFirst().head();
      assertEquals(
          List.of(
              "x-a: 1",
              "x-a: 2 1",
              "x-cased: 1",
              "x-forwarded-for: 1.2.3.4,127.0.0.1",
              "x-gone-not: 4",
              "x-k: ",
              "x-one: new"),
          head.lines()
              .filter(line -> line.matches("x-(?!request|envoy|forwarded-proto).*"))
              .sorted()
              .toList());
    }
  }

  @ParameterizedTest
  @CsvSource({"false, chain route host", "true, chain host route"})
  void everyPlaceOfARouteCounts(boolean mostSpecificWins, String order) throws Exception {
    String answer =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-ans: 1\r\n\r\n"
            + "1\r\na\r\n0\r\nx-v: v\r\n\r\n";
    try (TestBackend a = TestBackend.answering(answer);
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(new HeaderMutationFilterFactory(Ticker.system())).cluster("a", a);
      proxy.start(
          ManagerYaml.manager(ROUTES)
              .replace("    routes:\n", HOST + "    routes:\n")
              .replace("http_filters:\n", PLACES.replace("WINS", "" + mostSpecificWins)));
      try (TestClient client = proxy.client()) {
        TestClient.Response response =
            client
                .send(
                    "POST / HTTP/1.1\r\nHost: t\r\ntransfer-encoding: chunked\r\n\r\n"
                        + "1\r\nb\r\n0\r\nx-t: 1\r\nx-s: 2\r\n\r\n")
                .read();
        assertEquals("200", response.header("x-r"));
        assertEquals(null, response.header("x-ans"));
        assertEquals("a[x-v: v][x-u: more]", response.body());
      }
      TestBackend.Request request = a.requests.getFirst();
      assertEquals("b[x-s: 2]", request.text());
      assertEquals(
          order,
          String.join(
              " ",
              request
                  .head()
                  .lines()
                  .filter(line -> line.startsWith("x-l: "))
                  .map(line -> line.substring(5))
                  .toList()));
    }
  }

  @Test
  void aMutationThatIsNoneIsRefused() {
    ParseScope scope = FilterJson.scope();
    new HeaderMutationFilterFactory(Ticker.system())
        .parse(
            Any.pack(
                FilterJson.merge(
                        """
                        {'mutations': {'request_mutations':
                          [{}, {'remove': ':path'}, {'append': {'header': {'key': 'host'}}}],
                          'query_parameter_mutations': [{}]}}
                        """,
                        HeaderMutation.newBuilder())
                    .build()),
            scope);
    assertEquals(
        List.of(
            "mutations.query_parameter_mutations: 1 element(s) | nothing: this proxy does not"
                + " support it yet",
            "mutations.request_mutations[0]: nothing | one of remove, append, remove_on_match",
            "mutations.request_mutations[1].remove: :path | a header other than host and those that"
                + " begin with a colon",
            "mutations.request_mutations[2].append.header.key: host | a header other than host and"
                + " those that begin with a colon"),
        FilterJson.errors(scope));
  }
}
