package io.meltemi.proxy.bootstrap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.parse.MessageTypes;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BootstrapReaderTest {
  private static final Origin FILE = Origin.of("b.yaml");
  private final BootstrapReader reader =
      new BootstrapReader(MessageTypes.byName(List.of(HttpProtocolOptions.class)));

  private Validation<Bootstrap> read(String text) {
    return reader.read(Bootstrap.newBuilder(), text, FILE).map(Bootstrap.class::cast);
  }

  @Test
  void readsEveryKindOfField() throws Exception {
    Bootstrap bootstrap =
        read("""
                node: {id: a, locality: {region: r}, metadata: {N: 1, S: "1", L: [true, null]}}
                staticResources:
                  clusters:
                  - name: c
                    type: STRICT_DNS
                    connectTimeout: 0.25s
                    per_connection_buffer_limit_bytes: 32768
                    common_lb_config: {healthy_panic_threshold: {value: 12.5}}
                    typed_extension_protocol_options:
                      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                        explicit_http_config: {http2_protocol_options: {}}
                """)
            .orElseThrow();
    Cluster cluster = bootstrap.getStaticResources().getClusters(0);
    assertEquals(Cluster.DiscoveryType.STRICT_DNS, cluster.getType());
    assertEquals(250, Durations.toMillis(cluster.getConnectTimeout()));
    assertEquals(32768, cluster.getPerConnectionBufferLimitBytes().getValue());
    assertEquals(12.5, cluster.getCommonLbConfig().getHealthyPanicThreshold().getValue());
    assertEquals(1.0, bootstrap.getNode().getMetadata().getFieldsOrThrow("N").getNumberValue());
    assertEquals("1", bootstrap.getNode().getMetadata().getFieldsOrThrow("S").getStringValue());
    assertTrue(
        cluster
            .getTypedExtensionProtocolOptionsMap()
            .values()
            .iterator()
            .next()
            .unpack(HttpProtocolOptions.class)
            .getExplicitHttpConfig()
            .hasHttp2ProtocolOptions());
  }

  @Test
  void tellsEveryProblemWithItsLineAndPath() {
    Validation<Bootstrap> result =
        read(
            """
            nonsense: 1
            static_resources:
              clusters:
              - name: c
                type: SOMETIMES
                connect_timeout: soon
                per_connection_buffer_limit_bytes: -1
                lb_policy: [1]
                load_assignment:
                  endpoints: {}
                transport_socket:
                  name: tls
                  typed_config:
                    "@type": type.googleapis.com/a.b.Unknown
            admin:
              address: x
            """);
    List<String> places =
        result.errors().stream().map(e -> e.origin().line() + " " + e.path()).toList();
    assertEquals(
        List.of(
            "1 nonsense",
            "5 static_resources.clusters[0].type",
            "6 static_resources.clusters[0].connect_timeout",
            "7 static_resources.clusters[0].per_connection_buffer_limit_bytes",
            "8 static_resources.clusters[0].lb_policy",
            "10 static_resources.clusters[0].load_assignment.endpoints",
            "14 static_resources.clusters[0].transport_socket.typed_config",
            "16 admin.address"),
        places);
    assertTrue(result.errors().get(6).found().contains("a.b.Unknown"));
  }

  @Test
  void namesExtensionsBelowARefusedOne() {
    Validation<Bootstrap> result =
        read(
            """
            static_resources:
              clusters:
              - transport_socket:
                  typed_config:
                    "@type": type.googleapis.com/outer.Unknown
                    inner: [{"@type": type.googleapis.com/inner.Unknown}]
            """);
    assertEquals(
        List.of(
            "extension type.googleapis.com/outer.Unknown",
            "extension type.googleapis.com/inner.Unknown"),
        result.errors().stream().map(Violation::found).toList());
  }

  @Test
  void findsTheLineOfAPath() {
    BootstrapReader.Reading reading =
        reader.readAll(
            Bootstrap.getDefaultInstance(),
            """
            staticResources:
              clusters:
              - name: a
              - name: b
                typed_extension_protocol_options:
                  x.y: {"@type": type.googleapis.com/a.B}
            """,
            FILE);
    assertEquals(4, line(reading, "static_resources.clusters[1].name"));
    assertEquals(4, line(reading, "static_resources.clusters[1].type"));
    assertEquals(
        6, line(reading, "static_resources.clusters[1].typed_extension_protocol_options[x.y].z"));
    assertEquals(2, line(reading, "static_resources.clusters[7].name"));
    assertEquals(1, line(reading, "nothing[here"));
    assertEquals(1, reading.errors().size());
  }

  private static int line(BootstrapReader.Reading reading, String path) {
    return reading.relocate().apply(new Violation(FILE, path, "", "")).origin().line();
  }

  @Test
  void refusesTwoFieldsOfOneOf() {
    Validation<Bootstrap> result = read("dynamic_resources: {lds_config: {ads: {}, path: x}}\n");
    assertEquals("dynamic_resources.lds_config.path", result.errors().get(0).path());
  }

  @Test
  void mergesTextOverFile() {
    Bootstrap file = read("node: {id: a, cluster: b}\n").orElseThrow();
    Bootstrap merged = (Bootstrap) reader.readAll(file, "node: {id: c}\n", FILE).message();
    assertEquals("c", merged.getNode().getId());
    assertEquals("b", merged.getNode().getCluster());
  }

  @Test
  void parsesAggregatedSource() {
    BootstrapConfig config =
        parse(
                """
                node: {id: n}
                admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
                dynamic_resources:
                  ads_config:
                    api_type: DELTA_GRPC
                    grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
                  lds_config: {ads: {}, resource_api_version: V3}
                  cds_config: {ads: {}}
                """)
            .orElseThrow();
    assertTrue(config.dynamic().ads().orElseThrow().delta());
    assertEquals(java.util.Set.of("xds-grpc"), config.grpcClusters());
    assertEquals(new BootstrapConfig.Source.Aggregated(), config.dynamic().listeners());
    assertEquals("127.0.0.1", config.admin().orElseThrow().getAddress().getHostAddress());
  }

  @Test
  void refusesWhatItDoesNotHaveByName() {
    Validation<BootstrapConfig> config =
        parse(
            """
            stats_sinks: [{name: statsd}]
            tracing: {http: {name: zipkin}}
            cluster_manager: {load_stats_config: {api_type: GRPC}}
            dynamic_resources:
              cds_config: {api_config_source: {api_type: GRPC}}
              lds_config: {ads: {}}
            """);
    assertFalse(config.isValid());
    assertEquals(
        java.util.Set.of(
            "stats_sinks",
            "tracing",
            "cluster_manager.load_stats_config",
            "dynamic_resources.cds_config.api_config_source",
            "dynamic_resources.ads_config"),
        java.util.Set.copyOf(config.errors().stream().map(Violation::path).toList()));
  }

  private Validation<BootstrapConfig> parse(String text) {
    return BootstrapParser.parse(read(text).orElseThrow(), FILE);
  }
}
