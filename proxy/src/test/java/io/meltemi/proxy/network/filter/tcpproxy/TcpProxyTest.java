package io.meltemi.proxy.network.filter.tcpproxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.Locality;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.cluster.CircuitBreakers;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.HealthStatus;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.OutlierDetector;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.listener.ListenerFixture;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.upstream.Connector;
import io.meltemi.proxy.upstream.SocketConnector;
import io.meltemi.proxy.upstream.UpstreamPools;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TcpProxyTest {
  private static final long HOUR_NANOS = 3_600_000_000_000L;

  /** What a test wants to know of a connection that has ended. */
  private record Ended(String flags, long received, long sent, String cluster, String failure) {
    static Ended of(StreamInfo info) {
      StringBuilder flags = new StringBuilder();
      for (ResponseFlag flag : ResponseFlag.values()) {
        if (info.has(flag)) {
          flags.append(flag.shortName());
        }
      }
      return new Ended(
          flags.toString(),
          info.bytesReceived,
          info.bytesSent,
          info.upstreamCluster,
          info.upstreamTransportFailureReason);
    }
  }

  /** A proxy before one server socket of the test. */
  private static final class Proxy implements AutoCloseable {
    final ListenerFixture listeners;
    final BlockingQueue<Ended> log = new ArrayBlockingQueue<>(100);
    final ClusterManager clusters = new ClusterManager();
    private final ServerSocket server;

    Proxy(boolean epoll) throws IOException {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      listeners =
          new ListenerFixture(
              epoll ? Workers.start(1, "test-worker") : Workers.startNio(1, "test-worker"),
              HOUR_NANOS);
    }

    InetSocketAddress serve(List<InetSocketAddress> hosts, int attempts, long idleNanos) {
      clusters.replaceAll(Map.of("c", cluster(hosts, CircuitBreakers.Thresholds.DEFAULT)));
      return serve("c", attempts, idleNanos);
    }

    InetSocketAddress serve(String cluster, int attempts, long idleNanos) {
      return serve(cluster, attempts, idleNanos, Optional.empty());
    }

    InetSocketAddress serve(
        String cluster, int attempts, long idleNanos, Optional<TunnelSettings> tunnel) {
      TcpProxySettings settings =
          new TcpProxySettings(
              "test",
              List.of(new TcpProxySettings.Destination(cluster, 1)),
              false,
              idleNanos,
              0,
              attempts,
              info -> log.add(Ended.of(info)));
      Connector connector = new SocketConnector(listeners.workers().clients());
      return listeners.serve(
          new TcpProxyConfig(
              settings,
              tunnel,
              clusters,
              connector,
              new UpstreamPools(connector),
              new TcpProxyStats(listeners.stats().scope("tcp.test."))));
    }

    /** A cluster whose hosts are chosen one after the other, each once. */
    Cluster cluster(List<InetSocketAddress> addresses, CircuitBreakers.Thresholds thresholds) {
      ClusterSettings settings =
          new ClusterSettings(
              "c",
              "c",
              new ClusterSettings.Discovery.Static(),
              ClusterSettings.Balancing.DEFAULT,
              ClusterSettings.Connection.DEFAULT,
              ClusterSettings.Http.DEFAULT,
              new ClusterSettings.Breakers(thresholds, thresholds));
      Host.Placement placement = new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.HEALTHY);
      Iterator<Host> hosts =
          addresses.stream().map(address -> new Host(address, "", placement)).iterator();
      return new Cluster(
          settings,
          _ -> hosts.hasNext() ? hosts.next() : null,
          OutlierDetector.NONE,
          listeners.stats());
    }

    InetSocketAddress address() {
      return (InetSocketAddress) server.getLocalSocketAddress();
    }

    Socket accept() throws IOException {
      server.setSoTimeout(20_000);
      Socket socket = server.accept();
      socket.setSoTimeout(20_000);
      return socket;
    }

    Ended ended() throws InterruptedException {
      Ended ended = log.poll(20, TimeUnit.SECONDS);
      if (ended == null) {
        throw new IllegalStateException("the connection has not ended");
      }
      return ended;
    }

    Counter counter(String name) {
      return listeners.stats().scope("tcp.test.").counter(name);
    }

    @Override
    public void close() throws IOException {
      listeners.close();
      server.close();
    }
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String read(Socket socket, int count) throws IOException {
    return new String(socket.getInputStream().readNBytes(count), StandardCharsets.US_ASCII);
  }

  private static Thread writeAll(Socket socket, byte[] bytes) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  private static InetSocketAddress unused() throws IOException {
    try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) gone.getLocalSocketAddress();
    }
  }

  private static Formatter format(String text) {
    return Formatter.parse(text, "", Ticker.system(), Origin.of("test"), "").orElseThrow();
  }

  private static TunnelSettings tunnel(Optional<String> postPath) {
    return new TunnelSettings(
        format("far.example:%DOWNSTREAM_LOCAL_PORT%"),
        postPath,
        List.of(
            new TunnelSettings.Header(HeaderName.of("x-via"), format("tunnel"), false),
            new TunnelSettings.Header(HeaderName.of("x-via"), format("again"), true)));
  }

  private static String readHead(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = socket.getInputStream().read();
      if (b < 0) {
        throw new IOException("ended behind: " + head);
      }
      head.append((char) b);
    }
    return head.toString();
  }

  @Test
  void wrapsBytesInConnect() throws Exception {
    try (Proxy proxy = new Proxy(false)) {
      proxy.clusters.replaceAll(
          Map.of("c", proxy.cluster(List.of(proxy.address()), CircuitBreakers.Thresholds.DEFAULT)));
      InetSocketAddress address = proxy.serve("c", 1, 0, Optional.of(tunnel(Optional.empty())));
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        write(client, "early");
        assertEquals(
            "CONNECT far.example:"
                + address.getPort()
                + " HTTP/1.1\r\nhost: far.example:"
                + address.getPort()
                + "\r\nx-via: again\r\n\r\n",
            readHead(server));
        write(server, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nhello");
        assertEquals("hello", read(client, 5));
        assertEquals("early", read(server, 5));
        client.shutdownOutput();
        assertEquals(-1, server.getInputStream().read());
        write(server, "late");
        assertEquals("late", read(client, 4));
        server.shutdownOutput();
        assertEquals(-1, client.getInputStream().read());
        assertEquals(new Ended("", 5, 9, "c", ""), proxy.ended());
      }
    }
  }

  @Test
  void wrapsBytesInPost() throws Exception {
    try (Proxy proxy = new Proxy(false)) {
      proxy.clusters.replaceAll(
          Map.of("c", proxy.cluster(List.of(proxy.address()), CircuitBreakers.Thresholds.DEFAULT)));
      InetSocketAddress address = proxy.serve("c", 1, 0, Optional.of(tunnel(Optional.of("/in"))));
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        assertTrue(readHead(server).startsWith("POST /in HTTP/1.1\r\n"));
        write(server, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        write(client, "ask");
        assertEquals("3\r\nask\r\n", read(server, 8));
        write(server, "6\r\nanswer\r\n");
        assertEquals("answer", read(client, 6));
        client.shutdownOutput();
        assertEquals("0\r\n\r\n", read(server, 5));
        write(server, "0\r\n\r\n");
        assertEquals(-1, client.getInputStream().read());
        assertEquals(new Ended("", 3, 6, "c", ""), proxy.ended());
      }
    }
  }

  @Test
  void closesWhatNoProxyTakes() throws Exception {
    try (Proxy proxy = new Proxy(false)) {
      proxy.clusters.replaceAll(
          Map.of(
              "c",
              proxy.cluster(
                  List.of(unused(), proxy.address()), CircuitBreakers.Thresholds.DEFAULT)));
      InetSocketAddress address = proxy.serve("c", 2, 0, Optional.of(tunnel(Optional.empty())));
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        readHead(server);
        write(server, "HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n");
        assertEquals(-1, client.getInputStream().read());
        assertEquals(new Ended("UFURX", 0, 0, "c", "tunnel_response:405"), proxy.ended());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void eitherSideMayEndItsDirectionFirst(boolean epoll) throws Exception {
    try (Proxy proxy = new Proxy(epoll)) {
      InetSocketAddress address = proxy.serve(List.of(proxy.address(), proxy.address()), 1, 0);
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        write(client, "ask");
        client.shutdownOutput();
        assertEquals("ask", read(server, 10));
        // the client has ended; the answer still passes
        write(server, "answer");
        assertEquals("answer", read(client, 6));
        server.shutdownOutput();
        assertEquals(-1, client.getInputStream().read());
        assertEquals(new Ended("", 3, 6, "c", ""), proxy.ended());
      }
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        write(server, "hello");
        server.shutdownOutput();
        assertEquals("hello", read(client, 10));
        write(client, "late");
        assertEquals("late", read(server, 4));
        client.shutdownOutput();
        assertEquals(-1, server.getInputStream().read());
        assertEquals(new Ended("", 4, 5, "c", ""), proxy.ended());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void carriesMuchMoreThanTheBuffersHold(boolean epoll) throws Exception {
    byte[] sent = new byte[8 * 1024 * 1024];
    new Random(3).nextBytes(sent);
    try (Proxy proxy = new Proxy(epoll)) {
      InetSocketAddress address = proxy.serve(List.of(proxy.address()), 1, 0);
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        Thread there = writeAll(client, sent);
        Thread back = writeAll(server, sent);
        assertArrayEquals(sent, server.getInputStream().readAllBytes());
        assertArrayEquals(sent, client.getInputStream().readAllBytes());
        there.join();
        back.join();
      }
      assertEquals(new Ended("", sent.length, sent.length, "c", ""), proxy.ended());
      assertEquals(sent.length, proxy.counter("downstream_cx_rx_bytes_total").value());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void stopsReadingWhileTheUpstreamDoesNotTakeBytes(boolean epoll) throws Exception {
    try (Proxy proxy = new Proxy(epoll)) {
      InetSocketAddress address = proxy.serve(List.of(proxy.address()), 1, 0);
      try (Socket client = ListenerFixture.connect(address);
          Socket server = proxy.accept()) {
        byte[] sent = new byte[32 * 1024 * 1024];
        Arrays.fill(sent, (byte) 7);
        Thread writer = writeAll(client, sent);
        Counter paused = proxy.counter("downstream_flow_control_paused_reading_total");
        for (int i = 0; i < 4000 && paused.value() == 0; i++) {
          TimeUnit.MILLISECONDS.sleep(5);
        }
        assertTrue(paused.value() > 0);
        assertTrue(proxy.counter("downstream_cx_rx_bytes_total").value() < sent.length);
        assertArrayEquals(sent, server.getInputStream().readAllBytes());
        writer.join();
      }
    }
  }

  @Test
  void triesAnotherHostWhenAConnectFails() throws Exception {
    try (Proxy proxy = new Proxy(true)) {
      InetSocketAddress address = proxy.serve(List.of(unused(), proxy.address()), 2, 0);
      try (Socket client = ListenerFixture.connect(address)) {
        write(client, "early");
        try (Socket server = proxy.accept()) {
          assertEquals("early", read(server, 5));
        }
      }
      assertEquals("", proxy.ended().flags());
    }
    try (Proxy proxy = new Proxy(true)) {
      InetSocketAddress address = proxy.serve(List.of(unused()), 1, 0);
      try (Socket client = ListenerFixture.connect(address)) {
        assertEquals(-1, client.getInputStream().read());
      }
      Ended ended = proxy.ended();
      assertEquals("UF", ended.flags());
      assertTrue(ended.failure().startsWith("delayed connect error: "), ended.failure());
    }
  }

  @Test
  void tellsWhyThereIsNoUpstream() throws Exception {
    try (Proxy proxy = new Proxy(true);
        Socket client = ListenerFixture.connect(proxy.serve(List.of(), 1, 0))) {
      assertEquals(-1, client.getInputStream().read());
      assertEquals("UH", proxy.ended().flags());
    }
    try (Proxy proxy = new Proxy(true);
        Socket client = ListenerFixture.connect(proxy.serve("absent", 1, 0))) {
      assertEquals(-1, client.getInputStream().read());
      assertEquals(new Ended("NC", 0, 0, "absent", ""), proxy.ended());
    }
    try (Proxy proxy = new Proxy(true)) {
      CircuitBreakers.Thresholds none =
          new CircuitBreakers.Thresholds(0, 0, 0, 0, CircuitBreakers.RetryBudget.NONE, false);
      proxy.clusters.replaceAll(Map.of("c", proxy.cluster(List.of(proxy.address()), none)));
      try (Socket client = ListenerFixture.connect(proxy.serve("c", 1, 0))) {
        assertEquals(-1, client.getInputStream().read());
        assertEquals("UO", proxy.ended().flags());
      }
    }
  }

  @Test
  void givesBackItsPlaceInTheCircuitBreaker() throws Exception {
    try (Proxy proxy = new Proxy(true)) {
      Cluster cluster = proxy.cluster(List.of(proxy.address()), CircuitBreakers.Thresholds.DEFAULT);
      proxy.clusters.replaceAll(Map.of("c", cluster));
      try (Socket client = ListenerFixture.connect(proxy.serve("c", 1, 0));
          Socket server = proxy.accept()) {
        write(server, "x");
        assertEquals("x", read(client, 1));
        assertEquals(1, cluster.circuitBreakers().connections());
        server.shutdownOutput();
        assertEquals(-1, client.getInputStream().read());
        client.shutdownOutput();
        assertEquals(1, proxy.ended().sent());
      }
      for (int i = 0; i < 4000 && cluster.circuitBreakers().connections() > 0; i++) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      assertEquals(0, cluster.circuitBreakers().connections());
      assertEquals(0, cluster.stats().cxActive.value());
    }
  }

  @Test
  void idleConnectionsEnd() throws Exception {
    try (Proxy proxy = new Proxy(true);
        Socket client =
            ListenerFixture.connect(proxy.serve(List.of(proxy.address()), 1, 50_000_000L))) {
      assertEquals(-1, client.getInputStream().read());
      assertEquals("SI", proxy.ended().flags());
    }
  }
}
