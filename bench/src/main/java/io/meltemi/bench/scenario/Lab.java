package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Generator;
import io.meltemi.bench.load.Load;
import io.meltemi.bench.load.Wrk;
import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.CpuTime;
import io.meltemi.bench.process.Ports;
import io.meltemi.bench.process.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the scenarios of a run share: directory, child processes, backends, certificates. */
public final class Lab implements AutoCloseable {
  /** Bytes of the backend's usual answer. */
  static final int BODY_BYTES = 1024;

  /** Bytes of the answer to {@code /bulk}. */
  static final int BULK_BYTES = 1 << 20;

  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();
  private final Path directory;
  private final Children children;
  private final List<String> meltemi;
  private final Settings settings;
  private OptionalInt httpBackend = OptionalInt.empty();
  private OptionalInt http2Backend = OptionalInt.empty();
  private OptionalInt grpcBackend = OptionalInt.empty();
  private Optional<Certificates> certificates = Optional.empty();
  private final Map<String, Integer> controlPlanes = new HashMap<>();
  private int files;

  /**
   * A lab.
   *
   * @param directory for configuration and logs
   * @param meltemi the command that starts our executable, without arguments
   */
  public Lab(Path directory, Children children, List<String> meltemi, Settings settings) {
    this.directory = directory;
    this.children = children;
    this.meltemi = List.copyOf(meltemi);
    this.settings = settings;
  }

  Settings settings() {
    return settings;
  }

  Children children() {
    return children;
  }

  Path directory() {
    return directory;
  }

  List<String> meltemi() {
    return meltemi;
  }

  /** Writes a file whose name is new. */
  Path write(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(files++ + "-" + name), content);
  }

  /** Processor time that processes other than this run's used so far. */
  double othersCpuSeconds() throws IOException {
    return CpuTime.ofMachine().total() - children.cpu().total();
  }

  /** A directory whose name is new. */
  Path directory(String name) throws IOException {
    return Files.createDirectories(directory.resolve(files++ + "-" + name));
  }

  /** The strongest source of HTTP/1.1 load there is here. */
  Load http1Load(int connections) {
    return Tool.WRK.find().isPresent() ? new Wrk(connections) : Generator.closedLoop(connections);
  }

  /** Starts a proxy on a configuration; it may not listen yet. */
  Child proxy(PeerKind kind, String name, String configuration) throws IOException {
    Path file = write(name + (kind.takesBootstrap() ? ".yaml" : ".conf"), configuration);
    return children.start(name, kind.command(meltemi, file));
  }

  /**
   * Waits until a port accepts connections.
   *
   * @throws PeerException when the process ends before, with what it printed
   */
  void awaitListening(Child child, int port) throws IOException, InterruptedException {
    long end = System.nanoTime() + START_LIMIT.toNanos();
    while (!listens(port)) {
      if (!child.isAlive()) {
        throw new PeerException(refusal(child.output()));
      }
      if (System.nanoTime() > end) {
        throw new PeerException(
            child.name()
                + " does not listen after "
                + START_LIMIT.toSeconds()
                + " s: "
                + child.output());
      }
      Thread.sleep(20);
    }
  }

  /** The same for a process of ours or a backend, whose failure is no peer's. */
  void awaitBackend(Child child, int port) throws IOException, InterruptedException {
    try {
      awaitListening(child, port);
    } catch (PeerException e) {
      throw new IOException(child.name() + " did not start: " + child.output(), e);
    }
  }

  /** The telling part of what a proxy printed before it ended. */
  static String refusal(String output) {
    int refused = output.indexOf("cannot be served:");
    return "not served yet: "
        + (refused < 0 ? output : output.substring(output.indexOf('\n', refused) + 1))
            .replaceAll("(?m)^\\S*/([^/\\s]+:\\d+:\\d+: )", "$1")
            .strip();
  }

  private static boolean listens(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The body of a GET; fails when the status is not 200. */
  String get(int port, String path) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException("GET " + path + " answered " + response.statusCode());
    }
    return response.body();
  }

  /** Port of the plain-text HTTP/1.1 backend. */
  int httpBackend() throws IOException, InterruptedException {
    if (httpBackend.isEmpty()) {
      startBackends();
    }
    return httpBackend.orElseThrow();
  }

  /** Port of the HTTP/2 backend, with prior knowledge. */
  int http2Backend() throws IOException, InterruptedException {
    if (http2Backend.isEmpty()) {
      Tool.NGINX.require();
      startBackends();
    }
    return http2Backend.orElseThrow();
  }

  private void startBackends() throws IOException, InterruptedException {
    int port = Ports.free();
    if (Tool.NGINX.find().isEmpty()) {
      Child backend =
          children.start(
              "backend",
              Generator.java(
                  "HttpBackend", List.of(Integer.toString(port), Integer.toString(BODY_BYTES))));
      awaitBackend(backend, port);
      httpBackend = OptionalInt.of(port);
      return;
    }
    int second = Ports.free();
    Path home = directory("backend");
    Files.writeString(home.resolve("bulk"), "b".repeat(BULK_BYTES));
    String locations =
        """
        location / { return 200 "%s"; }
        location = /small { return 200 "x"; }
        location = /status { stub_status; }
        location = /bulk { root %s; }
        """
            .formatted("x".repeat(BODY_BYTES), home);
    String servers =
        """
        server { listen 127.0.0.1:%d backlog=4096; %s }
        server { listen 127.0.0.1:%d http2; %s }
        """
            .formatted(port, locations, second, locations);
    Child backend =
        children.start(
            "backend",
            PeerKind.NGINX.command(
                meltemi, write("backend.conf", NativeConfig.nginx(home, servers))));
    awaitBackend(backend, port);
    awaitBackend(backend, second);
    httpBackend = OptionalInt.of(port);
    http2Backend = OptionalInt.of(second);
  }

  /** Port of the gRPC backend. */
  int grpcBackend() throws IOException, InterruptedException {
    if (grpcBackend.isEmpty()) {
      int port = Ports.free();
      Child backend =
          children.start(
              "grpc-backend", Generator.java("GrpcBackend", List.of(Integer.toString(port))));
      awaitBackend(backend, port);
      grpcBackend = OptionalInt.of(port);
    }
    return grpcBackend.orElseThrow();
  }

  /** Requests that the HTTP/1.1 backend has seen, this question included. */
  long backendRequests() throws IOException, InterruptedException {
    String status = get(httpBackend(), "/status");
    String[] numbers = status.split("\n")[2].strip().split(" ");
    return Long.parseLong(numbers[2]);
  }

  /** xDS port of a control plane that is started at first use and lives as long as the lab. */
  int controlPlane(String name, ControlPlaneStart start) throws IOException, InterruptedException {
    Integer port = controlPlanes.get(name);
    if (port == null) {
      port = start.start();
      controlPlanes.put(name, port);
    }
    return port;
  }

  /** Starts a control plane: its xDS port. */
  @FunctionalInterface
  interface ControlPlaneStart {
    int start() throws IOException, InterruptedException;
  }

  Certificates certificates() throws IOException, InterruptedException {
    if (certificates.isEmpty()) {
      certificates = Optional.of(Certificates.make(directory("certificates")));
    }
    return certificates.get();
  }

  @Override
  public void close() {
    http.close();
    children.close();
  }
}
