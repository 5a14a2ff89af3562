package io.meltemi.it.traffic;

import io.meltemi.common.validation.Violation;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.testing.WasmModules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One case over one world. */
final class CaseRun {
  private static final Pattern MACRO = Pattern.compile("\\$\\(([^()]+)\\)");
  private static final AtomicLong UNIQUE = new AtomicLong();

  /** Steps that ask no proxy. */
  static final Set<String> JUDGEMENTS = Set.of("name", "refused", "accepted", "warned");

  private static final double WITHIN_SECONDS = 12;
  private static final int LOG_SHOWN_CHARS = 2500;
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
  private final Map<String, String> documents = new LinkedHashMap<>();
  private final Map<String, CompletableFuture<List<Answer>>> background = new HashMap<>();
  private final Map<String, Integer> logStarts = new HashMap<>();
  private final Map<String, Map<String, Double>> statStarts = new HashMap<>();
  private final Set<String> without = new TreeSet<>();
  private final Set<String> unready = new TreeSet<>();
  private Map<String, Topology.Pod> extra = Map.of();
  private String meshConfig = "{}";
  private String networks = "{}";
  private int step;

  CaseRun(World world, TrafficCase test, Path resources, boolean blank) {
    this.world = world;
    this.test = test;
    this.resources = resources;
    this.blank = blank;
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
              .formatted(test, world.dataPlane, step, test.steps().size(), e.getMessage(), logs()),
          e);
    } finally {
      background.values().forEach(each -> each.handle((_, _) -> 0).join());
    }
  }

  private String logs() {
    StringBuilder text = new StringBuilder();
    logStarts.forEach(
        (pod, start) -> {
          String log = world.output(pod);
          StringBuilder tail = new StringBuilder();
          log.substring(Math.min(start, log.length()))
              .lines()
              .filter(line -> !line.contains("marker.mx.test") && !line.contains("Deprecated"))
              .forEach(line -> tail.append(line).append('\n'));
          if (!tail.isEmpty()) {
            text.append("--- ").append(pod).append('\n');
            text.append(tail.substring(Math.max(0, tail.length() - LOG_SHOWN_CHARS)));
          }
        });
    return text.toString();
  }

  private void prepare() throws IOException, InterruptedException {
    Map<String, Topology.Pod> pods = new LinkedHashMap<>();
    Expectation.map(test.terms().get("workloads"))
        .forEach((name, written) -> pods.put(name, world.topology.pod(name, written)));
    extra = pods;
    world.pods(extra, test.certificates());
    world.forget();
    for (String pod : world.pods().keySet()) {
      logStarts.put(pod, world.output(pod).length());
    }
    logStarts.put("control-plane", world.output("control-plane").length());
    for (Map<String, Object> each : test.steps()) {
      if (each.get("stats") != null) {
        String pod = Expectation.map(each.get("stats")).getOrDefault("pod", "client").toString();
        statStarts.put(pod, stats(pod));
      }
    }
    mesh(test.terms().get("meshConfig"));
    if (!blank) {
      Map<String, Object> written = Expectation.map(deep(test.terms().get("networks")));
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
      mesh.putAll(Expectation.map(deep(written)));
    }
    meshConfig = Json.write(mesh);
  }

  /** {@code kind namespace name} of each document of a text. */
  private Map<String, String> split(String yaml) {
    Map<String, String> found = new LinkedHashMap<>();
    for (String text : expand(yaml).split("(?m)^---.*$", -1)) {
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

  // ---- macros

  private String expand(String text) {
    if (!text.contains("$(")) {
      return text;
    }
    Matcher matcher = MACRO.matcher(text);
    StringBuilder out = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(out, Matcher.quoteReplacement(macro(matcher.group(1))));
    }
    return matcher.appendTail(out).toString();
  }

  private String macro(String written) {
    String[] parts = written.split(":", 2);
    String argument = parts.length > 1 ? parts[1] : "";
    return switch (parts[0]) {
      case "uid" -> "u" + UNIQUE.incrementAndGet();
      case "case" -> test.name();
      case "x" -> "x".repeat(Integer.parseInt(argument));
      case "ip" ->
          Optional.ofNullable(extra.get(argument))
              .orElseGet(() -> world.topology.pod(argument))
              .ip();
      case "free" -> world.topology.free(Integer.parseInt(argument));
      case "vip" -> world.topology.vip(argument).orElseThrow();
      case "local" -> String.valueOf(world.localPort(argument));
      case "pki" -> world.pki().resolve(argument).toString();
      case "wasm" -> module(argument);
      case "b64" ->
          Base64.getEncoder().encodeToString(file(argument).getBytes(StandardCharsets.US_ASCII));
      case "indent" -> {
        String[] how = argument.split(":", 2);
        yield file(how[1]).strip().replace("\n", "\n" + " ".repeat(Integer.parseInt(how[0])));
      }
      default -> throw new IllegalArgumentException("unknown macro " + written);
    };
  }

  /**
   * A module in a file of its own. Those of equal bytes share a machine, which keeps one
   * configuration; {@code NAME:N} differs by a section without meaning.
   */
  private String module(String argument) {
    String[] how = argument.split(":", 2);
    byte[] code = WasmModules.assemble(how[0]);
    if (how.length > 1) {
      byte[] mark = how[1].getBytes(StandardCharsets.US_ASCII);
      int length = code.length;
      code = Arrays.copyOf(code, length + 3 + mark.length);
      code[length + 1] = (byte) (1 + mark.length);
      code[length + 2] = (byte) mark.length;
      System.arraycopy(mark, 0, code, length + 3, mark.length);
    }
    try {
      return Files.write(world.pki().resolve(argument.replace(':', '-') + ".wasm"), code)
          .toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String file(String name) {
    try {
      return Files.readString(world.pki().resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private @Nullable Object deep(@Nullable Object value) {
    return switch (value) {
      case String text -> expand(text);
      case Map<?, ?> map -> {
        Map<String, Object> all = new LinkedHashMap<>();
        map.forEach(
            (k, v) -> all.put(expand(String.valueOf(k)), Objects.requireNonNullElse(deep(v), "")));
        yield all;
      }
      case List<?> list -> list.stream().map(this::deep).toList();
      case null -> null;
      default -> value;
    };
  }

  // ---- steps

  private static String text(Map<String, Object> terms, String name, String otherwise) {
    return terms.getOrDefault(name, otherwise).toString();
  }

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
      Call call = Call.of(Objects.requireNonNull(deep(terms.get("request"))));
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
                  world.call(from, Call.of(Objects.requireNonNull(deep(terms.get("request")))))));
    }
    observe(terms);
  }

  private Object expected(Map<String, Object> terms) {
    return Objects.requireNonNullElse(deep(terms.get("expect")), 200);
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
    if (terms.containsKey("seen")) {
      Map<String, Object> seen = Expectation.map(deep(terms.get("seen")));
      poll(terms, () -> whySeen(seen));
    }
    if (terms.containsKey("log")) {
      Map<String, Object> log = Expectation.map(deep(terms.get("log")));
      poll(terms, () -> whyLog(log));
    }
    if (terms.containsKey("stats")) {
      Map<String, Object> stats = Expectation.map(deep(terms.get("stats")));
      poll(terms, () -> whyStats(stats));
    }
    if (terms.containsKey("xds")) {
      Map<String, Object> xds = Expectation.map(deep(terms.get("xds")));
      poll(terms, () -> whyXds(xds));
    }
    if (terms.containsKey("debug")) {
      Map<String, Object> debug = Expectation.map(deep(terms.get("debug")));
      poll(
          terms,
          () -> {
            String page = world.debug("/debug/" + debug.get("page"));
            String text = debug.containsKey("text") ? Expectation.why(debug.get("text"), page) : "";
            return text.isEmpty() ? whyPaths(debug.get("path"), Json.parse(page)) : text;
          });
    }
    if (terms.containsKey("problem")) {
      Object matcher = Objects.requireNonNull(deep(terms.get("problem")));
      Object wanted = matcher instanceof Map ? matcher : Map.of("re", matcher);
      poll(terms, () -> Expectation.why(wanted, world.debug("/debug/problemz")));
    }
    if (terms.containsKey("status")) {
      Map<String, Object> status = Expectation.map(deep(terms.get("status")));
      poll(terms, () -> whyStatus(status));
    }
    for (String verdict : List.of("refused", "warned", "accepted")) {
      if (terms.containsKey(verdict)) {
        judge(verdict, Expectation.list(terms.get(verdict)));
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

  private String whySeen(Map<String, Object> seen) {
    Map<String, Object> where = Expectation.map(seen.get("where"));
    long count = 0;
    List<Object> all = new ArrayList<>();
    for (Object pod : Expectation.list(seen.get("at"))) {
      for (Map<String, Object> record : world.application(pod.toString()).seen()) {
        all.add(record);
        boolean fits =
            where.entrySet().stream()
                .allMatch(
                    term ->
                        Expectation.why(term.getValue(), field(record, term.getKey())).isEmpty());
        count += fits ? 1 : 0;
      }
    }
    String reason = Expectation.why(seen.getOrDefault("count", Map.of("min", 1)), count);
    return reason.isEmpty()
        ? ""
        : "what fits at " + seen.get("at") + " " + reason + " of " + Json.write(all);
  }

  private static @Nullable Object field(Map<String, Object> record, String path) {
    return path.startsWith("h.")
        ? Json.at(record.get("headers"), path.substring(2))
        : Json.at(record, path);
  }

  private String whyLog(Map<String, Object> log) {
    String pod = log.getOrDefault("pod", "client").toString();
    String output = world.output(pod);
    String fresh = output.substring(Math.min(logStarts.getOrDefault(pod, 0), output.length()));
    long count = 0;
    String last = "";
    Map<String, Object> json = Expectation.map(log.get("json"));
    for (String line : fresh.lines().toList()) {
      if (log.containsKey("match")) {
        count += Pattern.compile(log.get("match").toString()).matcher(line).find() ? 1 : 0;
        last = line;
      } else if (line.startsWith("{") && Json.parse(line) instanceof Map<?, ?> fields) {
        last = line;
        boolean fits =
            json.entrySet().stream()
                .allMatch(
                    term -> Expectation.why(term.getValue(), fields.get(term.getKey())).isEmpty());
        count += fits ? 1 : 0;
      }
    }
    String reason = Expectation.why(log.getOrDefault("count", Map.of("min", 1)), count);
    return reason.isEmpty() ? "" : "number of lines of " + pod + " " + reason + "; last: " + last;
  }

  private Map<String, Double> stats(String pod) throws IOException, InterruptedException {
    Map<String, Double> stats = new HashMap<>();
    for (String line : world.admin(pod, "/stats").lines().toList()) {
      int colon = line.lastIndexOf(": ");
      if (colon > 0 && line.substring(colon + 2).matches("[0-9]+")) {
        stats.put(line.substring(0, colon), Double.valueOf(line.substring(colon + 2)));
      }
    }
    return stats;
  }

  /** Counters count from the case's beginning. */
  private String whyStats(Map<String, Object> terms) throws IOException, InterruptedException {
    String pod = terms.getOrDefault("pod", "client").toString();
    Pattern name = Pattern.compile(text(terms, "name", ""));
    Map<String, Double> before =
        Boolean.TRUE.equals(terms.get("absolute"))
            ? Map.of()
            : statStarts.getOrDefault(pod, Map.of());
    double sum = 0;
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, Double> stat : stats(pod).entrySet()) {
      if (name.matcher(stat.getKey()).matches()) {
        found.add(stat.getKey());
        sum += stat.getValue() - before.getOrDefault(stat.getKey(), 0.0);
      }
    }
    String reason = Expectation.why(terms.getOrDefault("value", Map.of("min", 1)), sum);
    return reason.isEmpty()
        ? ""
        : "sum of " + terms.get("name") + " at " + pod + " " + reason + "; " + found;
  }

  /** A resource as a proxy took it; its name is a text or a matcher. */
  private String whyXds(Map<String, Object> terms) throws IOException, InterruptedException {
    String proxy = terms.getOrDefault("proxy", "client").toString();
    String type = text(terms, "type", "");
    Object wanted = terms.getOrDefault("name", Map.of("present", true));
    String page = type.equals("endpoints") ? "/config_dump?include_eds" : "/config_dump";
    String text = world.admin(proxy, page);
    Object dump = Json.parse(text);
    if (dump == null) {
      return "no JSON of " + page + ": " + text.substring(0, Math.min(500, text.length()));
    }
    List<Object> found = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Object part : Expectation.list(Json.at(dump, "configs"))) {
      resources(type, Expectation.map(part))
          .forEach(
              resource -> {
                String name =
                    String.valueOf(
                        Objects.requireNonNullElse(
                            Json.at(resource, "name"), Json.at(resource, "cluster_name")));
                names.add(name);
                if (Expectation.why(wanted, name).isEmpty()) {
                  found.add(resource);
                }
              });
    }
    if (terms.containsKey("count")) {
      String reason = Expectation.why(terms.get("count"), found.size());
      return reason.isEmpty()
          ? ""
          : "number of " + type + " " + wanted + " " + reason + ": " + names;
    }
    if (found.isEmpty()) {
      return "no " + type + " " + wanted + " at " + proxy + ", which has " + names;
    }
    String reason = "";
    for (Object resource : found) {
      reason = whyPaths(terms.get("path"), resource);
      if (reason.isEmpty()) {
        return "";
      }
    }
    return type + " " + wanted + ": " + reason + "\n" + Json.write(found);
  }

  private static List<Object> resources(String type, Map<String, Object> part) {
    List<Object> found = new ArrayList<>();
    switch (type) {
      case "listeners" ->
          Expectation.list(part.get("dynamic_listeners"))
              .forEach(each -> add(Json.at(each, "active_state.listener"), found));
      case "clusters" ->
          Expectation.list(part.get("dynamic_active_clusters"))
              .forEach(each -> add(Json.at(each, "cluster"), found));
      case "routes" ->
          Expectation.list(part.get("dynamic_route_configs"))
              .forEach(each -> add(Json.at(each, "route_config"), found));
      case "endpoints" ->
          Expectation.list(part.get("dynamic_endpoint_configs"))
              .forEach(each -> add(Json.at(each, "endpoint_config"), found));
      default -> throw new IllegalArgumentException("no such type: " + type);
    }
    return found;
  }

  private static void add(@Nullable Object value, List<Object> to) {
    if (value != null) {
      to.add(value);
    }
  }

  private static String whyPaths(@Nullable Object paths, @Nullable Object value) {
    for (Map.Entry<String, Object> path : Expectation.map(paths).entrySet()) {
      String reason = Expectation.why(path.getValue(), Json.at(value, path.getKey()));
      if (!reason.isEmpty()) {
        return path.getKey() + " " + reason;
      }
    }
    return "";
  }

  private String whyStatus(Map<String, Object> terms) throws IOException, InterruptedException {
    Object page = Json.parse(world.debug("/debug/statusz"));
    for (Object each : Expectation.list(page)) {
      boolean same =
          Expectation.why(terms.get("kind"), Json.at(each, "kind")).isEmpty()
              && Expectation.why(terms.get("name"), Json.at(each, "metadata.name")).isEmpty()
              && Expectation.why(terms.get("namespace"), Json.at(each, "metadata.namespace"))
                  .isEmpty();
      if (same) {
        Object base = Json.at(each, "status");
        if (terms.containsKey("at")) {
          base = Json.at(base, terms.get("at").toString());
        }
        String reason = whyPaths(terms.get("path"), base);
        for (Map.Entry<String, Object> condition :
            Expectation.map(terms.get("condition")).entrySet()) {
          reason = reason.isEmpty() ? whyCondition(condition, base) : reason;
        }
        return reason.isEmpty() ? "" : reason + " in " + Json.write(each);
      }
    }
    return "no status of " + terms.get("kind") + " " + terms.get("name") + ": " + Json.write(page);
  }

  private static String whyCondition(Map.Entry<String, Object> wanted, @Nullable Object base) {
    Map<String, Object> terms =
        wanted.getValue() instanceof Map<?, ?> map && map.containsKey("status")
            ? Expectation.map(map)
            : new LinkedHashMap<>(Map.of("status", wanted.getValue()));
    for (Object condition : Expectation.list(Json.at(base, "conditions"))) {
      if (wanted.getKey().equals(Json.at(condition, "type"))) {
        return whyPaths(terms, condition);
      }
    }
    return "condition " + wanted.getKey() + " is not there";
  }

  /** Judges documents as the control plane does when it reads them. */
  private void judge(String verdict, List<Object> written) {
    for (Object each : written) {
      Map<String, Object> terms =
          each instanceof Map ? Expectation.map(each) : new LinkedHashMap<>(Map.of("config", each));
      String yaml = expand(text(terms, "config", ""));
      ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
      for (YamlReader.Document document :
          YamlReader.read(yaml, test + ".yaml", YamlLimits.DEFAULT).documents()) {
        for (Decoded decoded : decoder.decode(document)) {
          List<Violation> violations = new ArrayList<>();
          String found =
              switch (decoded) {
                case Decoded.Accepted accepted -> {
                  violations.addAll(accepted.warnings());
                  yield accepted.warnings().isEmpty() ? "accepted" : "warned";
                }
                case Decoded.Rejected rejected -> {
                  violations.addAll(rejected.errors());
                  yield "refused";
                }
                case Decoded.Unreadable unreadable -> {
                  violations.addAll(unreadable.errors());
                  yield "refused";
                }
                case Decoded.UnknownKind unknown -> {
                  violations.add(unknown.warning());
                  yield "unknown";
                }
              };
          String said = violations.toString();
          if (!found.equals(verdict)) {
            throw new AssertionError(
                "wanted " + verdict + ", was " + found + ": " + said + "\n" + yaml);
          }
          for (Object says : Expectation.list(terms.get("says"))) {
            check(Expectation.why(says instanceof Map ? says : Map.of("re", says), said));
          }
        }
      }
    }
  }
}
