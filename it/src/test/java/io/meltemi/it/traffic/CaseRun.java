package io.meltemi.it.traffic;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One case over one world. */
final class CaseRun {
  /** Steps that ask no proxy. */
  static final Set<String> JUDGEMENTS = Set.of("name", "refused", "accepted", "warned");

  private static final double WITHIN_SECONDS = 12;
  private static final List<String> STEP =
      List.of(
          "name",
          "from",
          "request",
          "expect",
          "within_s",
          "hold_s",
          "mesh",
          "apply",
          "delete",
          "endpoints",
          "ready",
          "background",
          "join",
          "seen",
          "log",
          "stats",
          "xds",
          "debug",
          "problem",
          "status",
          "refused",
          "accepted",
          "warned");

  private final World world;
  private final TrafficCase test;
  private final Path resources;
  private final boolean blank;
  private final Macros macros;
  private final Sightings sightings;
  private final Map<String, String> documents = new LinkedHashMap<>();
  private final Map<String, CompletableFuture<List<Answer>>> background = new HashMap<>();
  private final Set<String> without = new TreeSet<>();
  private final Set<String> unready = new TreeSet<>();
  private String meshConfig = "{}";
  private String networks = "{}";
  private int step;

  CaseRun(World world, TrafficCase test, Path resources, boolean blank) {
    this.world = world;
    this.test = test;
    this.resources = resources;
    this.blank = blank;
    this.macros = new Macros(world, test.name());
    this.sightings = new Sightings(world);
  }

  /** Runs all steps; the failure says which step it was, what came, and what programs printed. */
  void run() throws InterruptedException {
    try {
      if (!test.steps().stream().allMatch(each -> JUDGEMENTS.containsAll(each.keySet()))) {
        prepare();
      }
      for (Map<String, Object> each : test.steps()) {
        step++;
        step(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "%s on %s, step %d of %d: %s\n%s"
              .formatted(
                  test,
                  world.dataPlane,
                  step,
                  test.steps().size(),
                  e.getMessage(),
                  sightings.logs()),
          e);
    } finally {
      background.values().forEach(each -> each.handle((_, _) -> 0).join());
    }
  }

  private void prepare() throws IOException, InterruptedException {
    Map<String, Topology.Pod> pods = new LinkedHashMap<>();
    Expectation.map(test.terms().get("workloads"))
        .forEach((name, written) -> pods.put(name, world.topology.pod(name, written)));
    macros.pods(pods);
    world.pods(pods, test.certificates());
    world.forget();
    for (String pod : world.pods().keySet()) {
      sightings.skipLog(pod);
    }
    sightings.skipLog("control-plane");
    for (Map<String, Object> each : test.steps()) {
      if (each.get("stats") != null) {
        String pod = Expectation.map(each.get("stats")).getOrDefault("pod", "client").toString();
        sightings.skipStats(pod);
      }
    }
    mesh(test.terms().get("meshConfig"));
    if (!blank) {
      Map<String, Object> written = Expectation.map(macros.deep(test.terms().get("networks")));
      networks = written.isEmpty() ? "{}" : Json.write(Map.of("networks", written));
    }
    if (test.certificates()) {
      apply(Files.readString(resources.resolve("fixtures/certified.yaml")));
    }
    for (Object fixture : Expectation.list(test.terms().get("use"))) {
      apply(Files.readString(resources.resolve("fixtures/" + fixture + ".yaml")));
    }
    apply(test.text("config"));
    settle();
  }

  private void settle() throws IOException, InterruptedException {
    world.endpoints(services(), without, unready);
    world.apply(documents, meshConfig, networks);
    world.settle();
  }

  /** The services a case brings, as the topology writes its own; none that brings endpoints too. */
  private Map<String, Object> services() {
    Map<String, Object> services = new LinkedHashMap<>();
    documents.forEach(
        (key, text) -> {
          String[] parts = key.split(" ");
          if (!parts[0].equals("Service")) {
            return;
          }
          Object document = TrafficCase.load(text).getFirst();
          Object selector = Json.at(document, "spec.selector");
          if (selector == null
              || documents.values().stream()
                  .anyMatch(other -> other.contains("kubernetes.io/service-name: " + parts[2]))) {
            return;
          }
          List<Object> ports = new ArrayList<>();
          for (Object port : Expectation.list(Json.at(document, "spec.ports"))) {
            Map<String, Object> terms = Expectation.map(port);
            terms.putIfAbsent("targetPort", terms.get("port"));
            terms.putIfAbsent("name", "");
            ports.add(terms);
          }
          Map<String, Object> service = new LinkedHashMap<>();
          service.put("selector", selector);
          service.put("ports", ports);
          Object address = Json.at(document, "spec.clusterIP");
          if (address != null) {
            service.put("vip", address);
          }
          services.put(parts[2] + "." + parts[1], service);
        });
    return services;
  }

  private void mesh(@Nullable Object written) {
    Map<String, Object> mesh = new LinkedHashMap<>();
    mesh.put("accessLogFile", "/dev/stdout");
    mesh.put("accessLogEncoding", "JSON");
    if (!blank) {
      mesh.putAll(Expectation.map(macros.deep(written)));
    }
    meshConfig = Json.write(mesh);
  }

  /** {@code kind namespace name} of each document of a text. */
  private Map<String, String> split(String yaml) {
    Map<String, String> found = new LinkedHashMap<>();
    for (String text : macros.expand(yaml).split("(?m)^---.*$", -1)) {
      for (Object document : TrafficCase.load(text)) {
        Map<String, Object> root = Expectation.map(document);
        Map<String, Object> metadata = Expectation.map(root.get("metadata"));
        found.put(
            root.get("kind")
                + " "
                + metadata.getOrDefault("namespace", "")
                + " "
                + metadata.get("name"),
            text);
      }
    }
    return found;
  }

  private void apply(String yaml) {
    split(yaml)
        .forEach(
            (key, text) -> {
              boolean istio = text.contains("istio.io/") || text.contains("networking.k8s.io/");
              if (!blank || !istio) {
                documents.put(key, text);
              }
            });
  }

  // ---- steps

  private interface Attempt {
    /** Why it does not hold; empty when it does. */
    String why() throws IOException, InterruptedException;
  }

  private void step(Map<String, Object> terms) throws IOException, InterruptedException {
    for (String key : terms.keySet()) {
      if (!STEP.contains(key)) {
        throw new IllegalArgumentException("unknown in a step: " + key);
      }
    }
    change(terms);
    String from = terms.getOrDefault("from", "client").toString();
    if (terms.containsKey("background")) {
      Call call = Call.of(Objects.requireNonNull(macros.deep(terms.get("request"))));
      background.put(
          terms.get("background").toString(),
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return world.call(from, call);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                  return List.of();
                }
              },
              task -> Thread.ofVirtual().start(task)));
      return;
    }
    if (terms.containsKey("join")) {
      List<Answer> answers =
          Objects.requireNonNull(background.remove(terms.get("join").toString())).join();
      check(Expectation.why(expected(terms), answers));
      return;
    }
    if (terms.containsKey("request")) {
      poll(
          terms,
          () ->
              Expectation.why(
                  expected(terms),
                  world.call(
                      from, Call.of(Objects.requireNonNull(macros.deep(terms.get("request")))))));
    }
    observe(terms);
  }

  private Object expected(Map<String, Object> terms) {
    return Objects.requireNonNullElse(macros.deep(terms.get("expect")), 200);
  }

  private void change(Map<String, Object> terms) throws IOException, InterruptedException {
    boolean changed = false;
    if (terms.containsKey("mesh")) {
      mesh(terms.get("mesh"));
      changed = true;
    }
    if (terms.containsKey("apply")) {
      apply(terms.get("apply").toString());
      changed = true;
    }
    if (terms.containsKey("delete")) {
      split(terms.get("delete").toString()).keySet().forEach(documents::remove);
      changed = true;
    }
    if (terms.containsKey("endpoints")) {
      Map<String, Object> endpoints = Expectation.map(terms.get("endpoints"));
      String service = endpoints.get("service") + "/";
      without.removeIf(each -> each.startsWith(service));
      Expectation.list(endpoints.get("without")).forEach(pod -> without.add(service + pod));
      changed = true;
    }
    if (terms.containsKey("ready")) {
      Expectation.map(terms.get("ready"))
          .forEach(
              (pod, ready) -> {
                if (Boolean.TRUE.equals(ready)) {
                  unready.remove(pod);
                } else {
                  unready.add(pod);
                }
              });
      changed = true;
    }
    if (changed) {
      settle();
    }
  }

  private void observe(Map<String, Object> terms) throws IOException, InterruptedException {
    for (String kind : Sightings.KINDS) {
      if (terms.containsKey(kind)) {
        Object expected = macros.deep(terms.get(kind));
        poll(terms, () -> sightings.why(kind, expected));
      }
    }
    for (String verdict : List.of("refused", "warned", "accepted")) {
      if (terms.containsKey(verdict)) {
        for (Object each : Expectation.list(terms.get(verdict))) {
          Map<String, Object> judged =
              each instanceof Map ? Expectation.map(each) : Map.of("config", each);
          Judgement.check(
              verdict,
              macros.expand(judged.getOrDefault("config", "").toString()),
              Expectation.list(judged.get("says")),
              test + ".yaml");
        }
      }
    }
  }

  private static void check(String reason) {
    if (!reason.isEmpty()) {
      throw new AssertionError(reason);
    }
  }

  private void poll(Map<String, Object> terms, Attempt attempt)
      throws IOException, InterruptedException {
    double within =
        blank
            ? 0.5
            : Double.parseDouble(terms.getOrDefault("within_s", WITHIN_SECONDS).toString())
                * world.around.scale();
    long end = System.nanoTime() + (long) (within * 1e9);
    String reason;
    int tries = 0;
    while (!(reason = attempt.why()).isEmpty()) {
      tries++;
      if (System.nanoTime() > end) {
        throw new AssertionError(reason + " (" + tries + " tries)");
      }
      Thread.sleep(Math.min(20L * tries, 300));
    }
    long held =
        System.nanoTime()
            + (long) (Double.parseDouble(terms.getOrDefault("hold_s", 0).toString()) * 1e9);
    while (System.nanoTime() < held) {
      Thread.sleep(100);
      reason = attempt.why();
      check(reason.isEmpty() ? "" : "held at first, then: " + reason);
    }
  }
}
