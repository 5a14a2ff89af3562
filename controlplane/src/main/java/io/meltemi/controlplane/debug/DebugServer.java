package io.meltemi.controlplane.debug;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP server for the pages. Each request has its own virtual thread. */
public final class DebugServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DebugServer.class.getName());
  private static final int BACKLOG = 128;
  private final HttpServer server;
  private final ExecutorService threads;
  private final DebugPages pages;

  /**
   * Listens.
   *
   * @param name for the error when the address is taken
   */
  public DebugServer(String name, InetSocketAddress address, DebugPages pages) throws IOException {
    this.pages = pages;
    try {
      server = HttpServer.create(address, BACKLOG);
    } catch (IOException e) {
      throw new IOException(name + " address " + address + " cannot be used: " + e.getMessage(), e);
    }
    threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("debug-", 0).factory());
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      DebugPages.Page page = answer(exchange);
      byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", page.contentType());
      exchange.getResponseHeaders().set("x-content-type-options", "nosniff");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(page.status(), head || body.length == 0 ? -1 : body.length);
      if (!head && body.length > 0) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
    }
  }

  private DebugPages.Page answer(HttpExchange exchange) {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return DebugPages.Page.text(405, "method " + method + " (expected: GET)\n");
    }
    try {
      return pages.answer(
          exchange.getRequestURI(), exchange.getRemoteAddress().getAddress().isLoopbackAddress());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, exchange.getRequestURI() + " failed: " + e, e);
      return DebugPages.Page.text(500, "failed: " + e + "\n");
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
