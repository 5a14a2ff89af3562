package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Filters that run on some routes only. */
final class DisabledFilterTest {
  private static final String URL = "type.googleapis.com/envoy.config.route.v3.FilterConfig";

  /** Marks the requests and responses that it sees. */
  private static final class MarkFactory implements HttpFilterFactory {
    @Override
    public String name() {
      return "mark";
    }

    @Override
    public Set<String> typeUrls() {
      return Set.of(
          "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog");
    }

    @Override
    public Set<String> routeTypeUrls() {
      return typeUrls();
    }

    @Override
    public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
      return Optional.of(
          context ->
              new HttpFilter() {
                @Override
                public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
                  headers.add(
                      HeaderName.of("x-mark"), context.routeConfig() == null ? "plain" : "route");
                  return FilterStatus.CONTINUE;
                }
              });
    }

    @Override
    public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
      return Optional.of(new RouteFilterConfig() {});
    }
  }

  private static String manager(String disabled) {
    String mark =
        "\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    return """
        stat_prefix: t
        route_config:
          virtual_hosts:
          - name: all
            domains: ["*"]
            routes:
            - match: {path: /off}
              direct_response: {status: 200}
              typed_per_filter_config: {m: {"@type": %1$s, disabled: true}}
            - match: {path: /on}
              direct_response: {status: 200}
              typed_per_filter_config: {m: {"@type": %1$s, config: {}}}
            - match: {path: /own}
              direct_response: {status: 200}
              typed_per_filter_config: {m: {%2$s}}
            - match: {path: /wrapped}
              direct_response: {status: 200}
              typed_per_filter_config: {m: {"@type": %1$s, config: {%2$s}}}
            - match: {path: /}
              direct_response: {status: 200}
        http_filters:
        - name: m
          disabled: %3$s
          typed_config: {%2$s}
        - name: envoy.filters.http.router
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
        """
        .formatted(URL, mark, disabled);
  }

  private static String marks(String disabled) throws Exception {
    StringBuilder marks = new StringBuilder();
    try (ProxyHarness proxy =
            new ProxyHarness().filter(new MarkFactory()).start(manager(disabled));
        TestClient client = proxy.client()) {
      for (String path : new String[] {"/", "/off", "/on", "/own", "/wrapped"}) {
        marks.append(path).append('=').append(client.get(path).header("x-mark")).append(' ');
      }
    }
    return marks.toString();
  }

  @Test
  void aRouteDecides() throws Exception {
    assertEquals("/=plain /off=null /on=plain /own=route /wrapped=route ", marks("false"));
    assertEquals("/=null /off=null /on=plain /own=route /wrapped=route ", marks("true"));
  }

  @Test
  void theLastFilterIsNeverDisabled() {
    try (ProxyHarness proxy = new ProxyHarness().filter(new MarkFactory())) {
      String yaml = manager("false").replace("- name: envoy", "- disabled: true\n  name: envoy");
      IllegalArgumentException e =
          org.junit.jupiter.api.Assertions.assertThrows(
              IllegalArgumentException.class, () -> proxy.parse(yaml));
      assertTrue(String.valueOf(e.getMessage()).contains("http_filters[1].disabled"));
    }
  }
}
