package io.meltemi.samples.bookinfo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;

/** The HTTP server of one app: a virtual thread per request, {@code /health}, orderly stop. */
final class AppServer implements AutoCloseable {
  static final String VERSION_HEADER = "x-service-version";
  static final String POD_HEADER = "x-pod-name";

  private static final int BODY_BYTES_MAX = 64 * 1024;
  private static final int STOP_SECONDS = 3;

  /** Answers the requests of one app. */
  interface Handler {
    Reply handle(HttpExchange exchange) throws IOException;
  }

  /**
   * An answer.
   *
   * @param headers beside the content type
   */
  record Reply(int status, String type, String body, Map<String, String> headers) {
    Reply {
      headers = Map.copyOf(headers);
    }

    static Reply json(int status, Object value) {
      return new Reply(status, "application/json", Json.write(value), Map.of());
    }

    static Reply error(int status, String text) {
      return json(status, Map.of("error", text));
    }

    static Reply html(int status, String body) {
      return new Reply(status, "text/html; charset=utf-8", body, Map.of());
    }

    static Reply redirect(String location, Map<String, String> headers) {
      Map<String, String> all = new LinkedHashMap<>(headers);
      all.put("location", location);
      return new Reply(302, "text/plain", "", all);
    }
  }

  private final HttpServer server;
  private final String name;
  private final Environment environment;

  private AppServer(HttpServer server, String name, Environment environment) {
    this.server = server;
    this.name = name;
    this.environment = environment;
  }

  /**
   * Listens and answers.
   *
   * @throws IOException when the port is taken
   */
  static AppServer start(String name, Environment environment, Handler handler) throws IOException {
    InetSocketAddress address = new InetSocketAddress(environment.listenHost(), environment.port());
    HttpServer http = HttpServer.create(address, 0);
    AppServer app = new AppServer(http, name, environment);
    http.createContext("/", exchange -> app.serve(exchange, handler));
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.start();
    System.out.printf(
        "%s %s (%s) listens on %s:%d%n",
        name, environment.version(), environment.podName(), environment.listenHost(), app.port());
    return app;
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** The body of a request, at most 64 KiB of it. */
  static String body(HttpExchange exchange) throws IOException {
    try (InputStream in = exchange.getRequestBody()) {
      return new String(in.readNBytes(BODY_BYTES_MAX), StandardCharsets.UTF_8);
    }
  }

  private void serve(HttpExchange exchange, Handler handler) throws IOException {
    try (exchange) {
      long start = System.nanoTime();
      Reply reply = reply(exchange, handler);
      byte[] bytes = reply.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", reply.type());
      exchange.getResponseHeaders().set(VERSION_HEADER, environment.version());
      exchange.getResponseHeaders().set(POD_HEADER, environment.podName());
      reply.headers().forEach(exchange.getResponseHeaders()::set);
      boolean bodiless = bytes.length == 0 || exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(reply.status(), bodiless ? -1 : bytes.length);
      if (!bodiless) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(bytes);
        }
      }
      if (environment.flag("LOG_REQUESTS")) {
        System.out.printf(
            "%s %s %d %d ms%n",
            exchange.getRequestMethod(),
            exchange.getRequestURI(),
            reply.status(),
            (System.nanoTime() - start) / 1_000_000);
      }
    }
  }

  private Reply reply(HttpExchange exchange, Handler handler) {
    try {
      if (exchange.getRequestURI().getPath().equals("/health")) {
        String display = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        return Reply.json(200, Map.of("status", display + " is healthy"));
      }
      return handler.handle(exchange);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (IllegalArgumentException e) {
      return Reply.error(400, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      System.err.println("failed to answer " + exchange.getRequestURI());
      e.printStackTrace();
      return Reply.error(500, "the " + name + " service failed; its log says why");
    }
  }

  /** Stops listening, lets running requests end for a few seconds. */
  @Override
  public void close() {
    server.stop(STOP_SECONDS);
  }
}
