package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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

  private final HttpServer app;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<String, String> seen = new ConcurrentHashMap<>();

  IstioFiltersTest() throws IOException {
    app = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  @BeforeEach
  void startApp() {
    app.createContext(
        "/",
        exchange -> {
          exchange
              .getRequestHeaders()
              .forEach(
                  (name, values) -> seen.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
          exchange.getResponseHeaders().add("x-envoy-peer-metadata-id", "of the application");
          byte[] body = "app".getBytes(StandardCharsets.US_ASCII);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    app.start();
  }

  @AfterEach
  void stop() {
    app.stop(0);
    client.close();
  }

  private static String peerMetadata(String fields) {
    return "{name: istio.metadata_exchange, typed_config: {\"@type\":"
        + " type.googleapis.com/udpa.type.v1.TypedStruct, type_url:"
        + " type.googleapis.com/io.istio.http.peer_metadata.Config, value: {"
        + fields
        + "}}}, ";
  }

  private static Proxy start(String id, String yaml) throws Exception {
    Proxy proxy =
        Proxy.start(
            ProxySettings.ofYaml(
                "node: {id: "
                    + id
                    + ", cluster: a, metadata: {NAME: "
                    + id
                    + "}}\n"
                    + yaml.replace("$MANAGER", "").replace("$LOG", "-"),
                1),
            ProxyEnvironment.ofProcess());
    proxy.ready().get(20, TimeUnit.SECONDS);
    return proxy;
  }

  private static int port(Proxy proxy) {
    return proxy.listeners().getFirst().bound().getFirst().getPort();
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

  private HttpResponse<String> get(Proxy proxy) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(proxy) + "/"))
            .timeout(Duration.ofSeconds(20))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static long counter(Proxy proxy, String scope, String name) {
    return proxy.stats().scope(scope).counter(name).value();
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
      try (Proxy server =
              start(
                  "server",
                  TlsYaml.bootstrap(
                      TlsYaml.listener("in", serverChain),
                      TlsYaml.cluster("app", echo.getLocalPort(), "")));
          Proxy caller =
              start(
                  "caller",
                  TlsYaml.bootstrap(
                      TlsYaml.listener("out", TlsYaml.tcpChain("", "server")),
                      TlsYaml.cluster(
                          "server",
                          port(server),
                          client(clientDoes ? "istio-peer-exchange, istio" : "istio")
                              + (clientDoes ? ", filters: [" + EXCHANGE + "]" : ""))));
          Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(caller))) {
        socket.setSoTimeout(20_000);
        byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
        socket.getOutputStream().write(hello);
        assertArrayEquals(hello, socket.getInputStream().readNBytes(hello.length));
        long exchanged = clientDoes && serverDoes ? 1 : 0;
        assertEquals(exchanged, counter(server, "metadata_exchange.", "metadata_added"));
        assertEquals(exchanged, counter(caller, "metadata_exchange.", "metadata_added"));
      }
    }
  }

  @Test
  void offersTellOfTheCallersProtocol() throws Exception {
    try (Proxy server =
            start(
                "server",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "in",
                        TlsYaml.httpChain(
                            "{application_protocols: [istio-http/1.1]}",
                            server("istio-http/1.1"),
                            "app")),
                    TlsYaml.cluster("app", app.getAddress().getPort(), "")));
        Proxy caller =
            start(
                "caller",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "out",
                        TlsYaml.httpChain("", "", "server")
                            .replace("http_filters: [", "http_filters: [" + ALPN)),
                    TlsYaml.cluster("server", port(server), client("istio"))));
        Proxy plain =
            start(
                "plain",
                TlsYaml.bootstrap(
                    TlsYaml.listener(
                        "out",
                        TlsYaml.httpChain("", "", "server")
                            .replace("http_filters: [", "http_filters: [" + ALPN)),
                    TlsYaml.cluster(
                        "server",
                        port(server),
                        client("istio")
                            + ", metadata: {filter_metadata: {istio: {alpn_override:"
                            + " \"false\"}}}")))) {
      assertEquals(200, get(caller).statusCode());
      assertEquals(200, get(caller).statusCode());
      assertEquals(503, get(plain).statusCode());
    }
  }

  @Test
  void workloadsKnowEachOtherAndApplicationsDoNotSeeIt() throws Exception {
    try (Proxy server =
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
                    TlsYaml.cluster("app", app.getAddress().getPort(), "")));
        Proxy teller =
            start(
                "teller",
                TlsYaml.bootstrap(
                    TlsYaml.listener("out", tellingChain("server")),
                    TlsYaml.cluster("server", port(server), "")));
        Proxy straight =
            start(
                "straight",
                TlsYaml.bootstrap(
                    TlsYaml.listener("out", tellingChain("app")),
                    TlsYaml.cluster("app", app.getAddress().getPort(), "")))) {
      HttpResponse<String> answer = get(teller);
      assertEquals(200, answer.statusCode());
      assertFalse(seen.containsKey("x-envoy-peer-metadata"), seen::toString);
      assertTrue(answer.headers().firstValue("x-envoy-peer-metadata-id").isEmpty());

      // who tells nothing is told nothing
      assertTrue(get(server).headers().firstValue("x-envoy-peer-metadata").isEmpty());

      assertEquals(200, get(straight).statusCode());
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
    app.createContext(
        "/grpc",
        exchange -> {
          exchange.getResponseHeaders().add("content-type", "application/grpc");
          exchange.getResponseHeaders().add("grpc-status", "5");
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    try (Proxy proxy =
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
                TlsYaml.cluster("app", app.getAddress().getPort(), "")))) {
      byte[] frames = {0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0};
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(proxy) + "/grpc"))
                  .header("content-type", "application/grpc")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(frames))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(200, answer.statusCode());
      assertEquals(200, get(proxy).statusCode());
      String scope = "cluster.app.grpc.";
      assertEquals(1, counter(proxy, scope, "total"));
      assertEquals(1, counter(proxy, scope, "failure"));
      assertEquals(0, counter(proxy, scope, "success"));
      assertEquals(1, counter(proxy, scope, "5"));
      assertEquals(2, counter(proxy, scope, "request_message_count"));
    }
  }
}
