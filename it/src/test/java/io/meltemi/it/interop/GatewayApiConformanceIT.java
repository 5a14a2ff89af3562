package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The plain HTTP requests of the Gateway API's conformance suite, to gateways and inside the mesh,
 * on both data planes under our control plane. A request of a case with two gateways has to be
 * answered as expected by one of them: the cases do not say which is meant.
 */
@ParameterizedClass
@EnumSource(DataPlane.class)
class GatewayApiConformanceIT {
  /** Cases whose requests go to every gateway there is. */
  private static final Set<String> EVERY_GATEWAY = Set.of("gateway-http-listener-isolation");

  /** Its refusals are expected after the grant was taken away. */
  private static final String GRANT_WITHDRAWN = "httproute-reference-grant";

  private static final String GRPC_SERVICE =
      "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/";

  private static final Duration LIMIT = Duration.ofSeconds(15);

  @TempDir private static Path directory;

  @Parameter private DataPlane dataPlane = DataPlane.MELTEMI;

  private static GatewayApiMesh mesh;
  private static HttpClient direct;
  private static HttpClient inMesh;

  @BeforeParameterizedClassInvocation
  static void start(DataPlane dataPlane) throws Exception {
    mesh =
        new GatewayApiMesh(
            dataPlane,
            Files.createDirectories(directory.resolve(dataPlane.name())),
            Files.readString(
                SharedFiles.require("corpus/gateway-api/conformance-base/base-manifests.yaml")),
            Files.readString(
                SharedFiles.require("corpus/gateway-api/conformance-base/mesh-manifests.yaml")));
    direct = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    inMesh =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(
                ProxySelector.of(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), mesh.httpProxyPort)))
            .build();
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    if (mesh != null) {
      mesh.close();
    }
  }

  @Test
  void gatewaysAnswerAsTheSuiteExpects() throws Exception {
    run("conformance");
  }

  @Test
  void theMeshAnswersAsTheSuiteExpects() throws Exception {
    run("conformance-mesh");
  }

  /** Not of the suite, which has no Ingresses. */
  @Test
  void ingressesAreServed() throws Exception {
    mesh.apply(
        """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: edge, namespace: gateway-conformance-infra}
        spec:
          defaultBackend: {service: {name: infra-backend-v3, port: {number: 8080}}}
          rules:
          - host: www.example.com
            http:
              paths:
              - {path: /, pathType: Prefix, backend: {service: {name: infra-backend-v1, port: {number: 8080}}}}
              - {path: /two, pathType: Prefix, backend: {service: {name: infra-backend-v2, port: {number: 8080}}}}
              - {path: /two/three, pathType: Exact, backend: {service: {name: infra-backend-v3, port: {number: 8080}}}}
        """,
        List.of());
    List<Map<?, ?>> expected = new ArrayList<>();
    expected.add(ingress("www.example.com", "/", "infra-backend-v1"));
    expected.add(ingress("www.example.com", "/two", "infra-backend-v2"));
    expected.add(ingress("www.example.com", "/two/four", "infra-backend-v2"));
    expected.add(ingress("www.example.com", "/twofold", "infra-backend-v1"));
    expected.add(ingress("www.example.com", "/two/three", "infra-backend-v3"));
    expected.add(ingress("www.example.com", "/two/three/four", "infra-backend-v2"));
    expected.add(ingress("other.example.com", "/two", "infra-backend-v3"));
    assertEquals("", check(expected, false, 1, true));
  }

  private static Map<?, ?> ingress(String host, String path, String backend) {
    return Map.of("request", Map.of("host", host, "path", path), "backend", backend);
  }

  private void run(String group) throws Exception {
    List<String> held = new ArrayList<>();
    List<String> notRun = new ArrayList<>();
    Map<String, String> failures = new LinkedHashMap<>();
    try (Stream<Path> folders = Files.list(SharedFiles.require("corpus/gateway-api/" + group))) {
      for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
        String name = folder.getFileName().toString();
        String only = System.getProperty("case", name);
        if (!only.equals(name)) {
          continue;
        }
        List<Map<?, ?>> requests = requests(folder);
        if (requests.isEmpty()) {
          notRun.add(name);
          continue;
        }
        String failure = run(folder, group.endsWith("mesh"), requests);
        if (failure.isEmpty()) {
          held.add(name);
        } else {
          failures.put(name, failure);
        }
      }
    }
    System.out.println(
        "gateway-api "
            + group
            + " on "
            + dataPlane
            + ": "
            + held.size()
            + " of "
            + (held.size() + failures.size())
            + " cases with plain requests hold; not run "
            + notRun);
    assertEquals(Map.of(), failures);
    assertFalse(held.isEmpty(), "no case was run");
    assertFalse(mesh.output().contains("NACK"), mesh::output);
  }

  /** The requests of a case; none when one of them needs TLS, HTTP/2 or what only code knows. */
  private static List<Map<?, ?>> requests(Path folder) throws IOException {
    String text = Files.readString(folder.resolve("case.json"));
    List<Map<?, ?>> requests = new ArrayList<>();
    for (Map<?, ?> expectation : maps(((Map<?, ?>) load(text)).get("expectations"))) {
      if (Set.of("http.ExpectedResponse", "grpc.ExpectedResponse")
          .contains(str(expectation.get("type")))) {
        if (expectation.get("value") instanceof Map<?, ?> one) {
          requests.add(one);
        } else {
          requests.addAll(maps(expectation.get("value")));
        }
      }
    }
    boolean plain =
        requests.stream()
            .noneMatch(
                request ->
                    request.toString().contains("unresolved=")
                        || map(request, "request").containsKey("protocol")
                        || map(request, "request").containsKey("sNI"));
    for (Map<?, ?> object : objects(folder)) {
      plain &= !"BackendTLSPolicy".equals(object.get("kind"));
      for (Map<?, ?> listener : maps(map(object, "spec").get("listeners"))) {
        plain &= "HTTP".equals(listener.get("protocol"));
      }
    }
    return plain ? requests : List.of();
  }

  /** What went wrong; empty when nothing did. */
  private static String run(Path folder, boolean meshCase, List<Map<?, ?>> requests)
      throws Exception {
    List<Map<?, ?>> objects = objects(folder);
    Set<String> gateways = gateways(objects);
    mesh.apply(text(folder), List.copyOf(gateways));
    boolean every = EVERY_GATEWAY.contains(folder.getFileName().toString());
    int slots = meshCase ? 1 : gateways.size();
    List<Map<?, ?>> first = requests;
    List<Map<?, ?>> later = List.of();
    if (folder.endsWith(GRANT_WITHDRAWN)) {
      first = requests.stream().filter(request -> !isRefused(request)).toList();
      later = requests.stream().filter(GatewayApiConformanceIT::isRefused).toList();
    }
    String failures = check(first, meshCase, slots, every);
    if (!later.isEmpty()) {
      mesh.apply(
          text(folder).replace("kind: ReferenceGrant", "kind: Nothing"), List.copyOf(gateways));
      failures += check(later, meshCase, slots, every);
    }
    return failures;
  }

  private static boolean isRefused(Map<?, ?> expected) {
    return text(map(expected, "response"), "statusCode", "").equals("500");
  }

  private static String check(List<Map<?, ?>> requests, boolean meshCase, int slots, boolean every)
      throws Exception {
    StringBuilder failures = new StringBuilder();
    long end = System.nanoTime() + LIMIT.toNanos();
    // once to wait for the configuration, once to see that everything holds at the same time
    for (int round = 0; round < 2; round++) {
      for (Map<?, ?> expected : requests) {
        Optional<String> problem = problem(expected, meshCase, slots, every);
        while (problem.isPresent() && round == 0 && System.nanoTime() < end) {
          Thread.sleep(50);
          problem = problem(expected, meshCase, slots, every);
        }
        problem.ifPresent(
            text ->
                failures.append('\n').append(expected.get("request")).append(": ").append(text));
      }
    }
    return failures.toString();
  }

  private static Optional<String> problem(
      Map<?, ?> expected, boolean meshCase, int slots, boolean every) throws Exception {
    List<String> problems = new ArrayList<>();
    for (int slot = 0; slot < slots; slot++) {
      try {
        String found =
            expected.get("request") == null
                ? grpcDifferences(expected, slot)
                : differences(expected, send(map(expected, "request"), expected, meshCase, slot));
        if (!found.isEmpty()) {
          problems.add(found);
        }
      } catch (IOException e) {
        problems.add(e.toString());
      }
    }
    return problems.isEmpty() || (!every && problems.size() < slots)
        ? Optional.empty()
        : Optional.of(String.join(" | ", problems));
  }

  private static HttpResponse<String> send(
      Map<?, ?> wanted, Map<?, ?> expected, boolean meshCase, int slot) throws Exception {
    String host = text(wanted, "host", meshCase ? "echo" : "");
    String path = text(wanted, "path", "/");
    URI uri;
    if (meshCase) {
      uri = URI.create("http://" + host + path);
    } else {
      int colon = host.indexOf(':');
      int port = mesh.port(colon < 0 ? 80 : Integer.parseInt(host.substring(colon + 1)));
      uri = URI.create("http://127.0.0.1:" + mesh.bind(slot, port) + path);
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10));
    request.method(text(wanted, "method", "GET"), HttpRequest.BodyPublishers.noBody());
    map(wanted, "headers").forEach((name, value) -> request.header(str(name), str(value)));
    if (!meshCase && !host.isEmpty()) {
      request.header("host", host);
    }
    List<String> asked = new ArrayList<>();
    map(expected, "backendSetResponseHeaders")
        .forEach((name, value) -> asked.add(name + ":" + value));
    if (!asked.isEmpty()) {
      request.header("x-echo-set-header", String.join(",", asked));
    }
    return (meshCase ? inMesh : direct).send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String grpcDifferences(Map<?, ?> expected, int slot) throws Exception {
    String method =
        Map.of("echoRequest", "Echo", "echoTwoRequest", "EchoTwo", "echoThreeRequest", "EchoThree")
            .entrySet()
            .stream()
            .filter(entry -> expected.containsKey(entry.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElseThrow();
    Map<?, ?> request = map(expected, "requestMetadata");
    Map<String, String> headers = new TreeMap<>();
    map(request, "metadata")
        .forEach((name, value) -> headers.put(str(name).toLowerCase(Locale.ROOT), str(value)));
    GrpcEcho.Answer answer =
        GrpcEcho.call(
            mesh.bind(slot, 80), text(request, "authority", ""), GRPC_SERVICE + method, headers);
    List<String> wrong = new ArrayList<>();
    Map<?, ?> response = map(expected, "response");
    check(wrong, "code", List.of(text(response, "code", "OK")), answer.code());
    if (expected.get("backend") != null
        && !answer.server().endsWith("/" + expected.get("backend"))) {
      wrong.add("backend " + answer.server());
    }
    // the suite does not compare headers here: those that it names contradict its own routes
    return String.join(", ", wrong);
  }

  private static String differences(Map<?, ?> expected, HttpResponse<String> answer) {
    List<String> wrong = new ArrayList<>();
    Map<?, ?> response = map(expected, "response");
    List<String> statuses =
        response.get("statusCodes") instanceof List<?> several
            ? several.stream().map(GatewayApiConformanceIT::str).toList()
            : List.of(text(response, "statusCode", "200"));
    check(wrong, "status", statuses, Integer.toString(answer.statusCode()));
    Map<String, String> seen = lines(answer.body());
    if (expected.get("backend") != null && statuses.equals(List.of("200"))) {
      String namespace = text(expected, "namespace", "");
      String server = seen.getOrDefault("server", "");
      if (!server.endsWith("/" + expected.get("backend"))
          || (!namespace.isEmpty()
              && server.contains("-infra/")
              && !server.startsWith(namespace))) {
        wrong.add("backend " + server);
      }
    }
    Map<?, ?> received = map(map(expected, "expectedRequest"), "request");
    if (answer.statusCode() == 200 && !seen.isEmpty()) {
      map(received, "headers")
          .forEach(
              (name, value) ->
                  check(
                      wrong,
                      "received " + name,
                      List.of(str(value)),
                      seen.getOrDefault("h." + str(name).toLowerCase(Locale.ROOT), "")));
      for (String field : List.of("path", "method")) {
        if (!text(received, field, "").isEmpty()) {
          check(wrong, field, List.of(text(received, field, "")), seen.getOrDefault(field, ""));
        }
      }
      if (!text(received, "host", "").isEmpty()) {
        check(wrong, "host", List.of(text(received, "host", "")), seen.getOrDefault("h.host", ""));
      }
      if (map(expected, "expectedRequest").get("absentHeaders") instanceof List<?> absent) {
        absent.stream()
            .filter(name -> seen.containsKey("h." + str(name).toLowerCase(Locale.ROOT)))
            .forEach(name -> wrong.add("received " + name));
      }
    }
    headers(response, answer, wrong);
    Map<?, ?> redirect = map(expected, "redirectRequest");
    if (!redirect.isEmpty()) {
      redirect(redirect, answer, wrong);
    }
    return String.join(", ", wrong);
  }

  private static void headers(Map<?, ?> response, HttpResponse<String> answer, List<String> wrong) {
    map(response, "headers")
        .forEach(
            (name, value) -> check(wrong, str(name), List.of(str(value)), header(answer, name)));
    if (response.get("absentHeaders") instanceof List<?> absent) {
      absent.stream()
          .filter(name -> !answer.headers().allValues(str(name)).isEmpty())
          .forEach(name -> wrong.add("answered " + name));
    }
    map(response, "validHeaderValues")
        .forEach(
            (name, values) ->
                check(
                    wrong,
                    str(name),
                    ((List<?>) values).stream().map(v -> str(v).replace(" ", "")).toList(),
                    header(answer, name).replace(" ", "")));
  }

  private static void redirect(
      Map<?, ?> redirect, HttpResponse<String> answer, List<String> wrong) {
    URI location = URI.create(header(answer, "location"));
    int port = location.getPort();
    Map<String, String> parts =
        Map.of(
            "scheme", Optional.ofNullable(location.getScheme()).orElse(""),
            "host", Optional.ofNullable(location.getHost()).orElse(""),
            "port", port < 0 ? "" : Integer.toString(port),
            "path", Optional.ofNullable(location.getPath()).orElse(""));
    redirect.forEach(
        (part, value) ->
            check(
                wrong, "location " + part, List.of(str(value)), parts.getOrDefault(str(part), "")));
  }

  private static void check(List<String> wrong, String what, List<String> wanted, String got) {
    if (!wanted.contains(got)) {
      wrong.add(what + " is " + got + ", not " + String.join(" or ", wanted));
    }
  }

  private static String header(HttpResponse<String> answer, Object name) {
    return String.join(",", answer.headers().allValues(str(name)));
  }

  private static Map<String, String> lines(String body) {
    Map<String, String> lines = new TreeMap<>();
    if (body.startsWith("server: ")) {
      body.lines()
          .map(line -> line.split(": ", 2))
          .forEach(parts -> lines.put(parts[0], parts.length > 1 ? parts[1] : ""));
    }
    return lines;
  }

  // ---- manifests

  private static String text(Path folder) throws IOException {
    StringBuilder text = new StringBuilder();
    for (Path file : manifests(folder)) {
      text.append(Files.readString(file)).append("\n---\n");
    }
    return text.toString();
  }

  private static List<Map<?, ?>> objects(Path folder) throws IOException {
    List<Map<?, ?>> objects = new ArrayList<>();
    for (Path file : manifests(folder)) {
      for (Object document : GatewayApiMesh.documents(Files.readString(file))) {
        objects.add((Map<?, ?>) document);
      }
    }
    return objects;
  }

  private static List<Path> manifests(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  /** The gateways that the objects are, or are attached to. */
  private static Set<String> gateways(List<Map<?, ?>> objects) {
    Set<String> names = new LinkedHashSet<>();
    for (Map<?, ?> object : objects) {
      if ("Gateway".equals(object.get("kind"))) {
        names.add(str(map(object, "metadata").get("name")));
      }
      for (Map<?, ?> parent : maps(map(object, "spec").get("parentRefs"))) {
        if ("Gateway".equals(text(parent, "kind", "Gateway"))) {
          names.add(str(parent.get("name")));
        }
      }
    }
    return names;
  }

  private static Object load(String json) {
    return new Load(LoadSettings.builder().build()).loadFromString(json);
  }

  static Map<?, ?> map(Map<?, ?> parent, String field) {
    return parent.get(field) instanceof Map<?, ?> map ? map : Map.of();
  }

  static List<Map<?, ?>> maps(@Nullable Object value) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(item -> maps.add((Map<?, ?>) item));
    }
    return maps;
  }

  static String text(Map<?, ?> map, String field, String otherwise) {
    Object value = map.get(field);
    return value == null || str(value).isEmpty() ? otherwise : str(value);
  }

  private static String str(@Nullable Object value) {
    return String.valueOf(value);
  }
}
