package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.Buffer;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.BufferPerRoute;
import io.meltemi.proxy.http.filter.FilterJson;
import io.meltemi.proxy.http.filter.buffer.BufferFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BufferFilterTest {
  private static final String TYPE = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.";
  private static final String ROUTES =
      """
      - match: {prefix: /off}
        route: {cluster: a}
        typed_per_filter_config: {envoy.filters.http.buffer: {"@type": %1$sBufferPerRoute, disabled: true}}
      - match: {prefix: /less}
        route: {cluster: a}
        typed_per_filter_config:
          envoy.filters.http.buffer: {"@type": %1$sBufferPerRoute, buffer: {max_request_bytes: 8}}
      - match: {prefix: /}
        route: {cluster: a}
      """
          .formatted(TYPE);

  @ParameterizedTest
  @CsvSource({
    "/p, '', 200, 9",
    "/p, 'x-t: t\n', 200, 9",
    "/less, '', 413, ",
    "/off, '', 200, ",
  })
  void holdsARequestAndTellsItsLength(String path, String trailers, int status, String length)
      throws Exception {
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.bufferBytesMax(4);
      proxy.filter(new BufferFilterFactory()).cluster("a", a);
      proxy.start(
          ManagerYaml.manager(ROUTES)
              .replace(
                  "http_filters:\n",
                  """
                  http_filters:
                  - name: envoy.filters.http.buffer
                    typed_config: {"@type": %sBuffer, max_request_bytes: 9}
                  """
                      .formatted(TYPE)));
      try (TestClient client = proxy.client()) {
        assertEquals(status, client.send(request(path, trailers)).read().status());
      }
      if (status == 413) {
        assertEquals(1, proxy.counter("http.t.downstream_rq_too_large"));
        assertTrue(proxy.log().startsWith("/less 413 - request_payload_too_large"), proxy.log());
        assertEquals(0, a.requests.size());
        return;
      }
      assertEquals(length, a.requests.getFirst().header("content-length"));
      assertEquals("abcdefghi", a.requests.getFirst().text());
    }
  }

  private static String request(String path, String trailers) {
    return """
        POST %s HTTP/1.1
        Host: h
        transfer-encoding: chunked

        3
        abc
        6
        defghi
        0
        %s
        """
        .formatted(path, trailers)
        .replace("\n", "\r\n");
  }

  @Test
  void aLimitIsNeeded() {
    ParseScope scope = FilterJson.scope();
    BufferFilterFactory factory = new BufferFilterFactory();
    assertTrue(factory.parse(Any.pack(Buffer.getDefaultInstance()), scope).isEmpty());
    Buffer zero = Buffer.newBuilder().setMaxRequestBytes(UInt32Value.of(-1)).build();
    assertTrue(factory.parse(Any.pack(zero), scope).isEmpty());
    assertTrue(factory.parseRoute(Any.pack(BufferPerRoute.getDefaultInstance()), scope).isEmpty());
    assertEquals(
        List.of(
            "max_request_bytes: nothing | 1 to 2147483647",
            "max_request_bytes: 4294967295 | 1 to 2147483647",
            ": nothing | disabled or buffer"),
        FilterJson.errors(scope));
  }
}
