package io.meltemi.proxy.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Serves the admin endpoints over HTTP. */
public final class AdminServer implements AutoCloseable {
  private static final int QUEUE_MAX = 64;
  private final HttpServer server;
  private final ThreadPoolExecutor executor;

  private AdminServer(HttpServer server, ThreadPoolExecutor executor) {
    this.server = server;
    this.executor = executor;
  }

  /**
   * Listens.
   *
   * @throws IOException naming the address when it cannot be bound
   */
  public static AdminServer start(InetSocketAddress address, AdminContext context)
      throws IOException {
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException(
          "admin address "
              + address.getHostString()
              + ":"
              + address.getPort()
              + ": "
              + e.getMessage(),
          e);
    }
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE_MAX),
            Thread.ofPlatform().daemon().name("admin").factory());
    executor.allowCoreThreadTimeOut(true);
    server.setExecutor(executor);
    AdminEndpoints endpoints = new AdminEndpoints(context);
    server.createContext("/", exchange -> serve(exchange, endpoints));
    server.start();
    return new AdminServer(server, executor);
  }

  private static void serve(HttpExchange exchange, AdminEndpoints endpoints) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      AdminReply reply;
      try {
        reply =
            endpoints.answer(
                exchange.getRequestMethod(),
                exchange.getRequestURI().getPath(),
                query(exchange.getRequestURI().getRawQuery()));
      } catch (RuntimeException e) {
        reply = AdminReply.text(500, "internal error: " + e + "\n");
      }
      byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", reply.contentType());
      exchange.getResponseHeaders().set("cache-control", "no-cache, max-age=0");
      exchange.getResponseHeaders().set("x-content-type-options", "nosniff");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(reply.status(), head || body.length == 0 ? -1 : body.length);
      if (!head && body.length > 0) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
      reply.afterwards().run();
    }
  }

  private static Map<String, String> query(@org.jspecify.annotations.Nullable String raw) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (raw != null) {
      for (String part : raw.split("&", 100)) {
        int equals = part.indexOf('=');
        parameters.put(
            decode(equals < 0 ? part : part.substring(0, equals)),
            equals < 0 ? "" : decode(part.substring(equals + 1)));
      }
    }
    return parameters;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }

  /** Where it really listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdown();
  }
}
