package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Istio's control plane adds to listeners and clusters, between two whole proxies. */
final class IstioFiltersTest {
  private static final Issued ROOT = TestPki.root("mesh");
  private static final Issued SERVER = ROOT.leaf(Leaf.named("server").dns("server.test"));
  private static final String EXCHANGE =
      "{name: istio.metadata_exchange, typed_config: {\"@type\":"
          + " type.googleapis.com/udpa.type.v1.TypedStruct, type_url:"
          + " type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange, value:"
          + " {protocol: istio-peer-exchange, enable_discovery: true}}}";
  private static final String ALPN =
      "{name: istio.alpn, typed_config: {\"@type\":"
          + " type.googleapis.com/istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig,"
          + " alpn_override: [{alpn_override: [istio-http/1.0, istio]}, {upstream_protocol: HTTP11,"
          + " alpn_override: [istio-http/1.1, istio]}, {upstream_protocol: HTTP2, alpn_override:"
          + " [istio-h2, istio]}]}}, ";

  private final Map<String, String> seen = new ConcurrentHashMap<>();

  @AutoClose
  private final TestApp app =
      new TestApp(
          exchange -> {
            exchange
                .getRequestHeaders()
                .forEach(
                    (name, values) -> seen.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
            exchange.getResponseHeaders().add("x-envoy-peer-metadata-id", "of the application");
            TestApp.answer(exchange, 200, "app");
          });

  private static String peerMetadata(String fields) {
    return "{name: istio.metadata_exchange, typed_config: {\"@type\":"
        + " type.googleapis.com/udpa.type.v1.TypedStruct, type_url:"
        + " type.googleapis.com/io.istio.http.peer_metadata.Config, value: {"
        + fields
        + "}}}, ";
  }

  private static RunningProxy start(String id, String yaml) throws Exception {
    return RunningProxy.start(
            "node: {id: "
                + id
                + ", cluster: a, metadata: {NAME: "
                + id
                + "}}\n"
                + yaml.replace("$MANAGER", "").replace("$LOG", "-"))
        .awaitReady();
  }

  private static String server(String alpn) {
    return TlsYaml.downstream(
        "tls_certificates: [" + TlsYaml.certificate(SERVER) + "], alpn_protocols: [" + alpn + "]",
        "");
  }

  private static String client(String alpn) {
    return ", transport_socket: "
        + TlsYaml.upstream(
            "validation_context: {trusted_ca: "
                + TlsYaml.text(ROOT.certificate())
                + "}, alpn_protocols: ["
                + alpn
                + "]",
            "");
  }

  @ParameterizedTest
  @CsvSource({"true,true", "true,false", "false,true"})
  void bytesArriveWhicheverPeerExchangesMetadata(boolean clientDoes, boolean serverDoes)
      throws Exception {
    try (ServerSocket echo = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket accepted = echo.accept()) {
                  accepted.getInputStream().transferTo(accepted.getOutputStream());
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      String serverChain = TlsYaml.tcpChain(server("istio-peer-exchange, istio"), "app");
      if (serverDoes) {
        serverChain = serverChain.replace("filters: [", "filters: [" + EXCHANGE + ", ");
      } else {
        serverChain = serverChain.replace("istio-peer-exchange, ", "");
      }
      try (RunningProxy server =
              start(
                  "server",
                  TlsYaml.bootstrap(
                      TlsYaml.listener("in", serverChain),
                      TlsYaml.cluster("app", echo.getLocalPort(), "")));
          RunningProxy caller =
              start(
                  "caller",
                  TlsYaml.bootstrap(
                      TlsYaml.listener("out", TlsYaml.tcpChain("", "server")),
                      TlsYaml.cluster(
                          "server",
                          server.port(),
                          client(clientDoes ? "istio-peer-exchange, istio" : "istio")
                              + (clientDoes ? ", filters: [" + EXCHANGE + "]" : ""))));
          Socket socket = caller.connect()) {
        byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
        socket.getOutputStream().write(hello);
        assertArrayEquals(hello, socket.getInputStream().readNBytes(hello.length));
        long exchanged = clientDoes && serverDoes ? 1 : 0;
        assertEquals(exchanged, server.stat("metadata_exchange.metadata_added"));
        assertEquals(exchanged, caller.stat("metadata_exchange.metadata_added"));
      }
    }
  }

  @Test
  void offersTellOfTheCallersProtocol() throws Exception {
    try (RunningProxy server =
            start(
                "server",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "in",
                        TlsYaml.httpChain(
                            "{application_protocols: [istio-http/1.1]}",
                            server("istio-http/1.1"),
                            "app")),
                    TlsYaml.cluster("app", app.port(), "")));
        RunningProxy caller =
            start(
                "caller",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "out",
                        TlsYaml.httpChain("", "", "server")
                            .replace("http_filters: [", "http_filters: [" + ALPN)),
                    TlsYaml.cluster("server", server.port(), client("istio"))));
        RunningProxy plain =
            start(
                "plain",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "out",
                        TlsYaml.httpChain("", "", "server")
                            .replace("http_filters: [", "http_filters: [" + ALPN)),
                    TlsYaml.cluster(
                        "server",
                        server.port(),
                        client("istio")
                            + ", metadata: {filter_metadata: {istio: {alpn_override:"
                            + " \"false\"}}}")))) {
      assertEquals(200, caller.get("/").statusCode());
      assertEquals(200, caller.get("/").statusCode());
      assertEquals(503, plain.get("/").statusCode());
    }
  }

  @Test
  void workloadsKnowEachOtherAndApplicationsDoNotSeeIt() throws Exception {
    try (RunningProxy server =
            start(
                "server",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "in",
                        TlsYaml.httpChain("", "", "app")
                            .replace(
                                "http_filters: [",
                                "http_filters: ["
                                    + peerMetadata(
                                        "downstream_discovery: [{istio_headers: {}},"
                                            + " {workload_discovery: {}}],"
                                            + " downstream_propagation: [{istio_headers: {}}]"))),
                    TlsYaml.cluster("app", app.port(), "")));
        RunningProxy teller =
            start(
                "teller",
                TlsYaml.bootstrap(
                    TlsYaml.listener("out", tellingChain("server")),
                    TlsYaml.cluster("server", server.port(), "")));
        RunningProxy straight =
            start(
                "straight",
                TlsYaml.bootstrap(
                    TlsYaml.listener("out", tellingChain("app")),
                    TlsYaml.cluster("app", app.port(), "")))) {
      HttpResponse<String> answer = teller.get("/");
      assertEquals(200, answer.statusCode());
      assertFalse(seen.containsKey("x-envoy-peer-metadata"), seen::toString);
      assertTrue(answer.headers().firstValue("x-envoy-peer-metadata-id").isEmpty());

      // who tells nothing is told nothing
      assertTrue(server.get("/").headers().firstValue("x-envoy-peer-metadata").isEmpty());

      assertEquals(200, straight.get("/").statusCode());
      assertEquals("straight", seen.get("x-envoy-peer-metadata-id"));
      assertTrue(seen.containsKey("x-envoy-peer-metadata"), seen::toString);
    }
  }

  private static String tellingChain(String cluster) {
    return TlsYaml.httpChain("", "", cluster)
        .replace(
            "http_filters: [",
            "http_filters: ["
                + peerMetadata(
                    "upstream_discovery: [{istio_headers: {}}], upstream_propagation:"
                        + " [{istio_headers: {skip_external_clusters: true}}]"));
  }

  @Test
  void callsAreCountedByCluster() throws Exception {
    app.at(
        "/grpc",
        exchange -> {
          exchange.getResponseHeaders().add("content-type", "application/grpc");
          exchange.getResponseHeaders().add("grpc-status", "5");
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    try (RunningProxy proxy =
        start(
            "counting",
            TlsYaml.bootstrap(
                TlsYaml.listener(
                    "out",
                    TlsYaml.httpChain("", "", "app")
                        .replace(
                            "http_filters: [",
                            "http_filters: [{name: envoy.filters.http.grpc_stats, typed_config:"
                                + " {\"@type\":"
                                + " type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig,"
                                + " emit_filter_state: true, stats_for_all_methods: false}}, ")),
                TlsYaml.cluster("app", app.port(), "")))) {
      byte[] frames = {0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0};
      HttpResponse<String> answer =
          proxy.post(
              "/grpc",
              HttpRequest.BodyPublishers.ofByteArray(frames),
              "content-type",
              "application/grpc");
      assertEquals(200, answer.statusCode());
      assertEquals(200, proxy.get("/").statusCode());
      String scope = "cluster.app.grpc.";
      assertEquals(1, proxy.stat(scope + "total"));
      assertEquals(1, proxy.stat(scope + "failure"));
      assertEquals(0, proxy.stat(scope + "success"));
      assertEquals(1, proxy.stat(scope + "5"));
      assertEquals(2, proxy.stat(scope + "request_message_count"));
    }
  }
}
