package io.meltemi.it.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.Kinds;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.route.ClusterSpecifier;
import io.meltemi.proxy.route.RequestView;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteTable;
import io.meltemi.proxy.route.RouteTableParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Asks the compiled matchers where a call goes, without sockets: the control plane's routes of a
 * sidecar in our proxy's route table.
 */
class SimulationTest {
  private static final Path ROOT = Path.of(System.getProperty("meltemi.root", "."));
  private static final Path CASES = ROOT.resolve("it/src/test/resources/traffic");
  private static final Path QUESTIONS = ROOT.resolve("it/src/test/resources/simulation");
  private static final int REQUESTS = 300;

  /** Nothing of a route's filters decides where a call goes. */
  private enum Ignored implements RouteFilterConfig {
    INSTANCE
  }

  /** A request as far as routes look at it. */
  private record Ask(String host, String path, String method, Map<String, String> headersByName)
      implements RequestView {
    @Override
    public HeaderBlock headers() {
      HeaderBlock block = new HeaderBlock();
      block.add(HeaderName.METHOD, method);
      block.add(HeaderName.of(":scheme"), "http");
      block.add(HeaderName.AUTHORITY, host);
      block.add(HeaderName.PATH, path);
      headersByName.forEach((name, value) -> block.add(HeaderName.of(name), value));
      return block;
    }

    @Override
    public boolean isTls() {
      return false;
    }

    @Override
    public boolean isInternal() {
      return true;
    }

    @Override
    public long random() {
      return 0;
    }
  }

  private static Topology topology() throws IOException {
    return new Topology(Files.readString(CASES.resolve("topology.yaml")), "127.0.77");
  }

  private static PushContext world(Topology topology, String config) {
    String yaml =
        topology.standing()
            + topology.endpoints(topology.pods(), Map.of(), java.util.Set.of(), java.util.Set.of())
            + "---\n"
            + config;
    List<Resource<?>> resources = new ArrayList<>();
    List<ConfigChange> changes = new ArrayList<>();
    ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
    for (YamlReader.Document document :
        YamlReader.read(yaml, "world.yaml", YamlLimits.DEFAULT).documents()) {
      for (Decoded decoded : decoder.decode(document)) {
        if (decoded instanceof Decoded.Accepted(Resource<?> resource, var _)) {
          resources.add(resource);
          changes.add(
              new ConfigChange(
                  resource.kind(), resource.id(), Optional.empty(), Optional.of(resource)));
        } else {
          throw new AssertionError(decoded + " of\n" + config);
        }
      }
    }
    return new WorldBuilder("cluster.local", "Kubernetes")
        .next(changes, ConfigSnapshot.of(resources), MeshConfig.DEFAULT)
        .context();
  }

  private static RouteTable table(PushContext world, Topology.Pod pod, String name)
      throws IOException {
    Node.Builder node =
        Node.newBuilder()
            .setId(
                "sidecar~%s~%s.%s~%s.svc.cluster.local"
                    .formatted(pod.ip(), pod.name(), pod.namespace(), pod.namespace()));
    JsonFormat.parser()
        .merge(
            Json.write(Map.of("NAMESPACE", pod.namespace(), "LABELS", pod.labels())),
            node.getMetadataBuilder());
    ProxyNode proxy = ProxyNode.parse(node.build(), Origin.of("simulation")).orElseThrow();
    RouteConfiguration proto =
        (RouteConfiguration)
            new RouteGenerator().all(proxy, world, List.of(name)).getFirst().body();
    return new RouteTableParser((_, _, _) -> Optional.of(Ignored.INSTANCE), Ticker.system())
        .parse(proto, Origin.of("simulation"))
        .orElseThrow();
  }

  // ---- written questions

  @TestFactory
  Stream<DynamicTest> questions() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    try (Stream<Path> files = Files.list(QUESTIONS)) {
      for (Path file : files.sorted().toList()) {
        for (Object document : TrafficCase.load(Files.readString(file))) {
          Map<String, Object> terms = Expectation.map(document);
          tests.add(
              DynamicTest.dynamicTest(String.valueOf(terms.get("name")), () -> answer(terms)));
        }
      }
    }
    return tests.stream();
  }

  private static void answer(Map<String, Object> terms) throws IOException {
    Topology topology = topology();
    PushContext world = world(topology, String.valueOf(terms.getOrDefault("config", "")));
    List<String> wrong = new ArrayList<>();
    for (Object question : Expectation.list(terms.get("ask"))) {
      List<Object> parts = Expectation.list(question);
      String[] from = parts.get(0).toString().split(":");
      Map<String, Object> request = Expectation.map(parts.get(1));
      Map<String, String> headers = new LinkedHashMap<>();
      Expectation.map(request.get("headers")).forEach((k, v) -> headers.put(k, v.toString()));
      Ask ask =
          new Ask(
              request.get("host") + "",
              request.getOrDefault("path", "/").toString(),
              request.getOrDefault("method", "GET").toString(),
              headers);
      RouteTable table = table(world, topology.pod(from[0]), from.length > 1 ? from[1] : "80");
      String found = described(table.match(ask, MatchTrace.NONE));
      if (!found.equals(parts.get(2).toString())) {
        wrong.add(question + ": " + found);
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static String described(@Nullable Route route) {
    if (route == null) {
      return "none";
    }
    return switch (route.action()) {
      case RouteAction.Forward forward ->
          switch (forward.cluster()) {
            case ClusterSpecifier.Single single -> named(single);
            case ClusterSpecifier.Weighted weighted ->
                String.join(
                    ", ",
                    weighted.shares().stream()
                        .map(share -> share.weight() + " " + named(share.cluster()))
                        .toList());
            case ClusterSpecifier.FromHeader header -> header.toString();
          };
      case RouteAction.DirectResponse direct -> String.valueOf(direct.status());
      case RouteAction.Redirect redirect -> "redirect " + redirect.status();
      case RouteAction.NonForwarding _ -> "filter";
    };
  }

  private static String named(ClusterSpecifier cluster) {
    return cluster instanceof ClusterSpecifier.Single(String name) ? name : cluster.toString();
  }

  // ---- a plain reading of VirtualServices

  @TestFactory
  Stream<DynamicTest> theFirstRuleThatMatches() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (TrafficCase test : TrafficCase.all(CASES)) {
      for (Object document : documents(test.text("config"))) {
        Map<String, Object> root = Expectation.map(document);
        Object hosts = Json.at(root, "spec.hosts");
        boolean plain =
            "VirtualService".equals(root.get("kind"))
                && "app".equals(Json.at(root, "metadata.namespace"))
                && List.of("echo").equals(hosts)
                && Json.at(root, "metadata.labels") == null
                && Json.at(root, "spec.gateways") == null
                && Json.at(root, "spec.http") != null
                && !Json.write(root).matches("(?s).*(delegate|query_params|istio.io/rev).*");
        if (plain) {
          tests.add(DynamicTest.dynamicTest(test.toString(), () -> compare(root)));
        }
      }
    }
    assertTrue(tests.size() > 20, () -> "only " + tests.size() + " VirtualServices");
    return tests.stream();
  }

  private static List<Object> documents(String yaml) {
    List<Object> documents = new ArrayList<>();
    for (String text : yaml.split("(?m)^---.*$", -1)) {
      if (!text.contains("$(")) {
        documents.addAll(TrafficCase.load(text));
      }
    }
    return documents;
  }

  private static void compare(Map<String, Object> root) throws IOException {
    List<Map<String, Object>> rules = new ArrayList<>();
    for (Object rule : Expectation.list(Json.at(root, "spec.http"))) {
      Map<String, Object> named = Expectation.map(rule);
      named.put("name", "r" + rules.size());
      rules.add(named);
    }
    Map<String, Object> spec = new LinkedHashMap<>(Map.of("hosts", List.of("echo")));
    spec.put("http", rules);
    Map<String, Object> service = new LinkedHashMap<>(root);
    service.put("spec", spec);
    Topology topology = topology();
    PushContext world = world(topology, Json.write(service));
    for (String pod : List.of("client", "client-b")) {
      RouteTable table = table(world, topology.pod(pod), "80");
      Random random = new Random(11);
      Words words = Words.of(rules);
      for (int i = 0; i < REQUESTS; i++) {
        Ask ask = words.request(random);
        Route route = table.match(ask, MatchTrace.NONE);
        String found = route == null ? "none" : route.name().replaceFirst("\\..*", "");
        assertEquals(first(rules, ask, topology.pod(pod)), found, () -> ask + " from " + pod);
      }
    }
  }

  /** What the rules speak of, to make requests of. */
  private record Words(
      List<String> paths, Map<String, List<String>> headers, List<String> queries) {
    static Words of(List<Map<String, Object>> rules) {
      List<String> paths = new ArrayList<>(List.of("/", "/other", "/a/b"));
      Map<String, List<String>> headers = new TreeMap<>();
      List<String> queries = new ArrayList<>(List.of("", "x=1"));
      for (Map<String, Object> rule : rules) {
        for (Object block : Expectation.list(rule.get("match"))) {
          Map<String, Object> terms = Expectation.map(block);
          for (Object value : Expectation.map(terms.get("uri")).values()) {
            String text = value.toString();
            paths.addAll(
                List.of(
                    text,
                    text + "x",
                    text + "/more",
                    text.toUpperCase(Locale.ROOT),
                    text.replace("[0-9]+", "42").replace(".*", "any")));
          }
          for (String kind : List.of("headers", "withoutHeaders")) {
            Expectation.map(terms.get(kind))
                .forEach(
                    (name, match) ->
                        headers
                            .computeIfAbsent(name, _ -> new ArrayList<>(List.of("", "any")))
                            .addAll(values(match)));
          }
          Expectation.map(terms.get("queryParams"))
              .forEach(
                  (name, match) -> values(match).forEach(value -> queries.add(name + "=" + value)));
        }
      }
      paths.removeIf(path -> !path.startsWith("/") || path.matches(".*[\\[\\](){}^$*?+\\\\].*"));
      return new Words(paths, headers, queries);
    }

    private static List<String> values(Object match) {
      List<String> values = new ArrayList<>();
      for (Object value : Expectation.map(match).values()) {
        String text = value.toString().replace("[0-9]{2}", "12").replace("[0-9]{3}", "123");
        values.addAll(List.of(text, text + "x"));
      }
      return values;
    }

    Ask request(Random random) {
      String query = queries.get(random.nextInt(queries.size()));
      String path = paths.get(random.nextInt(paths.size()));
      Map<String, String> chosen = new LinkedHashMap<>();
      headers.forEach(
          (name, values) -> {
            if (random.nextInt(3) > 0) {
              chosen.put(name.toLowerCase(Locale.ROOT), values.get(random.nextInt(values.size())));
            }
          });
      List<String> methods = List.of("GET", "POST", "PUT", "DELETE", "HEAD");
      return new Ask(
          "echo.app",
          query.isEmpty() ? path : path + "?" + query,
          methods.get(random.nextInt(methods.size())),
          chosen);
    }
  }

  private static String first(List<Map<String, Object>> rules, Ask ask, Topology.Pod caller) {
    for (Map<String, Object> rule : rules) {
      List<Object> blocks = Expectation.list(rule.get("match"));
      if (blocks.isEmpty()
          || blocks.stream().anyMatch(block -> fits(Expectation.map(block), ask, caller))) {
        return String.valueOf(rule.get("name"));
      }
    }
    return "none";
  }

  private static boolean fits(Map<String, Object> block, Ask ask, Topology.Pod caller) {
    String path = ask.path().replaceFirst("\\?.*", "");
    boolean ignoreCase = Boolean.TRUE.equals(block.get("ignoreUriCase"));
    Map<String, Object> labels = Expectation.map(block.get("sourceLabels"));
    return fits(block.get("uri"), path, ignoreCase)
        && fits(block.get("method"), ask.method(), false)
        && fits(block.get("scheme"), "http", false)
        && fits(block.get("authority"), ask.host(), false)
        && Objects.equals(block.getOrDefault("port", 80), 80)
        && caller.labels().entrySet().containsAll(labels.entrySet())
        && block.getOrDefault("sourceNamespace", caller.namespace()).equals(caller.namespace())
        && Expectation.map(block.get("headers")).entrySet().stream()
            .allMatch(term -> present(term.getValue(), header(ask, term.getKey())))
        && Expectation.map(block.get("withoutHeaders")).entrySet().stream()
            .noneMatch(term -> present(term.getValue(), header(ask, term.getKey())))
        && Expectation.map(block.get("queryParams")).entrySet().stream()
            .allMatch(term -> present(term.getValue(), query(ask.path(), term.getKey())));
  }

  private static Optional<String> header(Ask ask, String name) {
    return Optional.ofNullable(ask.headersByName().get(name.toLowerCase(Locale.ROOT)));
  }

  private static Optional<String> query(String path, String name) {
    int mark = path.indexOf('?');
    for (String pair : mark < 0 ? new String[0] : path.substring(mark + 1).split("&")) {
      String[] parts = pair.split("=", 2);
      if (parts[0].equals(name)) {
        return Optional.of(parts.length > 1 ? parts[1] : "");
      }
    }
    return Optional.empty();
  }

  /** A match on a value that may be missing; an empty match asks for presence. */
  private static boolean present(Object match, Optional<String> value) {
    Map<String, Object> terms = Expectation.map(match);
    if (terms.isEmpty() || "*".equals(terms.get("regex")) || terms.containsValue("")) {
      return value.isPresent();
    }
    return value.isPresent() && fits(terms, value.get(), false);
  }

  private static boolean fits(@Nullable Object match, String value, boolean ignoreCase) {
    Map<String, Object> terms = Expectation.map(match);
    String given = ignoreCase ? value.toLowerCase(Locale.ROOT) : value;
    return terms.entrySet().stream()
        .allMatch(
            term -> {
              String text = term.getValue().toString();
              String wanted = ignoreCase ? text.toLowerCase(Locale.ROOT) : text;
              return switch (term.getKey()) {
                case "exact" -> given.equals(wanted);
                case "prefix" -> given.startsWith(wanted);
                case "regex" -> value.matches(text);
                default -> throw new IllegalArgumentException(term.getKey());
              };
            });
  }
}
