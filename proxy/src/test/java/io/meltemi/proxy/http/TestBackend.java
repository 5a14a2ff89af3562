package io.meltemi.proxy.http;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server that reads requests in a simple way and answers what a test tells it, byte for byte. */
final class TestBackend implements AutoCloseable {
  static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

  /** A request as it came. */
  record Request(String head, String text, int connection, int number) {
    String line() {
      return head.substring(0, head.indexOf("\r\n"));
    }

    @Nullable String header(String name) {
      for (String line : head.split("\r\n", -1)) {
        if (line.startsWith(name + ": ")) {
          return line.substring(name.length() + 2);
        }
      }
      return null;
    }
  }

  /** Writes the answer; closing the stream's socket ends the connection. */
  interface Handler {
    void handle(Request request, OutputStream out, Socket socket) throws Exception;
  }

  private static final long CLOSE_MILLIS_MAX = 10_000;

  final List<Request> requests = new CopyOnWriteArrayList<>();
  final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket server;
  private final Handler handler;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Thread accepting;

  TestBackend(Handler handler) throws IOException {
    this.handler = handler;
    this.server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
    this.accepting = Thread.ofVirtual().unstarted(this::accept);
    accepting.start();
  }

  /** Always the same answer. */
  static TestBackend answering(String answer) throws IOException {
    return new TestBackend((_, out, _) -> out.write(answer.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** The same answer once it is let go. */
  static TestBackend answeringAfter(CountDownLatch held, String answer) throws IOException {
    return new TestBackend(
        (_, out, _) -> {
          held.await(10, TimeUnit.SECONDS);
          out.write(answer.getBytes(StandardCharsets.ISO_8859_1));
        });
  }

  /** The path of each request. */
  static TestBackend tellingPaths() throws IOException {
    return new TestBackend(
        (request, out, _) -> {
          String path = request.line().split(" ")[1];
          out.write(
              ("HTTP/1.1 200 OK\r\ncontent-length: " + path.length() + "\r\n\r\n" + path)
                  .getBytes(StandardCharsets.ISO_8859_1));
        });
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort());
  }

  void closeConnections() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        sockets.add(socket);
        int number = connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(socket, number));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket, int connection) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      for (int number = 1; ; number++) {
        String head = readHead(in);
        if (head.isEmpty()) {
          return;
        }
        Request request =
            new Request(
                head,
                new String(readBody(head, in), StandardCharsets.ISO_8859_1),
                connection,
                number);
        requests.add(request);
        handler.handle(request, out, socket);
        out.flush();
      }
    } catch (Exception e) {
      // the proxy or the test has closed the connection
    } finally {
      sockets.remove(socket);
    }
  }

  static String readHead(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int matched = 0;
    while (matched < 4) {
      int b = in.read();
      if (b < 0) {
        return "";
      }
      head.write(b);
      matched = b == (matched % 2 == 0 ? '\r' : '\n') ? matched + 1 : b == '\r' ? 1 : 0;
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  static byte[] readBody(String head, InputStream in) throws IOException {
    String lower = head.toLowerCase(java.util.Locale.ROOT);
    int at = lower.indexOf("\r\ncontent-length: ");
    if (at >= 0) {
      int end = lower.indexOf("\r\n", at + 2);
      return in.readNBytes(Integer.parseInt(lower.substring(at + 18, end)));
    }
    if (!lower.contains("\r\ntransfer-encoding: chunked")) {
      return new byte[0];
    }
    return readChunks(in);
  }

  static byte[] readChunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = Integer.parseInt(readLine(in), 16);
      if (size == 0) {
        String line = readLine(in);
        while (!line.isEmpty()) {
          body.writeBytes(("[" + line + "]").getBytes(StandardCharsets.ISO_8859_1));
          line = readLine(in);
        }
        return body.toByteArray();
      }
      body.write(in.readNBytes(size));
      readLine(in);
    }
  }

  private static String readLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int b = in.read();
    while (b >= 0 && b != '\r') {
      line.append((char) b);
      b = in.read();
    }
    in.read();
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    closeConnections();
    try {
      // the port takes connections until a virtual thread that waits for one has ended
      accepting.join(CLOSE_MILLIS_MAX);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
