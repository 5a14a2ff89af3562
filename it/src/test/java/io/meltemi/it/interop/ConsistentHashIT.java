package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Envoy and our proxy over the same hosts: a key takes the same host on both, whatever the policy,
 * so that they can stand beside each other.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ConsistentHashIT {
  private static final int HOSTS = 7;
  private static final int KEYS = 60;
  private static final String ANY = "type.googleapis.com/envoy.";
  private static final String POLICIES = ANY + "extensions.load_balancing_policies.";
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Name of a cluster to the rest of it; <code>${…}</code> stands for hosts. */
  private static final Map<String, String> CLUSTERS = new LinkedHashMap<>();

  static {
    CLUSTERS.put("ring", "lb_policy: RING_HASH, load_assignment: ${plain}");
    CLUSTERS.put(
        "ring-small",
        "lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 16, maximum_ring_size: 40},"
            + " load_assignment: ${weighted}");
    CLUSTERS.put(
        "ring-murmur",
        "lb_policy: RING_HASH, ring_hash_lb_config: {hash_function: MURMUR_HASH_2},"
            + " load_assignment: ${plain}");
    CLUSTERS.put("ring-keys", "lb_policy: RING_HASH, load_assignment: ${keys}");
    CLUSTERS.put(
        "ring-names",
        "lb_policy: RING_HASH, common_lb_config: {consistent_hashing_lb_config:"
            + " {use_hostname_for_hashing: true}}, load_assignment: ${plain}");
    CLUSTERS.put(
        "ring-localities",
        "lb_policy: RING_HASH, common_lb_config: {locality_weighted_lb_config: {}},"
            + " load_assignment: ${localities}");
    CLUSTERS.put("ring-priorities", "lb_policy: RING_HASH, load_assignment: ${priorities}");
    CLUSTERS.put("ring-panic", "lb_policy: RING_HASH, load_assignment: ${unhealthy}");
    CLUSTERS.put("ring-degraded", "lb_policy: RING_HASH, load_assignment: ${degraded}");
    CLUSTERS.put(
        "ring-bounded",
        "lb_policy: RING_HASH, common_lb_config: {consistent_hashing_lb_config:"
            + " {hash_balance_factor: 100}}, load_assignment: ${weighted}");
    CLUSTERS.put("maglev", "lb_policy: MAGLEV, load_assignment: ${plain}");
    CLUSTERS.put(
        "maglev-small",
        "lb_policy: MAGLEV, maglev_lb_config: {table_size: 53}, load_assignment: ${weighted}");
    CLUSTERS.put("maglev-keys", "lb_policy: MAGLEV, load_assignment: ${keys}");
    CLUSTERS.put(
        "maglev-localities",
        "lb_policy: MAGLEV, common_lb_config: {locality_weighted_lb_config: {}},"
            + " load_assignment: ${localities}");
    CLUSTERS.put("maglev-priorities", "lb_policy: MAGLEV, load_assignment: ${priorities}");
    CLUSTERS.put(
        "ring-typed",
        "load_balancing_policy: {policies: [{typed_extension_config: {name: no-policy, typed_config:"
            + " {'@type': "
            + ANY
            + "extensions.filters.http.router.v3.Router}}}, {typed_extension_config: {name: ring, typed_config: {'@type': "
            + POLICIES
            + "ring_hash.v3.RingHash, minimum_ring_size: 100, hash_function: XX_HASH}}}]},"
            + " load_assignment: ${weighted}");
    CLUSTERS.put(
        "maglev-typed",
        "load_balancing_policy: {policies: [{typed_extension_config: {name: maglev, typed_config:"
            + " {'@type': "
            + POLICIES
            + "maglev.v3.Maglev, table_size: 997, locality_weighted_lb_config: {}}}}]},"
            + " load_assignment: ${localities}");
  }

  private final List<EchoServer> backends = new ArrayList<>();
  private final Map<DataPlane, Program> programs = new EnumMap<>(DataPlane.class);
  private final Map<DataPlane, Integer> ports = new EnumMap<>(DataPlane.class);
  private final Map<DataPlane, Integer> admins = new EnumMap<>(DataPlane.class);

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    for (int i = 0; i < HOSTS; i++) {
      backends.add(new EchoServer("host" + i));
    }
    for (DataPlane dataPlane : DataPlane.values()) {
      int port = Program.freePort();
      int admin = Program.freePort();
      Program program = dataPlane.start("hash", directory, bootstrap(admin, port));
      program.awaitReady("http://127.0.0.1:" + admin + "/ready");
      programs.put(dataPlane, program);
      ports.put(dataPlane, port);
      admins.put(dataPlane, admin);
    }
  }

  @AfterAll
  void stop() {
    programs.values().forEach(Program::close);
    backends.forEach(EchoServer::close);
  }

  private String endpoint(int index, String more) {
    return "{endpoint: {hostname: name"
        + index
        + ".test, address: {socket_address: {address: 127.0.0.1, port_value: "
        + backends.get(index).port()
        + "}}}"
        + more
        + "}";
  }

  private String group(int from, int to, String more, String each) {
    List<String> endpoints = new ArrayList<>();
    for (int i = from; i < to; i++) {
      endpoints.add(endpoint(i, each.replace("%i", "" + (i + 1))));
    }
    return "{" + more + "lb_endpoints: [" + String.join(", ", endpoints) + "]}";
  }

  private String assignment(String... groups) {
    return "{cluster_name: c, endpoints: [" + String.join(", ", groups) + "]}";
  }

  private String locality(String zone, int weight, int priority) {
    return "locality: {zone: "
        + zone
        + "}, load_balancing_weight: "
        + weight
        + ", priority: "
        + priority
        + ", ";
  }

  private String clusters() {
    Map<String, String> assignments =
        Map.of(
            "${plain}",
            assignment(group(0, HOSTS, "", "")),
            "${weighted}",
            assignment(group(0, HOSTS, "", ", load_balancing_weight: %i")),
            "${keys}",
            assignment(
                group(0, HOSTS, "", ", metadata: {filter_metadata: {envoy.lb: {hash_key: k%i}}}")),
            "${localities}",
            assignment(
                group(0, 3, locality("a", 5, 0), ""),
                group(3, 5, locality("b", 2, 0), ", load_balancing_weight: %i"),
                group(5, HOSTS, locality("c", 1, 0), "")),
            "${priorities}",
            assignment(
                group(0, 2, locality("a", 1, 0), ", health_status: UNHEALTHY"),
                group(2, 3, locality("b", 1, 0), ""),
                group(3, HOSTS, locality("c", 1, 1), "")),
            "${unhealthy}",
            assignment(
                group(0, 5, locality("a", 1, 0), ", health_status: UNHEALTHY"),
                group(5, HOSTS, locality("b", 1, 0), "")),
            "${degraded}",
            assignment(
                group(0, 5, locality("a", 1, 0), ", health_status: DEGRADED"),
                group(5, HOSTS, locality("b", 1, 0), "")));
    StringBuilder text = new StringBuilder();
    CLUSTERS.forEach(
        (name, rest) -> {
          String filled = rest;
          for (Map.Entry<String, String> entry : assignments.entrySet()) {
            filled = filled.replace(entry.getKey(), entry.getValue());
          }
          text.append("  - {name: ").append(name);
          text.append(name.equals("ring-names") ? ", type: STRICT_DNS, " : ", type: STATIC, ");
          text.append(filled).append("}\n");
        });
    return text.toString();
  }

  private static String route(String path, String cluster, String policies) {
    return "{match: {path: "
        + path
        + "}, route: {prefix_rewrite: /rewritten, cluster: "
        + cluster
        + ", hash_policy: ["
        + policies
        + "]}}";
  }

  private String bootstrap(int admin, int port) {
    List<String> routes = new ArrayList<>();
    CLUSTERS
        .keySet()
        .forEach(name -> routes.add(route("/c/" + name, name, "{header: {header_name: x-key}}")));
    String header = "{header: {header_name: x-key}}";
    routes.add(route("/two", "ring", header + ", {header: {header_name: x-other}}"));
    routes.add(route("/same", "ring", header + ", " + header));
    routes.add(
        route(
            "/terminal",
            "ring",
            "{header: {header_name: x-absent}, terminal: true}, {header: {header_name: x-key},"
                + " terminal: true}, {header: {header_name: x-other}}"));
    routes.add(
        route(
            "/regex",
            "ring",
            "{header: {header_name: x-key, regex_rewrite: {pattern: {regex: '[0-9]+-(.)'},"
                + " substitution: '<\\1>'}}}"));
    routes.add(route("/path", "ring", "{header: {header_name: ':path'}}"));
    routes.add(route("/query", "ring", "{query_parameter: {name: q}}"));
    routes.add(route("/cookie", "ring", "{cookie: {name: ck}}"));
    routes.add(route("/source", "maglev", "{connection_properties: {source_ip: true}}"));
    routes.add(
        route(
            "/made",
            "ring",
            "{cookie: {name: made, ttl: 90s, path: /made, attributes: [{name: SameSite, value:"
                + " Strict}, {name: Secure}]}}"));
    routes.add(route("/session", "maglev", "{cookie: {name: made, ttl: 0s}}"));
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
    static_resources:
      listeners:
      - name: in
        address: {socket_address: {address: 127.0.0.1, port_value: %d}}
        filter_chains:
        - filters:
          - name: http
            typed_config:
              "@type": %sextensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: hash
              use_remote_address: false
              http_filters: [{name: router, typed_config: {"@type": %sextensions.filters.http.router.v3.Router}}]
              route_config:
                virtual_hosts: [{name: all, domains: ['*'], routes: [%s]}]
      clusters:
    """
            .formatted(admin, port, ANY, ANY, String.join(",\n", routes))
        + clusters();
  }

  private HttpResponse<String> call(DataPlane dataPlane, String path, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + Objects.requireNonNull(ports.get(dataPlane)) + path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The host that answered, or the status. */
  private String host(DataPlane dataPlane, String path, String... headers) throws Exception {
    HttpResponse<String> response = call(dataPlane, path, headers);
    return response.statusCode() == 200
        ? response.body().lines().findFirst().orElse("")
        : "" + response.statusCode();
  }

  static List<String> clusterNames() {
    return List.copyOf(CLUSTERS.keySet());
  }

  @ParameterizedTest
  @MethodSource("clusterNames")
  void aKeyTakesTheSameHost(String cluster) throws Exception {
    Map<DataPlane, List<String>> hosts = new EnumMap<>(DataPlane.class);
    for (DataPlane dataPlane : DataPlane.values()) {
      List<String> chosen = new ArrayList<>();
      for (int i = 0; i < KEYS; i++) {
        chosen.add(i + " " + host(dataPlane, "/c/" + cluster, "x-key", "key-" + i));
      }
      hosts.put(dataPlane, chosen);
    }
    assertEquals(hosts.get(DataPlane.ENVOY), hosts.get(DataPlane.MELTEMI));
    assertTrue(
        new TreeSet<>(
                    Objects.requireNonNull(hosts.get(DataPlane.ENVOY)).stream()
                        .map(line -> line.substring(line.indexOf(' ')))
                        .toList())
                .size()
            > 1,
        "the keys did not spread");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/two",
        "/same",
        "/terminal",
        "/regex",
        "/path",
        "/query?x=1&q=%&y",
        "/query?q",
        "/query?q=",
        "/cookie",
        "/source"
      })
  void aPolicyGivesTheSameHash(String path) throws Exception {
    Map<DataPlane, List<String>> hosts = new EnumMap<>(DataPlane.class);
    for (DataPlane dataPlane : DataPlane.values()) {
      List<String> chosen = new ArrayList<>();
      for (int i = 0; i < KEYS / 3; i++) {
        List<String> headers =
            new ArrayList<>(
                List.of(
                    "x-key", i + "-abc", "x-other", "o" + i % 3, "x-forwarded-for", "1.2.3." + i));
        headers.addAll(List.of("cookie", "a; b=1; ck=\"v" + i + "\"; ck=2"));
        if (i % 4 == 0) {
          headers.addAll(List.of("x-key", "again"));
        }
        String asked = path.replace("%", "v" + i);
        chosen.add(i + " " + host(dataPlane, asked, headers.toArray(new String[0])));
      }
      hosts.put(dataPlane, chosen);
    }
    assertEquals(hosts.get(DataPlane.ENVOY), hosts.get(DataPlane.MELTEMI));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/made", "/session"})
  void aMadeCookieLooksAlikeAndLeadsBack(String path) throws Exception {
    Map<DataPlane, String> shapes = new EnumMap<>(DataPlane.class);
    for (DataPlane dataPlane : DataPlane.values()) {
      HttpResponse<String> first = call(dataPlane, path);
      List<String> cookies = first.headers().allValues("set-cookie");
      assertEquals(1, cookies.size(), dataPlane + " " + first.headers().map());
      shapes.put(dataPlane, cookies.getFirst().replaceAll("[0-9a-f]{16}", "<hash>"));
      String cookie = cookies.getFirst().split(";", 2)[0];
      HttpResponse<String> second = call(dataPlane, path, "cookie", cookie);
      assertEquals(
          first.body().lines().findFirst(), second.body().lines().findFirst(), dataPlane.name());
      assertEquals(List.of(), second.headers().allValues("set-cookie"), dataPlane.name());
      // both know each other's cookies
      for (DataPlane other : DataPlane.values()) {
        assertEquals(
            first.body().lines().findFirst().orElse(""), host(other, path, "cookie", cookie));
      }
    }
    assertEquals(shapes.get(DataPlane.ENVOY), shapes.get(DataPlane.MELTEMI));
  }

  @Test
  void theTablesAreOfTheSameSizes() throws Exception {
    Map<DataPlane, List<String>> sizes = new EnumMap<>(DataPlane.class);
    for (DataPlane dataPlane : DataPlane.values()) {
      String stats =
          Program.get(
              "http://127.0.0.1:"
                  + Objects.requireNonNull(admins.get(dataPlane))
                  + "/stats?filter=_per_host");
      sizes.put(dataPlane, stats.lines().sorted().toList());
    }
    assertTrue(Objects.requireNonNull(sizes.get(DataPlane.ENVOY)).size() > CLUSTERS.size());
    assertEquals(sizes.get(DataPlane.ENVOY), sizes.get(DataPlane.MELTEMI));
  }
}
