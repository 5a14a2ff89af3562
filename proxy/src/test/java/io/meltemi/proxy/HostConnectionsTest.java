package io.meltemi.proxy;

import static io.meltemi.proxy.testing.Await.await;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a proxy does about its connections on either side: how many it takes, how it begins them,
 * when it opens them, and to which host, over real sockets.
 */
final class HostConnectionsTest {
  private static final byte[] V2_START = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");

  private static final String HEAD =
      """
      static_resources:
        listeners:
        - name: in
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
      """;

  private static final String HTTP =
      """
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                route_config:
                  virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes: [{match: {prefix: /}, route: {cluster: c, retry_policy: {retry_on: connect-failure}}}]
                http_filters:
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
      """;

  private static final String TCP =
      """
            - name: envoy.filters.network.tcp_proxy
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                stat_prefix: in
                cluster: c
      """;

  private static final String LIMIT =
      """
            - name: envoy.filters.network.connection_limit
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit
                stat_prefix: l
                max_connections: 1
                delay: DELAY
      """;

  private static final String INTRODUCING =
      """
          transport_socket:
            name: envoy.transport_sockets.upstream_proxy_protocol
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
              config: CONFIG
              transport_socket:
                name: envoy.transport_sockets.raw_buffer
                typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}
      """;

  /** A host that answers every request alike and keeps what its connections begin with. */
  private static final class Server implements AutoCloseable {
    final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    final BlockingQueue<byte[]> heads = new LinkedBlockingQueue<>();
    final List<Socket> connections = new CopyOnWriteArrayList<>();
    private final String headers;

    Server(String headers) throws IOException {
      this.headers = headers;
      Thread.ofVirtual().start(this::accept);
    }

    int port() {
      return socket.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket accepted = socket.accept();
          connections.add(accepted);
          Thread.ofVirtual().start(() -> serve(accepted));
        }
      } catch (IOException e) {
        // the test is over
      }
    }

    private void serve(Socket accepted) {
      try (accepted) {
        InputStream in = accepted.getInputStream();
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
          head.write(b);
          // a header of the second version begins with two ends of lines
          if (head.size() > 4 && head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
            heads.add(head.toByteArray());
            head.reset();
            String body = "" + port();
            accepted
                .getOutputStream()
                .write(
                    ("HTTP/1.1 200 OK\r\n"
                            + headers
                            + "content-length: "
                            + body.length()
                            + "\r\n\r\n"
                            + body)
                        .getBytes(ISO_8859_1));
          }
        }
      } catch (IOException e) {
        // the proxy is gone
      }
    }

    byte[] head() throws InterruptedException {
      byte[] head = heads.poll(20, TimeUnit.SECONDS);
      if (head == null) {
        throw new IllegalStateException("no request came");
      }
      return head;
    }

    @Override
    public void close() throws IOException {
      socket.close();
      for (Socket connection : connections) {
        connection.close();
      }
    }
  }

  private static String cluster(String settings, Server... servers) {
    StringBuilder yaml =
        new StringBuilder(
            """
              clusters:
              - name: c
                type: STATIC
                load_assignment:
                  cluster_name: c
                  endpoints:
                  - lb_endpoints:
            """);
    for (Server server : servers) {
      yaml.append(
          "          - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}\n"
              .formatted(server.port()));
    }
    return yaml.append(settings).toString();
  }

  private static RunningProxy start(String yaml) throws Exception {
    return RunningProxy.start(yaml).awaitReady();
  }

  /** Asks and gives the body of the answer. */
  private static String ask(Socket socket, String headers) throws IOException {
    socket
        .getOutputStream()
        .write(("GET / HTTP/1.1\r\nhost: h\r\n" + headers + "\r\n").getBytes(ISO_8859_1));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = socket.getInputStream().read();
      assertTrue(b >= 0, head::toString);
      head.append((char) b);
    }
    int at = head.indexOf("content-length: ") + "content-length: ".length();
    int length = Integer.parseInt(head.substring(at, head.indexOf("\r", at)));
    return new String(socket.getInputStream().readNBytes(length), ISO_8859_1);
  }

  @Test
  void takesSoManyConnections() throws Exception {
    try (Server server = new Server("");
        RunningProxy proxy =
            start(HEAD + LIMIT.replace("DELAY", "0s") + HTTP + cluster("", server))) {
      Socket first = proxy.connect();
      ask(first, "");
      try (Socket second = proxy.connect()) {
        assertEquals(-1, second.getInputStream().read());
      }
      assertEquals(1, proxy.stat("connection_limit.l.limited_connections"));
      first.close();
      await(() -> proxy.stat("connection_limit.l.active_connections") == 0);
      try (Socket third = proxy.connect()) {
        ask(third, "");
      }
      assertEquals(1, proxy.stat("connection_limit.l.limited_connections"));
    }
  }

  @Test
  void aConnectionTooManyMayWait() throws Exception {
    try (Server server = new Server("");
        RunningProxy proxy =
            start(HEAD + LIMIT.replace("DELAY", "0.3s") + TCP + cluster("", server));
        Socket first = proxy.connect();
        Socket second = proxy.connect()) {
      ask(first, "");
      second.getOutputStream().write("early".getBytes(ISO_8859_1));
      await(() -> proxy.stat("connection_limit.l.active_connections") == 2);
      try {
        assertEquals(-1, second.getInputStream().read());
      } catch (SocketException e) {
        assertTrue(e.toString().contains("reset"), e::toString);
      }
      assertEquals(1, proxy.stat("connection_limit.l.limited_connections"));
      assertEquals(1, server.connections.size());
      ask(first, "");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {HTTP, TCP})
  void tellsAHostOfTheClientInALine(String filter) throws Exception {
    try (Server server = new Server("");
        RunningProxy proxy =
            start(HEAD + filter + cluster(INTRODUCING.replace("CONFIG", "{}"), server));
        Socket client = proxy.connect();
        Socket other = proxy.connect()) {
      for (Socket socket : List.of(client, other)) {
        ask(socket, "");
        String head = new String(server.head(), ISO_8859_1);
        assertTrue(
            head.startsWith(
                "PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\nGET / HTTP/1.1\r\n"
                    .formatted(socket.getLocalPort(), socket.getPort())),
            head);
      }
      ask(client, "");
      assertTrue(new String(server.head(), ISO_8859_1).startsWith("GET / "));
      assertEquals(2, server.connections.size());
    }
  }

  @Test
  void tellsAHostOfTheClientInBytes() throws Exception {
    String config = "{version: V2, added_tlvs: [{type: 224, value: YWI=}]}";
    try (Server server = new Server("");
        RunningProxy proxy =
            start(HEAD + HTTP + cluster(INTRODUCING.replace("CONFIG", config), server));
        Socket client = proxy.connect()) {
      ask(client, "");
      byte[] expected =
          ByteBuffer.allocate(33)
              .put(V2_START)
              .put(new byte[] {0x21, 0x11, 0, 17, 127, 0, 0, 1, 127, 0, 0, 1})
              .putShort((short) client.getLocalPort())
              .putShort((short) client.getPort())
              .put(new byte[] {(byte) 0xE0, 0, 2, 'a', 'b'})
              .array();
      byte[] head = server.head();
      assertArrayEquals(expected, Arrays.copyOf(head, expected.length));
      assertTrue(new String(head, ISO_8859_1).contains("GET / HTTP/1.1\r\n"));
    }
  }

  @Test
  void opensConnectionsBeforeTheyAreNeeded() throws Exception {
    String policy = "    preconnect_policy: {per_upstream_preconnect_ratio: 2}\n";
    try (Server server = new Server("");
        RunningProxy proxy = start(HEAD + HTTP + cluster(policy, server));
        Socket client = proxy.connect()) {
      ask(client, "");
      await(() -> proxy.stat("cluster.c.upstream_cx_total") == 2);
      ask(client, "");
      assertEquals(2, proxy.stat("cluster.c.upstream_cx_total"));
    }
  }

  @Test
  void opensConnectionsOnTheHostsThatComeNext() throws Exception {
    String policy = "    preconnect_policy: {predictive_preconnect_ratio: 2}\n";
    try (Server a = new Server("");
        Server b = new Server("");
        RunningProxy proxy = start(HEAD + HTTP + cluster(policy, a, b));
        Socket client = proxy.connect()) {
      String first = ask(client, "");
      Server other = first.equals("" + a.port()) ? b : a;
      await(() -> !other.connections.isEmpty());
      assertEquals("" + other.port(), ask(client, ""));
      assertEquals(1, other.connections.size());
    }
  }

  @Test
  void goesToTheHostThatARequestNames() throws Exception {
    String policy =
        """
            load_balancing_policy:
              policies:
              - typed_extension_config:
                  name: override
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost
                    override_host_sources: [{metadata: {key: k, path: [{key: p}]}}, {header: x-host}]
                    fallback_policy:
                      policies:
                      - typed_extension_config:
                          name: rr
                          typed_config: {"@type": type.googleapis.com/envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin}
        """;
    try (Server a = new Server("");
        Server b = new Server("");
        Server gone = new Server("");
        RunningProxy proxy = start(HEAD + HTTP + cluster(policy, a, b, gone));
        Socket client = proxy.connect()) {
      gone.socket.close();
      for (int i = 0; i < 3; i++) {
        assertEquals("" + b.port(), ask(client, "x-host: 127.0.0.1:" + b.port() + "\r\n"));
      }
      // unknown ones are passed over, and a retry goes to the next
      assertEquals(
          "" + a.port(),
          ask(
              client,
              "x-host: x,, 127.0.0.1:1, 127.0.0.1:%d,127.0.0.1:%d\r\n"
                  .formatted(gone.port(), a.port())));
      List<String> answers = new ArrayList<>();
      for (String hostile : List.of("", "x", "1.2.3.4", "127.0.0.1:99999", "[::1]:80,,", ":::")) {
        answers.add(ask(client, "x-host: " + hostile + "\r\n"));
      }
      assertTrue(answers.contains("" + a.port()) && answers.contains("" + b.port()));
    }
  }

  @Test
  void followsTheReportsOfHosts() throws Exception {
    String policy =
        """
            load_balancing_policy:
              policies:
              - typed_extension_config:
                  name: reports
                  typed_config:
                    "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin
                    blackout_period: 0s
                    weight_update_period: 0.1s
                    metric_names_for_computing_utilization: [named_metrics.foo]
        """;
    try (Server busy =
            new Server("endpoint-load-metrics: TEXT named_metrics.foo=0.9,rps_fractional=1\r\n");
        Server idle =
            new Server(
                "endpoint-load-metrics: JSON {\"cpuUtilization\":0.01,\"rpsFractional\":1}\r\n");
        RunningProxy proxy = start(HEAD + HTTP + cluster(policy, busy, idle));
        Socket client = proxy.connect()) {
      int ofBusy = 0;
      for (int i = 0; i < 40; i++) {
        ask(client, "");
      }
      TimeUnit.MILLISECONDS.sleep(150);
      for (int i = 0; i < 200; i++) {
        ofBusy += ask(client, "").equals("" + busy.port()) ? 1 : 0;
      }
      assertTrue(ofBusy < 20, ofBusy + " of 200");
      assertFalse(ofBusy == 200);
    }
  }
}
