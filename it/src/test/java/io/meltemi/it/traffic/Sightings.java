package io.meltemi.it.traffic;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a case looks at beside the answers it gets. Counts from the beginning of the case. */
final class Sightings {
  private static final int LOG_SHOWN_CHARS = 2500;

  /** The steps that look, in the order of one step's. */
  static final List<String> KINDS =
      List.of("seen", "log", "stats", "xds", "debug", "problem", "status");

  private final World world;
  private final Map<String, Integer> logStarts = new HashMap<>();
  private final Map<String, Map<String, Double>> statStarts = new HashMap<>();

  Sightings(World world) {
    this.world = world;
  }

  /** The case begins: what a program has printed so far is not looked at. */
  void skipLog(String program) {
    logStarts.put(program, world.output(program).length());
  }

  /** The case begins: what a pod's proxy has counted so far does not count. */
  void skipStats(String pod) throws IOException, InterruptedException {
    statStarts.put(pod, stats(pod));
  }

  /** What programs have printed since, shortened. */
  String logs() {
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

  /**
   * Why something does not look as expected; empty when it does.
   *
   * @param kind one of {@link #KINDS}
   * @param expected without macros
   */
  String why(String kind, @Nullable Object expected) throws IOException, InterruptedException {
    Map<String, Object> terms =
        expected instanceof Map<?, ?>
            ? Expectation.map(expected)
            : Map.of("re", Objects.requireNonNull(expected));
    return switch (kind) {
      case "seen" -> whySeen(terms);
      case "log" -> whyLog(terms);
      case "stats" -> whyStats(terms);
      case "xds" -> whyXds(terms);
      case "debug" -> whyDebug(terms);
      case "problem" -> Expectation.why(terms, world.debug("/debug/problemz"));
      case "status" -> whyStatus(terms);
      default -> throw new IllegalArgumentException("nothing to look at: " + kind);
    };
  }

  private String whyDebug(Map<String, Object> terms) throws IOException, InterruptedException {
    String page = world.debug("/debug/" + terms.get("page"));
    String text = terms.containsKey("text") ? Expectation.why(terms.get("text"), page) : "";
    return text.isEmpty() ? whyPaths(terms.get("path"), Json.parse(page)) : text;
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
    Pattern name = Pattern.compile(terms.getOrDefault("name", "").toString());
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
    String type = terms.getOrDefault("type", "").toString();
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
}
