package io.meltemi.proxy.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.proxy.transport.TlsEngine;
import io.meltemi.proxy.transport.TransportSocketParser;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ClusterParserTest {
  private static Validation<ClusterConfig> parse(String yaml) {
    Cluster proto =
        (Cluster)
            new BootstrapReader(
                    MessageTypes.byName(List.of(HttpProtocolOptions.class, DnsCluster.class)))
                .read(Cluster.newBuilder(), yaml, Origin.of("test"))
                .orElseThrow();
    return new ClusterParser(
            new TransportSocketParser(new Secrets(), TlsEngine::best, Ticker.system()))
        .parse(proto, Origin.of("test"));
  }

  @Test
  void hasEnvoysDefaults() {
    ClusterConfig config = parse("{name: 'outbound|80||a.b'}").orElseThrow();
    ClusterSettings settings = config.settings();
    assertEquals(new ClusterSettings.Discovery.Static(), settings.discovery());
    assertEquals(ClusterSettings.Balancing.DEFAULT, settings.balancing());
    assertEquals(ClusterSettings.Connection.DEFAULT, settings.connection());
    assertEquals(ClusterSettings.Http.DEFAULT, settings.http());
    assertEquals(ClusterSettings.Breakers.DEFAULT, settings.breakers());
    assertEquals("outbound|80||a.b", settings.statName());
    assertTrue(config.outlier().isEmpty());
  }

  @Test
  void looksNamesUpAsTheExtensionSays() {
    String yaml =
        """
        name: far
        cluster_type:
          name: envoy.cluster.dns
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
            dns_refresh_rate: 30s
            dns_lookup_family: V4_PREFERRED
            all_addresses_in_single_endpoint: %s
        load_assignment:
          cluster_name: far
          endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: far.test, port_value: 80}}}}]}]
        """;
    ClusterSettings.Dns dns =
        new ClusterSettings.Dns(
            30_000_000_000L, 30_000_000_000L, false, ClusterSettings.DnsFamily.V4_PREFERRED);
    assertEquals(
        new ClusterSettings.Discovery.StrictDns(dns),
        parse(yaml.formatted(false)).orElseThrow().settings().discovery());
    assertEquals(
        new ClusterSettings.Discovery.LogicalDns(dns),
        parse(yaml.formatted(true)).orElseThrow().settings().discovery());
    assertTrue(
        parse(yaml.formatted(false).replace("30s", "0s")).errors().toString().contains("1ms"),
        () -> parse(yaml.formatted(false).replace("30s", "0s")).toString());
  }

  @Test
  void readsEverySetting() {
    ClusterConfig config =
        parse(
                """
                name: a:b
                type: STATIC
                connect_timeout: 0.25s
                per_connection_buffer_limit_bytes: 32768
                lb_policy: LEAST_REQUEST
                least_request_lb_config: {choice_count: 3}
                circuit_breakers:
                  thresholds:
                  - {max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4294967295, track_remaining: true}
                  - {priority: HIGH, retry_budget: {budget_percent: {value: 25}, min_retry_concurrency: 5}}
                outlier_detection: {consecutive_5xx: 7, enforcing_consecutive_gateway_failure: 100, consecutive_gateway_failure: 2, max_ejection_percent: 100}
                common_lb_config: {healthy_panic_threshold: {value: 0}, locality_weighted_lb_config: {}}
                upstream_bind_config: {source_address: {address: 127.0.0.6, port_value: 0}}
                upstream_connection_options: {tcp_keepalive: {keepalive_time: 10}}
                typed_extension_protocol_options:
                  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                    common_http_protocol_options: {idle_timeout: 10s, max_requests_per_connection: 9}
                    explicit_http_config: {http_protocol_options: {}}
                load_assignment:
                  cluster_name: a
                  policy: {overprovisioning_factor: 200}
                  endpoints:
                  - priority: 1
                    locality: {region: r, zone: z}
                    load_balancing_weight: 5
                    lb_endpoints:
                    - load_balancing_weight: 3
                      health_status: DRAINING
                      endpoint: {hostname: h, address: {socket_address: {address: "::1", port_value: 80}}}
                """)
            .orElseThrow();
    ClusterSettings settings = config.settings();
    assertEquals("a_b", settings.statName());
    assertEquals(250_000_000, settings.connection().connectTimeoutNanos());
    assertEquals(3, settings.balancing().choices());
    assertEquals(200, config.endpoints().overprovisioningPercent());
    assertTrue(settings.balancing().localityWeighted());
    assertEquals(0xFFFF_FFFFL, settings.breakers().normal().retriesMax());
    assertEquals(5, settings.breakers().high().retryBudget().retriesMin());
    assertEquals(9, settings.http().requestsPerConnectionMax());
    assertEquals(10_000_000_000L, settings.http().idleTimeoutNanos());
    assertEquals(7, config.outlier().orElseThrow().consecutive().server().failures());
    assertEquals(2, config.outlier().orElseThrow().consecutive().gateway().failures());
    assertEquals(
        "127.0.0.6", settings.connection().source().orElseThrow().getAddress().getHostAddress());
    EndpointAssignment.LocalityEndpoints locality = config.endpoints().localities().getFirst();
    assertEquals(1, locality.priority());
    assertEquals(5, locality.weight());
    assertEquals(HealthStatus.DRAINING, locality.endpoints().getFirst().health());
    assertEquals("h", locality.endpoints().getFirst().hostname());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{type: STATIC} | name",
        "{name: a, lb_policy: MAGLEV, maglev_lb_config: {table_size: 100}} | maglev_lb_config.table_size",
        "{name: a, lb_policy: MAGLEV, maglev_lb_config: {table_size: 5000013}} | maglev_lb_config.table_size",
        "{name: a, lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 9, maximum_ring_size: 8}} | ring_hash_lb_config.maximum_ring_size",
        "{name: a, lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 18446744073709551615}} | ring_hash_lb_config.minimum_ring_size",
        "{name: a, lb_policy: RING_HASH, common_lb_config: {consistent_hashing_lb_config: {hash_balance_factor: 99}}} | common_lb_config.consistent_hashing_lb_config.hash_balance_factor",
        "{name: a, lb_policy: MAGLEV, common_lb_config: {consistent_hashing_lb_config: {use_hostname_for_hashing: true}}} | common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing",
        "{name: a, round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, aggression: {default_value: 0, runtime_key: x}}}} | round_robin_lb_config.slow_start_config.aggression",
        "{name: a, load_balancing_policy: {policies: []}} | load_balancing_policy.policies",
        "{name: a, lb_policy: CLUSTER_PROVIDED} | lb_policy",
        "{name: a, type: ORIGINAL_DST} | lb_policy",
        "{name: a, cluster_type: {name: redis}} | cluster_type.typed_config",
        "{name: a, health_checks: [{}]} | health_checks[0]",
        "{name: a, health_checks: [{}]} | health_checks[0].timeout",
        "{name: a, health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: {}}]} | health_checks[0].http_health_check.path",
        "{name: a, health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: {path: /, expected_statuses: [{start: 200, end: 200}]}}]} | health_checks[0].http_health_check.expected_statuses[0]",
        "{name: a, health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {send: {text: xyz}}}]} | health_checks[0].tcp_health_check.send.text",
        "{name: a, health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, custom_health_check: {name: redis}}]} | health_checks[0].custom_health_check",
        "{name: a, outlier_detection: {max_ejection_percent: 101}} | outlier_detection.max_ejection_percent",
        "{name: a, lb_subset_config: {}} | lb_subset_config",
        "{name: a, transport_socket: {name: tls}} | transport_socket",
        "{name: a, transport_socket_matches: [{name: x}]} | transport_socket_matches[0].transport_socket",
        "{name: a, connect_timeout: 0s} | connect_timeout",
        "{name: a, connect_timeout: -1s} | connect_timeout",
        "{name: a, type: EDS} | eds_cluster_config.eds_config",
        "{name: a, type: LOGICAL_DNS} | load_assignment",
        "{name: a, http2_protocol_options: {custom_settings_parameters: [{identifier: 9, value: 1}]}} | http2_protocol_options.custom_settings_parameters",
        "{name: a, http2_protocol_options: {max_concurrent_streams: 0}} | http2_protocol_options.max_concurrent_streams",
        "{name: a, common_lb_config: {healthy_panic_threshold: {value: 101}}} | common_lb_config.healthy_panic_threshold",
        "{name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: '@x'}}}}]}]}} | load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.pipe",
        "{name: a, type: STRICT_DNS, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: /x}}}}]}]}} | load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.pipe",
        "{name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: name, port_value: 1}}}}]}]}} | load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address",
        "{name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 1.2.3.4, port_value: 99999}}}}]}]}} | load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address",
        "{name: a, upstream_bind_config: {source_address: {address: x, port_value: 0}}} | upstream_bind_config.source_address",
      })
  void refusesByPath(String yaml, String path) {
    List<String> paths = parse(yaml).errors().stream().map(Violation::path).toList();
    assertTrue(paths.contains(path), paths::toString);
  }

  private static String options(String yaml) {
    return "{name: a, typed_extension_protocol_options:"
        + " {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {'@type':"
        + " type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, "
        + yaml
        + "}}}";
  }

  private static ClusterSettings.Http http(String yaml) {
    return parse(yaml).orElseThrow().settings().http();
  }

  @Test
  void choosesTheVersion() {
    assertEquals(
        ClusterSettings.Protocol.HTTP2, http("{name: a, http2_protocol_options: {}}").protocol());
    assertEquals(
        ClusterSettings.Protocol.HTTP2,
        http(options("explicit_http_config: {http2_protocol_options: {}}")).protocol());
    assertEquals(
        ClusterSettings.Protocol.HTTP1,
        http(options("explicit_http_config: {http_protocol_options: {}}")).protocol());
    assertEquals(
        ClusterSettings.Protocol.DOWNSTREAM,
        http(options("use_downstream_protocol_config: {http2_protocol_options: {}}")).protocol());
  }

  @Test
  void takesTheLimitsOfHttp2() {
    ClusterSettings.Http http =
        http(
            options(
                "common_http_protocol_options: {max_stream_duration: 3s, max_headers_count: 7,"
                    + " max_response_headers_kb: 9, max_requests_per_connection: 5},"
                    + " explicit_http_config: {http2_protocol_options: {max_concurrent_streams: 11,"
                    + " initial_stream_window_size: 70000, connection_keepalive: {interval: 4s,"
                    + " timeout: 2s}}}"));
    assertEquals(3_000_000_000L, http.streamDurationNanosMax());
    assertEquals(new HeadLimits(9 * 1024, 7), http.responseHead());
    assertEquals(5, http.requestsPerConnectionMax());
    assertEquals(11, http.http2().concurrentStreamsMax());
    assertEquals(70_000, http.http2().streamWindowBytes());
    assertEquals(4_000_000_000L, http.http2().keepAlive().intervalNanos());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "auto_config: {} | .auto_config",
        "common_http_protocol_options: {} | ''",
        "explicit_http_config: {http3_protocol_options: {}} |"
            + " .explicit_http_config.http3_protocol_options",
        "explicit_http_config: {http2_protocol_options: {hpack_table_size: 9999999}} |"
            + " .explicit_http_config.http2_protocol_options.hpack_table_size",
      })
  void refusesOptionsByPath(String yaml, String path) {
    String base =
        "typed_extension_protocol_options"
            + "[envoy.extensions.upstreams.http.v3.HttpProtocolOptions]";
    List<String> paths = parse(options(yaml)).errors().stream().map(Violation::path).toList();
    assertTrue(paths.contains(base + path), paths::toString);
  }

  @Test
  void hashesAsTheClusterSays() {
    String options =
        """
        name: c
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http_protocol_options: {}}
            hash_policy: [{header: {header_name: %s}}]
        """;
    ClusterSettings.Http http = parse(options.formatted("x-h")).orElseThrow().settings().http();
    assertEquals(
        List.of(
            new HashPolicy.Header(
                io.meltemi.proxy.header.HeaderName.of("x-h"), java.util.Optional.empty(), false)),
        http.hashPolicies());
    assertEquals(1, parse(options.formatted("'no name'")).errors().size());
  }

  @Test
  void limitsTheConnectionsOfEachHost() {
    String cluster = "{name: c, circuit_breakers: {per_host_thresholds: [{%s: 7}]}}";
    assertEquals(
        7,
        parse(cluster.formatted("max_connections"))
            .orElseThrow()
            .settings()
            .breakers()
            .connectionsPerHostMax());
    assertEquals(
        "circuit_breakers.per_host_thresholds[0].max_requests",
        parse(cluster.formatted("max_requests")).errors().getFirst().path());
  }
}
