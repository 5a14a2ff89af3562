package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.java_websocket.WebSocket;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.framing.Framedata;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.handshake.ServerHandshake;
import org.java_websocket.server.WebSocketServer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A WebSocket library that nobody here wrote, at both ends, through a sidecar and through a gateway
 * that ends TLS. Configuration changes while the sockets are open.
 */
final class WebSocketIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String HOST = "ws.example";

  /** Sends back what comes. */
  private static final class Echo extends WebSocketServer {
    private final CountDownLatch started = new CountDownLatch(1);

    Echo() {
      super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
      setReuseAddr(true);
    }

    @Override
    public void onOpen(WebSocket socket, ClientHandshake handshake) {
      socket.send("path " + handshake.getResourceDescriptor());
    }

    @Override
    public void onMessage(WebSocket socket, String message) {
      socket.send(message);
    }

    @Override
    public void onMessage(WebSocket socket, ByteBuffer message) {
      socket.send(message);
    }

    @Override
    public void onClose(WebSocket socket, int code, String reason, boolean remote) {
      // the client is told by the library
    }

    @Override
    public void onError(WebSocket socket, Exception failure) {
      // the client sees its connection end
    }

    @Override
    public void onStart() {
      started.countDown();
    }
  }

  /** Keeps what comes, in order. */
  private static final class Client extends WebSocketClient {
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

    Client(URI uri, Map<String, String> headers) {
      super(uri, headers);
      setConnectionLostTimeout(0);
    }

    @Override
    public void onOpen(ServerHandshake handshake) {
      events.add("open " + handshake.getHttpStatus());
    }

    @Override
    public void onMessage(String message) {
      events.add(message);
    }

    @Override
    public void onMessage(ByteBuffer message) {
      byte[] bytes = new byte[message.remaining()];
      message.get(bytes);
      events.add(bytes);
    }

    @Override
    public void onWebsocketPong(WebSocket socket, Framedata frame) {
      events.add("pong");
    }

    @Override
    public void onClose(int code, String reason, boolean remote) {
      events.add("close " + code + " " + reason);
    }

    @Override
    public void onError(Exception failure) {
      events.add(failure);
    }

    Object next() throws InterruptedException {
      Object event = events.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("nothing came within " + LIMIT.toSeconds() + " s");
      }
      return event;
    }
  }

  @ParameterizedTest
  @EnumSource(DataPlane.class)
  void socketsPassAndOutliveChanges(DataPlane dataPlane, @TempDir Path directory) throws Exception {
    Issued root = TestPki.root("edge");
    Issued leaf = root.leaf(Leaf.named("server").dns("localhost"));
    Files.writeString(directory.resolve("server.pem"), leaf.chain());
    Files.writeString(directory.resolve("server.key"), leaf.key());
    Echo echo = new Echo();
    echo.start();
    try (Mesh mesh = new Mesh(dataPlane, directory)) {
      assertTrue(echo.started.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
      configure(mesh, directory, echo.getPort());
      Client inside = open(() -> sidecar(mesh));
      Client outside = open(() -> gateway(mesh, root));
      try {
        exchange(inside);
        exchange(outside);
        change(mesh);
        exchange(inside);
        exchange(outside);
        for (Client client : new Client[] {inside, outside}) {
          client.close(1000, "done");
          assertEquals("close 1000 done", client.next());
        }
      } finally {
        inside.close();
        outside.close();
      }
    } finally {
      echo.stop(1000);
    }
  }

  private static void configure(Mesh mesh, Path directory, int port) throws IOException {
    mesh.write(
        "ws.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: ws}
        spec:
          hosts: [%1$s]
          location: MESH_EXTERNAL
          resolution: STATIC
          ports: [{number: 8000, name: http, protocol: HTTP}]
          endpoints: [{address: 127.0.0.1, ports: {http: %2$d}}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: gw}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 8080, name: https, protocol: HTTPS}
            hosts: ["*"]
            tls: {mode: SIMPLE, serverCertificate: %3$s, privateKey: %4$s}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: edge}
        spec:
          hosts: ["*"]
          gateways: [gw]
          http: [{route: [{destination: {host: %1$s, port: {number: 8000}}}]}]
        """
            .formatted(
                HOST, port, directory.resolve("server.pem"), directory.resolve("server.key")));
  }

  private static Client sidecar(Mesh mesh) {
    return new Client(
        URI.create("ws://127.0.0.1:" + mesh.httpProxyPort + "/in"), Map.of("Host", HOST + ":8000"));
  }

  private static Client gateway(Mesh mesh, Issued root) throws Exception {
    Client client =
        new Client(URI.create("wss://localhost:" + mesh.gatewayPort + "/out"), Map.of());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(
        "root",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(root.certificate().getBytes(StandardCharsets.US_ASCII))));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    client.setSocketFactory(tls.getSocketFactory());
    return client;
  }

  private interface Source {
    Client get() throws Exception;
  }

  /** Tries until the configuration has come. */
  private static Client open(Source source) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      Client client = source.get();
      if (client.connectBlocking(10, TimeUnit.SECONDS) && client.isOpen()) {
        assertEquals("open 101", client.next());
        assertEquals("path " + client.getURI().getPath(), client.next());
        return client;
      }
      assertTrue(System.nanoTime() < end, () -> "no socket: " + client.events);
      Thread.sleep(200);
    }
  }

  private static void exchange(Client client) throws Exception {
    client.send("hello");
    assertEquals("hello", client.next());
    client.sendPing();
    assertEquals("pong", client.next());
    byte[] large = new byte[4 << 20];
    new Random(7).nextBytes(large);
    client.send(large);
    assertArrayEquals(large, (byte[]) client.next());
  }

  /** Another service gets a route, on both proxies, and both are waited for. */
  private static void change(Mesh mesh) throws Exception {
    mesh.write(
        "other.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: other}
        spec:
          hosts: [echo, echo.default.svc.cluster.local, other.example]
          gateways: [mesh, gw]
          http: [{directResponse: {status: 418}}]
        """);
    await418("echo:8000", "http://127.0.0.1:" + mesh.httpProxyPort + "/");
    await418("other.example", "https://localhost:" + mesh.gatewayPort + "/");
  }

  private static void await418(String host, String url) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    String status = "";
    while (!status.equals("418")) {
      assertTrue(System.nanoTime() < end, host + " " + url + " answers " + status);
      Process curl =
          new ProcessBuilder(
                  List.of(
                      "curl",
                      "-sk",
                      "--max-time",
                      "10",
                      "-o",
                      "/dev/null",
                      "-w",
                      "%{http_code}",
                      "-H",
                      "host: " + host,
                      url))
              .start();
      status = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      curl.waitFor();
    }
  }
}
