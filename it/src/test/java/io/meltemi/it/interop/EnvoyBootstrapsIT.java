package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.SharedFiles;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Bootstraps that people run, none written with our proxy in mind. Each is either served with the
 * same answers as Envoy gives or refused with a message that names what is missing.
 */
class EnvoyBootstrapsIT {
  /** Files whose listeners answered as Envoy's did; this number only grows. */
  private static final int SERVED_MIN = 21;

  private static final Duration READY_WAIT = Duration.ofSeconds(15);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  @Test
  void everyFileIsServedAsEnvoyDoesOrRefusedByName(@TempDir Path directory) throws Exception {
    Path corpus = SharedFiles.require("corpus/envoy-bootstraps");
    EnvoyBinary.require();
    Issued pki = TestPki.root("root");
    Map<String, String> outcome = new TreeMap<>();
    List<String> mistakes = new ArrayList<>();
    try (Stream<Path> files = Files.walk(corpus);
        EchoServer plain = new EchoServer("backend");
        EchoServer secure =
            EchoServer.secure("secure", pki.leaf(Leaf.named("secure")).context(pki))) {
      Backends backends = new Backends(plain.port(), secure.port());
      for (Path file : files.filter(f -> f.toString().matches(".*\\.ya?ml")).sorted().toList()) {
        String name = corpus.relativize(file).toString();
        Path work = Files.createDirectories(directory.resolve(name.replace('/', '-')));
        try {
          outcome.put(name, run(file, work, backends));
        } catch (AssertionError e) {
          outcome.put(name, "WRONG");
          mistakes.add(name + ": " + e.getMessage());
        }
      }
    }
    outcome.forEach((name, what) -> System.out.println("envoy-bootstraps " + name + ": " + what));
    long served = outcome.values().stream().filter(o -> o.startsWith("served")).count();
    System.out.println(
        "envoy-bootstraps: "
            + served
            + " of "
            + outcome.size()
            + " files served (floor "
            + SERVED_MIN
            + ")");
    assertEquals(List.of(), mistakes);
    assertTrue(
        served >= SERVED_MIN,
        () -> served + " files served (expected: at least " + SERVED_MIN + ")");
  }

  private String run(Path file, Path work, Backends backends) throws Exception {
    Rewritten ours = rewrite(file, backends);
    Program proxy = DataPlane.MELTEMI.start("ours", work, ours.yaml());
    try (proxy) {
      boolean ready = ready(proxy, ours);
      if (!ready && proxy.isAlive()) {
        Rewritten theirs = rewrite(file, backends);
        try (Program envoy = DataPlane.ENVOY.start("envoy", work, theirs.yaml())) {
          assertFalse(ready(envoy, theirs), "Envoy becomes ready, and ours does not");
          assertTrue(envoy.isAlive(), envoy::output);
          return "waits for its control plane, as Envoy does";
        }
      }
      if (!ready) {
        String said = proxy.output();
        assertFalse(said.contains("\tat "), () -> "a stack trace instead of a message:\n" + said);
        List<String> named =
            ours.types().stream()
                .filter(t -> said.contains(t.substring(t.lastIndexOf('.') + 1)))
                .toList();
        boolean field =
            Stream.of(
                    "transport_socket",
                    "grpc_services",
                    "load_stats",
                    "health_check",
                    "dynamic_resources",
                    "cluster_specifier",
                    "tracing",
                    "flags_path",
                    "enable_reuse_port")
                .anyMatch(said::contains);
        assertTrue(
            !named.isEmpty() || field, () -> "the refusal names nothing of the file:\n" + said);
        return "refused: " + said.strip().lines().reduce((a, b) -> b).orElse("");
      }
      Rewritten theirs = rewrite(file, backends);
      try (Program envoy = DataPlane.ENVOY.start("envoy", work, theirs.yaml())) {
        if (!ready(envoy, theirs)) {
          return "served by us only: "
              + envoy.output().strip().lines().reduce((a, b) -> b).orElse("");
        }
        int probes = 0;
        for (int i = 0; i < ours.probes().size(); i++) {
          Probe mine = ours.probes().get(i);
          Probe other = theirs.probes().get(i);
          assertEquals(answer(other), answer(mine), "answer to " + mine);
          probes++;
        }
        if (probes == 0) {
          return "accepted, nothing to probe";
        }
        return "served, " + probes + " probes alike";
      }
    }
  }

  private static boolean ready(Program program, Rewritten rewritten) throws InterruptedException {
    String url = "http://127.0.0.1:" + rewritten.admin() + "/ready";
    long end = System.nanoTime() + READY_WAIT.toNanos();
    while (program.isAlive() && System.nanoTime() < end) {
      if (Program.status(url) == 200) {
        return true;
      }
      Thread.sleep(50);
    }
    return false;
  }

  /** What can be compared of an answer: not dates, ids or ports. */
  private String answer(Probe probe) throws InterruptedException {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + probe.port() + probe.path()))
                  .header("host", probe.host())
                  .timeout(Duration.ofSeconds(20))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      Set<String> lines = new LinkedHashSet<>();
      int masked = 0;
      for (String line : response.body().lines().toList()) {
        String comparable = comparable(line);
        masked += line.length() - comparable.length();
        if (!comparable.isEmpty()) {
          lines.add(comparable);
        }
      }
      Map<String, List<String>> headers = new TreeMap<>(response.headers().map());
      for (String volatileHeader :
          List.of(
              "date", "x-envoy-upstream-service-time", "x-request-id", "x-b3-traceid", ":status")) {
        headers.remove(volatileHeader);
      }
      // ids in what the backend tells are of different lengths
      int maskedBytes = masked;
      headers.computeIfPresent(
          "content-length",
          (_, length) ->
              List.of(Integer.toString(Integer.parseInt(length.getFirst()) - maskedBytes)));
      return response.statusCode()
          + " "
          + headers.toString().replace(String.valueOf(probe.port()), "PORT")
          + " "
          + lines;
    } catch (IOException e) {
      return "no answer";
    }
  }

  /**
   * A line of what the backend tells, without ids; empty when it cannot be compared. A peer on the
   * loopback interface is told by Envoy with another address of the machine.
   */
  private static String comparable(String line) {
    if (line.matches("h\\.(x-request-id|traceparent|x-b3-.*|host|x-forwarded-for): .*")) {
      return "";
    }
    return line.replaceAll("(x-datadog-(trace|parent)-id: )\\d+", "$1ID")
        .replaceAll("(;p:|_dd\\.p\\.tid=)[0-9a-f]{16}", "$1ID");
  }

  /** The ports of what stands for every host that a file names. */
  private record Backends(int plain, int secure) {}

  private record Probe(int port, String host, String path) {}

  private record Rewritten(String yaml, int admin, List<Probe> probes, Set<String> types) {}

  @SuppressWarnings("unchecked") // the YAML library gives untyped trees
  private static Rewritten rewrite(Path file, Backends backends) throws IOException {
    Map<String, Object> root =
        (Map<String, Object>)
            new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
    int admin = Program.freePort();
    root.put(
        "admin",
        Map.of(
            "address",
            Map.of("socket_address", Map.of("address", "127.0.0.1", "port_value", admin))));
    Map<String, Object> resources =
        (Map<String, Object>) root.getOrDefault("static_resources", new LinkedHashMap<>());
    List<Probe> probes = new ArrayList<>();
    Map<Object, Integer> ports = new HashMap<>();
    for (Object listener : (List<Object>) resources.getOrDefault("listeners", List.of())) {
      Map<String, Object> map = (Map<String, Object>) listener;
      int port = Program.freePort();
      ((Map<String, Object>) map.getOrDefault("address", Map.of()))
          .replaceAll(
              (_, value) -> {
                Map<String, Object> socket = (Map<String, Object>) value;
                ports.put(socket.get("port_value"), port);
                socket.put("address", "127.0.0.1");
                socket.put("port_value", port);
                return socket;
              });
      probe(map, port, probes);
    }
    for (Object cluster : (List<Object>) resources.getOrDefault("clusters", List.of())) {
      Map<String, Object> settings = (Map<String, Object>) cluster;
      // how long a connect may take on a busy machine says nothing about the file
      settings.put("connect_timeout", "20s");
      boolean tls = settings.containsKey("transport_socket");
      walk(
          settings.get("load_assignment"),
          map -> {
            if (map.get("socket_address") instanceof Map<?, ?> socket) {
              Map<String, Object> address = (Map<String, Object>) socket;
              // a loopback endpoint on a listener's port is that listener: it stays a chain of two
              Integer own = ports.get(address.get("port_value"));
              boolean chained = own != null && "127.0.0.1".equals(address.get("address"));
              address.put("address", "127.0.0.1");
              address.put("port_value", chained ? own : tls ? backends.secure() : backends.plain());
            }
          });
    }
    Set<String> types = new TreeSet<>();
    walk(
        root,
        map -> {
          if (map.get("@type") instanceof String type) {
            types.add(type.substring(type.indexOf('/') + 1));
          }
        });
    return new Rewritten(
        new Dump(DumpSettings.builder().build()).dumpToString(root), admin, probes, types);
  }

  /** One request per virtual host and route, one for a path that no route has. */
  @SuppressWarnings("unchecked") // the YAML library gives untyped trees
  private static void probe(Map<String, Object> listener, int port, List<Probe> probes) {
    if (listener.toString().contains("transport_socket")
        || listener.containsKey("udp_listener_config")) {
      return;
    }
    if (listener.toString().contains("tcp_proxy")) {
      probes.add(new Probe(port, "probe.example", "/"));
      return;
    }
    walk(
        listener,
        map -> {
          if (map.get("virtual_hosts") instanceof List<?> hosts) {
            for (Object host : hosts) {
              Map<String, Object> virtualHost = (Map<String, Object>) host;
              for (Object domain : (List<Object>) virtualHost.getOrDefault("domains", List.of())) {
                String authority = domain.toString().replace("*", "probe.example");
                probes.add(new Probe(port, authority, "/no/such/path?x=1"));
                for (Object route : (List<Object>) virtualHost.getOrDefault("routes", List.of())) {
                  Map<String, Object> match =
                      (Map<String, Object>)
                          ((Map<String, Object>) route).getOrDefault("match", Map.of());
                  Object path = match.getOrDefault("prefix", match.getOrDefault("path", "/"));
                  probes.add(new Probe(port, authority, path.toString()));
                }
              }
            }
          }
        });
  }

  private interface Visitor {
    void visit(Map<String, Object> map);
  }

  @SuppressWarnings("unchecked") // the YAML library gives untyped trees
  private static void walk(@Nullable Object node, Visitor visitor) {
    if (node instanceof Map<?, ?> map) {
      visitor.visit((Map<String, Object>) map);
      new ArrayList<>(map.values()).forEach(v -> walk(v, visitor));
    } else if (node instanceof List<?> list) {
      list.forEach(v -> walk(v, visitor));
    }
  }
}
