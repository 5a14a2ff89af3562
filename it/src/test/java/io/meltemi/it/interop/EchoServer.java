package io.meltemi.it.interop;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;

/**
 * A backend that says who it is and what it received, one {@code name: value} per line: its own
 * name as {@code server}, then {@code method}, {@code path}, and every request header as {@code
 * h.NAME}. Paths that end in {@code /status/N}, {@code /delay/MILLIS} and {@code /flaky/K/KEY} (503
 * for the first K calls of a key) do what they say, as does the query {@code delay=1s}. A header
 * {@code x-echo-set-header: NAME:VALUE,...} asks for headers in the answer.
 */
final class EchoServer implements AutoCloseable {
  private final String name;
  private final HttpServer server;
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();

  EchoServer(String name) throws IOException {
    this(name, 0);
  }

  EchoServer(String name, int port) throws IOException {
    this(
        name,
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128));
  }

  /** One that speaks TLS, as whoever the context says. */
  static EchoServer secure(String name, SSLContext context) throws IOException {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return new EchoServer(name, server);
  }

  private EchoServer(String name, HttpServer server) {
    this.name = name;
    this.server = server;
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** {@code METHOD path host} of every request so far. */
  List<String> seen() {
    return List.copyOf(seen);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] request = exchange.getRequestBody().readAllBytes();
      String path = exchange.getRequestURI().toString();
      seen.add(
          exchange.getRequestMethod()
              + " "
              + path
              + " "
              + exchange.getRequestHeaders().getFirst("host"));
      String[] parts = exchange.getRequestURI().getPath().split("/");
      int status = 200;
      if (parts.length > 2 && parts[parts.length - 2].equals("status")) {
        status = Integer.parseInt(parts[parts.length - 1]);
      } else if (parts.length > 2 && parts[parts.length - 2].equals("delay")) {
        Thread.sleep(Long.parseLong(parts[parts.length - 1]));
      } else if (parts.length > 3 && parts[parts.length - 3].equals("flaky")) {
        int failures = Integer.parseInt(parts[parts.length - 2]);
        AtomicInteger count =
            calls.computeIfAbsent(parts[parts.length - 1], _ -> new AtomicInteger());
        status = count.incrementAndGet() <= failures ? 503 : 200;
      }
      String query = exchange.getRequestURI().getQuery();
      if (query != null && query.startsWith("delay=")) {
        Thread.sleep(Duration.parse("PT" + query.substring("delay=".length())));
      }
      StringBuilder text = new StringBuilder();
      text.append("server: ").append(name).append('\n');
      text.append("method: ").append(exchange.getRequestMethod()).append('\n');
      text.append("path: ").append(path).append('\n');
      text.append("body: ").append(request.length).append('\n');
      new TreeMap<>(exchange.getRequestHeaders())
          .forEach(
              (header, values) ->
                  text.append("h.")
                      .append(header.toLowerCase(java.util.Locale.ROOT))
                      .append(": ")
                      .append(String.join(",", values))
                      .append('\n'));
      byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("x-echo", name);
      exchange.getResponseHeaders().add("x-to-remove", "1");
      String asked = exchange.getRequestHeaders().getFirst("x-echo-set-header");
      if (asked != null) {
        for (String header : asked.split(",")) {
          String[] nameAndValue = header.split(":", 2);
          exchange.getResponseHeaders().add(nameAndValue[0].strip(), nameAndValue[1].strip());
        }
      }
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(
          status, head || status == 204 || status == 304 ? -1 : body.length);
      if (!head && status != 204 && status != 304) {
        exchange.getResponseBody().write(body);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
