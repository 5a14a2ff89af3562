package io.meltemi.cli.command.rehearse;

import com.sun.net.httpserver.HttpServer;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneSettings;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Runs a proxy under a JVM that records, through what a sidecar does: a static and a dynamic
 * configuration, requests with and without bodies, and the admin pages that are scraped. Some
 * requests pass the proxy twice more, over mutual TLS with either version of HTTP and through its
 * TCP proxy. What it loads ends in its cache and is paid for by every proxy, in memory too: pages
 * that people look at are left out.
 *
 * <p>{@code ProxyRehearsal HOME java OPTION...}: HOME has the jars in {@code lib}; writes {@code
 * meltemi-proxy.jar} and {@code meltemi-proxy.aot} there.
 */
final class ProxyRehearsal {
  private static final long TRAFFIC_NANOS = 4_000_000_000L;
  private static final int CONNECTIONS = 4;
  private static final List<String> PAGES = List.of("/ready", "/stats", "/stats/prometheus");

  private final Path home;
  private final List<String> java;
  private final Path directory;

  private ProxyRehearsal(Path home, List<String> java, Path directory) {
    this.home = home;
    this.java = java;
    this.directory = directory;
  }

  /** See the class. */
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]);
    List<String> java = List.of(arguments).subList(1, arguments.length);
    Path jar = home.resolve("meltemi-proxy.jar");
    ProxyJar.write(home.resolve("lib"), jar);
    Path directory = Files.createTempDirectory("meltemi-rehearsal");
    System.exit(new ProxyRehearsal(home, java, directory).run(jar) ? 0 : 1);
  }

  private boolean run(Path jar) throws IOException, InterruptedException {
    HttpServer backend =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    backend.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          byte[] body = "x".repeat(1024).getBytes(StandardCharsets.US_ASCII);
          boolean chunked = exchange.getRequestURI().getPath().startsWith("/chunked");
          exchange.sendResponseHeaders(200, chunked ? 0 : body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    backend.start();
    int listenerPort = freePort();
    try (ControlPlane controlPlane = controlPlane(backend.getAddress().getPort())) {
      int xdsPort = controlPlane.grpcAddress().orElseThrow().port();
      Path admin = directory.resolve("admin");
      Path bootstrap = directory.resolve("bootstrap.yaml");
      Files.writeString(
          bootstrap,
          new RehearsalBootstrap(
                  listenerPort,
                  freePort(),
                  freePort(),
                  backend.getAddress().getPort(),
                  xdsPort,
                  directory,
                  RehearsalIdentity.tlsContext(directory))
              .yaml());
      Process proxy = start(jar, bootstrap, admin);
      try {
        return drive(proxy, listenerPort, admin);
      } finally {
        proxy.destroyForcibly();
      }
    } finally {
      backend.stop(0);
    }
  }

  private ControlPlane controlPlane(int backendPort) throws IOException {
    Path configuration = Files.createDirectory(directory.resolve("conf"));
    Files.writeString(
        configuration.resolve("service.yaml"),
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: backend, namespace: default}
        spec:
          hosts: [backend.example.com]
          location: MESH_INTERNAL
          resolution: STATIC
          ports: [{number: 80, name: http, protocol: HTTP}]
          endpoints: [{address: 127.0.0.1, ports: {http: %d}}]
        """
            .formatted(backendPort));
    return ControlPlane.start(
        ControlPlaneSettings.DEFAULT.withListen(
            new ControlPlaneSettings.Listen(
                Optional.of(new HostPort("127.0.0.1", 0)), Optional.empty(), Optional.empty(), "")),
        new ConfigStore(),
        List.of(
            new FileSource(
                FileSourceSettings.recursive(configuration),
                new ResourceDecoder(Kinds.ALL),
                Ticker.system())));
  }

  private Process start(Path jar, Path bootstrap, Path admin) throws IOException {
    List<String> command = new ArrayList<>(java);
    command.add("-XX:AOTCacheOutput=" + home.resolve("meltemi-proxy.aot"));
    command.add("-cp");
    command.add(jar.toString());
    command.add("io.meltemi.cli.Main");
    command.addAll(
        List.of(
            "proxy",
            "-c",
            bootstrap.toString(),
            "--concurrency",
            "1",
            "--admin-address-path",
            admin.toString(),
            "--log-level",
            "error"));
    return new ProcessBuilder(command).inheritIO().start();
  }

  private static boolean drive(Process proxy, int port, Path admin)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!answers(port)) {
      if (!proxy.isAlive() || System.nanoTime() - deadline > 0) {
        return false;
      }
      Thread.sleep(50);
    }
    List<Thread> clients = new ArrayList<>();
    long end = System.nanoTime() + TRAFFIC_NANOS;
    for (int i = 0; i < CONNECTIONS; i++) {
      String path = List.of("/a?b=c", "/tls", "/h2", "/a").get(i);
      clients.add(Thread.ofPlatform().start(() -> traffic(port, path, end)));
    }
    for (Thread client : clients) {
      client.join();
    }
    HostPort address = HostPort.parse(Files.readString(admin).strip());
    for (String page : PAGES) {
      request(address.port(), "GET", page);
    }
    request(address.port(), "POST", "/quitquitquit");
    return proxy.waitFor(120, TimeUnit.SECONDS) && proxy.exitValue() == 0;
  }

  private static boolean answers(int port) {
    try {
      request(port, "GET", "/");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void traffic(int port, String path, long end) {
    String get = "GET " + path + " HTTP/1.1\r\nHost: backend\r\nUser-Agent: rehearsal\r\n\r\n";
    String chunked = "GET /chunked HTTP/1.1\r\nHost: backend\r\nAccept: */*\r\n\r\n";
    String post =
        "POST /p HTTP/1.1\r\nHost: backend\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
    String postChunked =
        "POST /p HTTP/1.1\r\nHost: backend\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    String missing = "GET /none HTTP/1.1\r\nHost: none.example.com\r\n\r\n";
    try {
      while (System.nanoTime() - end < 0) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          socket.setSoTimeout(10_000);
          socket.setTcpNoDelay(true);
          InputStream in = new BufferedInputStream(socket.getInputStream());
          for (int i = 0; i < 2000 && System.nanoTime() - end < 0; i++) {
            String next =
                switch (i % 50) {
                  case 10 -> chunked;
                  case 20 -> post;
                  case 30 -> postChunked;
                  case 40 -> missing;
                  default -> get;
                };
            socket.getOutputStream().write(next.getBytes(StandardCharsets.US_ASCII));
            readResponse(in);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads one response by its length or its chunks. */
  private static void readResponse(InputStream in) throws IOException {
    long length = 0;
    boolean chunked = false;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = true;
      }
    }
    if (!chunked) {
      in.skipNBytes(length);
      return;
    }
    for (int size = Integer.parseInt(line(in), 16);
        size > 0;
        size = Integer.parseInt(line(in), 16)) {
      in.skipNBytes(size + 2L);
    }
    line(in);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the proxy closed the connection");
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  private static void request(int port, String method, String path) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              (method
                      + " "
                      + path
                      + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().readAllBytes();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
