package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
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

  /** The same with a line in a file for each request, in Envoy's default format. */
  private static final long LOGGED_BYTES_MAX = 64;

  /** The same for a request of HTTP/2 that goes on as one of HTTP/1.1. */
  private static final long HTTP2_BYTES_MAX = 16;

  private static final int WARM_UP = 20_000;
  private static final int REQUESTS = 20_000;
  private static final int TURNS = 5;

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
        RunningProxy proxy = start(backend, "");
        Client client = new Client(proxy)) {
      assertAllocated(ALLOCATED_BYTES_MAX, client::requests);
    }
  }

  @Test
  void loggedRequestsAllocateNothing() throws Exception {
    Path log = directory.resolve("allocated.log");
    try (Backend backend = new Backend();
        RunningProxy proxy = start(backend, LOG.replace("PATH", log.toString()));
        Client client = new Client(proxy)) {
      assertAllocated(LOGGED_BYTES_MAX, client::requests);
    }
  }

  @Test
  void http2RequestsAllocateNothing() throws Exception {
    try (Backend backend = new Backend();
        RunningProxy proxy = start(backend, "");
        Http2Caller caller = new Http2Caller(proxy)) {
      assertAllocated(HTTP2_BYTES_MAX, caller::requests);
    }
  }

  private interface Caller {
    void requests(int count) throws IOException;
  }

  /**
   * By the thread's own counter, once all code is compiled. The least of several turns counts: what
   * each request allocates shows in all of them, a buffer that grew once only in one.
   */
  private static void assertAllocated(long max, Caller caller) throws IOException {
    caller.requests(WARM_UP);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long worker = workerThread(threads);
    long least = Long.MAX_VALUE;
    for (int turn = 0; turn < TURNS; turn++) {
      long before = threads.getThreadAllocatedBytes(worker);
      caller.requests(REQUESTS / TURNS);
      long each = (threads.getThreadAllocatedBytes(worker) - before) / (REQUESTS / TURNS);
      least = Math.min(least, each);
    }
    assertTrue(least <= max, least + " bytes for each request (expected: at most " + max + ")");
  }

  @Test
  void loopsNeverBlock() throws Exception {
    Path log = directory.resolve("access.log");
    Path events = directory.resolve("events.jfr");
    try (Backend backend = new Backend();
        RunningProxy proxy = start(backend, LOG.replace("PATH", log.toString()));
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
          && !isOwnSocket(event)
          && !isClassLoading(event)) {
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

  /** A class that is used for the first time is read from its jar. */
  private static boolean isClassLoading(RecordedEvent event) {
    return event.getStackTrace() != null
        && event.getStackTrace().getFrames().stream()
            .map(RecordedFrame::getMethod)
            .anyMatch(method -> method.getType().getName().startsWith("jdk.internal.loader."));
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

  private static RunningProxy start(Backend backend, String log) throws Exception {
    String yaml =
        BOOTSTRAP
            .replace("[LOG]", log.isEmpty() ? "[]" : "[" + log + "]")
            .replace("port_value: PORT", "port_value: " + backend.port());
    return RunningProxy.start(yaml).awaitReady();
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

    Client(RunningProxy proxy) throws IOException {
      socket = proxy.connect();
      socket.setTcpNoDelay(true);
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

  /** One connection of HTTP/2 with prior knowledge, one stream after the other. */
  private static final class Http2Caller implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int GO_AWAY = 7;
    private static final int END_STREAM = 1;

    private final Socket socket;
    private final DataInputStream in;
    private final ByteBuffer request;
    private final byte[] payload = new byte[16_384];
    private int streamId = -1;

    Http2Caller(RunningProxy proxy) throws IOException {
      socket = proxy.connect();
      socket.setTcpNoDelay(true);
      in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
      ByteBuffer opening = ByteBuffer.allocate(64);
      opening.put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      frame(opening, 4, 0, 0, 0);
      // a window of the connection that lasts for the test
      frame(opening, 8, 0, 0, 4).putInt(Integer.MAX_VALUE - 65_535);
      socket.getOutputStream().write(opening.array(), 0, opening.position());
      byte[] authority = "reviews".getBytes(StandardCharsets.US_ASCII);
      // GET, http, / and a literal :authority, by HPACK's static table
      request = ByteBuffer.allocate(9 + 5 + authority.length);
      frame(request, HEADERS, 4 | END_STREAM, 0, 5 + authority.length);
      request.put(new byte[] {(byte) 0x82, (byte) 0x86, (byte) 0x84, 0x01});
      request.put((byte) authority.length).put(authority);
    }

    private static ByteBuffer frame(ByteBuffer out, int type, int flags, int stream, int length) {
      return out.put((byte) (length >> 16))
          .putShort((short) length)
          .put((byte) type)
          .put((byte) flags)
          .putInt(stream);
    }

    void requests(int count) throws IOException {
      for (int i = 0; i < count; i++) {
        streamId += 2;
        request.putInt(5, streamId);
        socket.getOutputStream().write(request.array());
        awaitEnd();
      }
    }

    private void awaitEnd() throws IOException {
      while (true) {
        int start = in.readInt();
        int length = start >>> 8;
        int type = start & 0xff;
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        in.readFully(payload, 0, length);
        if (type == GO_AWAY || type == 3) {
          throw new IOException("frame of type " + type + " for stream " + stream);
        }
        if (stream == streamId && (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) {
          return;
        }
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
