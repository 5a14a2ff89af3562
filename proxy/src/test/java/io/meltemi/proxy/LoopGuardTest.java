package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an event loop may not do: make garbage for each request, or block. */
final class LoopGuardTest {
  /**
   * Bytes allocated for each HTTP/1.1 request. The codec, filters, pools and timers allocate
   * nothing; what is left is the JVM's own and Netty's selector, amortized.
   */
  private static final long ALLOCATED_BYTES_MAX = 16;

  private static final int WARM_UP = 20_000;
  private static final int REQUESTS = 20_000;

  private static final String BOOTSTRAP =
      """
      static_resources:
        listeners:
        - name: ingress
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
          filter_chains:
          - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: ingress_http
                access_log: [LOG]
                route_config:
                  name: local
                  virtual_hosts:
                  - name: all
                    domains: ["*"]
                    routes:
                    - match: {prefix: /}
                      route: {cluster: app, retry_policy: {retry_on: "5xx", num_retries: 2}}
                http_filters:
                - name: envoy.filters.http.router
                  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        clusters:
        - name: app
          type: STATIC
          load_assignment:
            cluster_name: app
            endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]
      """;

  private static final String LOG =
      """
      {name: log, typed_config: {"@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: PATH}}""";

  private static final byte[] REQUEST =
      ascii(
          """
          GET /productpage?u=normal HTTP/1.1
          Host: reviews.default.svc.cluster.local
          User-Agent: guard
          Accept: */*

          """);
  private static final byte[] RESPONSE =
      ascii(
          """
          HTTP/1.1 200 OK
          Content-Type: text/plain
          Content-Length: 1024

          """
              + "x".repeat(1024));

  @TempDir private Path directory = Path.of("");
  private ResourceLeakDetector.Level level = ResourceLeakDetector.Level.PARANOID;

  @BeforeEach
  void stopTracking() {
    // a tracked buffer allocates its record
    level = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
  }

  @AfterEach
  void resumeTracking() {
    ResourceLeakDetector.setLevel(level);
  }

  @Test
  void requestsAllocateNothing() throws Exception {
    try (Backend backend = new Backend();
        Proxy proxy = start(backend, "");
        Client client = new Client(proxy)) {
      client.requests(WARM_UP);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long worker = workerThread(threads);
      long before = threads.getThreadAllocatedBytes(worker);
      client.requests(REQUESTS);
      long each = (threads.getThreadAllocatedBytes(worker) - before) / REQUESTS;
      assertTrue(
          each <= ALLOCATED_BYTES_MAX,
          each + " bytes for each request (expected: at most " + ALLOCATED_BYTES_MAX + ")");
    }
  }

  @Test
  void loopsNeverBlock() throws Exception {
    Path log = directory.resolve("access.log");
    Path events = directory.resolve("events.jfr");
    try (Backend backend = new Backend();
        Proxy proxy = start(backend, LOG.replace("PATH", log.toString()));
        Client client = new Client(proxy)) {
      client.requests(500);
      try (Recording recording = new Recording()) {
        for (String blocking :
            List.of("ThreadPark", "ThreadSleep", "JavaMonitorWait", "FileRead", "FileWrite")) {
          recording.enable("jdk." + blocking).withThreshold(Duration.ZERO).withStackTrace();
        }
        for (String blocking : List.of("SocketRead", "SocketWrite", "FileForce")) {
          recording.enable("jdk." + blocking).withThreshold(Duration.ZERO).withStackTrace();
        }
        recording.start();
        client.requests(2_000);
        recording.stop();
        recording.dump(events);
      }
    }
    List<String> blocked = new ArrayList<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(events)) {
      if (event.getThread() != null
          && String.valueOf(event.getThread().getJavaName()).startsWith("worker-")
          && !isOwnSocket(event)) {
        blocked.add(event.toString());
      }
    }
    assertEquals(List.of(), blocked, "what blocked an event loop");
    assertTrue(Files.size(log) > 0, "an access log was written");
  }

  /** Netty's sockets do not block, yet the JVM tells of their reads and writes. */
  private static boolean isOwnSocket(RecordedEvent event) {
    return Set.of("jdk.SocketRead", "jdk.SocketWrite").contains(event.getEventType().getName())
        && event.getStackTrace() != null
        && event.getStackTrace().getFrames().stream()
            .map(RecordedFrame::getMethod)
            .anyMatch(method -> method.getType().getName().startsWith("io.netty.channel.nio."));
  }

  private static long workerThread(ThreadMXBean threads) {
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith("worker-")) {
        return thread.getThreadId();
      }
    }
    throw new IllegalStateException("no worker");
  }

  private static byte[] ascii(String text) {
    return text.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
  }

  private static Proxy start(Backend backend, String log) throws Exception {
    String yaml =
        BOOTSTRAP
            .replace("[LOG]", log.isEmpty() ? "[]" : "[" + log + "]")
            .replace("port_value: PORT", "port_value: " + backend.port());
    Proxy proxy = Proxy.start(ProxySettings.ofYaml(yaml, 1), ProxyEnvironment.ofProcess());
    proxy.ready().get();
    return proxy;
  }

  /** Answers every request with the same bytes. */
  private static final class Backend implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());

    Backend() throws IOException {
      Thread.ofPlatform().daemon().name("backend").start(this::run);
    }

    int port() {
      return server.getLocalPort();
    }

    private void run() {
      try (Socket socket = server.accept()) {
        socket.setTcpNoDelay(true);
        InputStream in = new BufferedInputStream(socket.getInputStream());
        OutputStream out = socket.getOutputStream();
        int ends = 0;
        for (int b = in.read(); b >= 0; b = in.read()) {
          ends = b == '\n' ? ends + 1 : b == '\r' ? ends : 0;
          if (ends == 2) {
            out.write(RESPONSE);
          }
        }
      } catch (IOException e) {
        // closed by the test
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  private static final class Client implements AutoCloseable {
    private final Socket socket;
    private final byte[] buffer = new byte[8192];

    Client(Proxy proxy) throws IOException {
      int port = proxy.listeners().getFirst().bound().getFirst().getPort();
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(10_000);
    }

    void requests(int count) throws IOException {
      InputStream in = socket.getInputStream();
      for (int i = 0; i < count; i++) {
        socket.getOutputStream().write(REQUEST);
        int have = 0;
        while (!isComplete(have)) {
          int read = in.read(buffer, have, buffer.length - have);
          if (read < 0) {
            throw new IOException("closed after " + i + " requests");
          }
          have += read;
        }
      }
    }

    /** The answer ends with the body, whose bytes stand nowhere else in this number. */
    private boolean isComplete(int have) {
      if (have < 1024 + 4) {
        return false;
      }
      int head = have - 1024;
      return buffer[head - 1] == '\n' && buffer[head - 2] == '\r' && buffer[head - 3] == '\n';
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
