package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.envoyproxy.envoy.service.ratelimit.v3.RateLimitResponse;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.http.filter.localratelimit.LocalRateLimitFilterFactory;
import io.meltemi.proxy.http.filter.ratelimit.RateLimitFilterFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code x_ratelimit_option} of single limits; the headers are those of Envoy 1.40. */
final class LimitHeadersTest {
  private static final String FILTERS = "type.googleapis.com/envoy.extensions.filters.http.";

  private static String manager(String limits, String filter) {
    return ManagerYaml.manager(
            """
            - match: {prefix: /}
              route: {cluster: a, rate_limits: [%s]}
            """
                .formatted(limits))
        .replace("http_filters:\n", "http_filters:\n" + filter);
  }

  private static String limit(String value, String option) {
    return "{actions: [{generic_key: {descriptor_value: %s}}], x_ratelimit_option: '%s'}"
        .formatted(value, option);
  }

  @ParameterizedTest
  @CsvSource({
    "'OFF', UNSPECIFIED, ",
    "DRAFT_VERSION_03, UNSPECIFIED, 2",
    "DRAFT_VERSION_03, 'OFF', ",
    "'OFF', DRAFT_VERSION_03, 2",
  })
  void ofLocalLimits(String filter, String option, String limit) throws Exception {
    String entry =
        """
        - name: envoy.filters.http.local_ratelimit
          typed_config:
            "@type": %slocal_ratelimit.v3.LocalRateLimit
            stat_prefix: l
            enable_x_ratelimit_headers: '%s'
            filter_enabled: {default_value: {numerator: 100}}
            filter_enforced: {default_value: {numerator: 100}}
            token_bucket: {max_tokens: 9, tokens_per_fill: 9, fill_interval: 3600s}
            descriptors:
            - entries: [{key: generic_key, value: s}]
              token_bucket: {max_tokens: 2, tokens_per_fill: 2, fill_interval: 3600s}
        """
            .formatted(FILTERS, filter);
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(new LocalRateLimitFilterFactory(proxy.stats, Ticker.system(), "me"));
      proxy.cluster("a", a).start(manager(limit("s", option), entry));
      try (TestClient client = proxy.client()) {
        assertEquals(limit, client.get("/").header("x-ratelimit-limit"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'OFF', UNSPECIFIED, UNSPECIFIED, ",
    "'OFF', UNSPECIFIED, DRAFT_VERSION_03, '100, 100;w=3600'",
    "'OFF', DRAFT_VERSION_03, UNSPECIFIED, ",
    "'OFF', DRAFT_VERSION_03, DRAFT_VERSION_03, '100, 10;w=60, 100;w=3600'",
    "DRAFT_VERSION_03, UNSPECIFIED, UNSPECIFIED, '100, 10;w=60, 100;w=3600'",
    "DRAFT_VERSION_03, UNSPECIFIED, 'OFF', ",
    "DRAFT_VERSION_03, 'OFF', UNSPECIFIED, '100, 100;w=3600'",
  })
  void ofLimitsOfAService(String filter, String first, String second, String limit)
      throws Exception {
    RateLimitResponse.Builder answer =
        RateLimitResponse.newBuilder().setOverallCode(RateLimitResponse.Code.OK);
    answer
        .addStatusesBuilder()
        .setLimitRemaining(7)
        .getCurrentLimitBuilder()
        .setRequestsPerUnit(10)
        .setUnitValue(2);
    answer
        .addStatusesBuilder()
        .setLimitRemaining(3)
        .getCurrentLimitBuilder()
        .setRequestsPerUnit(100)
        .setUnitValue(3);
    byte[] message = answer.build().toByteArray();
    String frame =
        "\0\0\0\0" + (char) message.length + new String(message, StandardCharsets.ISO_8859_1);
    String entry =
        """
        - name: envoy.filters.http.ratelimit
          typed_config:
            "@type": %sratelimit.v3.RateLimit
            domain: d
            timeout: 5s
            enable_x_ratelimit_headers: '%s'
            rate_limit_service:
              transport_api_version: V3
              grpc_service: {envoy_grpc: {cluster_name: limits}}
        """
            .formatted(FILTERS, filter);
    try (TestBackend a = TestBackend.answering(TestBackend.OK);
        TestBackend limits =
            TestBackend.answering(
                "HTTP/1.1 200 OK\r\ngrpc-status: 0\r\ncontent-length: "
                    + frame.length()
                    + "\r\n\r\n"
                    + frame);
        ProxyHarness proxy = new ProxyHarness()) {
      proxy.filter(
          new RateLimitFilterFactory(
              proxy.upstreamClient(), proxy.clusters, Ticker.system(), "me"));
      proxy.cluster("a", a).cluster("limits", limits);
      proxy.start(manager(limit("s", first) + ", " + limit("t", second), entry));
      try (TestClient client = proxy.client()) {
        assertEquals(limit, client.get("/").header("x-ratelimit-limit"));
      }
    }
  }
}
