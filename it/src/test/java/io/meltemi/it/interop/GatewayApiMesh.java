package io.meltemi.it.interop;

import static io.meltemi.it.interop.GatewayApiConformanceIT.map;
import static io.meltemi.it.interop.GatewayApiConformanceIT.maps;
import static io.meltemi.it.interop.GatewayApiConformanceIT.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The services that the conformance cases of the Gateway API send requests to, a control plane, a
 * client sidecar, and gateway proxies that stand in for whichever gateways a case is about.
 */
final class GatewayApiMesh implements AutoCloseable {
  private static final int SLOTS = 2;
  private static final List<Integer> PORTS = List.of(80, 81, 8080, 8090);
  private static final String GATEWAY_NAMESPACE = "gateway-conformance-infra";
  private static final String CLIENT_NAMESPACE = "gateway-conformance-mesh";

  /** Ingresses are served by the first of the gateway proxies. */
  private static final String INGRESS_SETTINGS =
      """
      ---
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: istio, namespace: istio-system}
      data:
        mesh: |-
          ingressSelector: gateway0
          ingressControllerMode: DEFAULT
      """;

  final int httpProxyPort = Program.freePort();
  private final Path directory;
  private final Path config;
  private final List<Program> programs = new ArrayList<>();
  private final Map<String, EchoServer> echoes = new TreeMap<>();
  private final Map<String, GrpcEcho> grpcEchoes = new TreeMap<>();
  private final Map<String, Integer> binds = new HashMap<>();

  GatewayApiMesh(DataPlane dataPlane, Path directory, String... base)
      throws IOException, InterruptedException {
    this.directory = directory;
    config = Files.createDirectories(directory.resolve("config"));
    String manifests = adapted(String.join("\n---\n", base));
    try {
      write(
          "base.yaml",
          manifests + endpoints(manifests) + pod(CLIENT_NAMESPACE, "client") + INGRESS_SETTINGS);
      int grpcPort = Program.freePort();
      int httpPort = Program.freePort();
      Program discovery =
          Program.start(
              "discovery",
              directory,
              Program.meltemi(
                  "discovery",
                  "--configDir",
                  config.toString(),
                  "--grpcAddr",
                  "127.0.0.1:" + grpcPort,
                  "--httpAddr",
                  "127.0.0.1:" + httpPort,
                  "--monitoringAddr",
                  "127.0.0.1:" + Program.freePort(),
                  "--httpsAddr",
                  "",
                  "--secureGRPCAddr",
                  ""));
      programs.add(discovery);
      discovery.awaitReady("http://127.0.0.1:" + httpPort + "/ready");
      start(
          dataPlane,
          new ProxyBootstrap(
              "client",
              CLIENT_NAMESPACE,
              "sidecar",
              "127.0.0.1",
              "DELTA_GRPC",
              "{\"httpProxy\": \"127.0.0.1:%d\"}".formatted(httpProxyPort)),
          grpcPort);
      for (int slot = 0; slot < SLOTS; slot++) {
        StringBuilder gateway = new StringBuilder();
        for (int port : PORTS) {
          binds.put(slot + "/" + port, Program.freePort());
          gateway.append(gateway.isEmpty() ? "" : ", ");
          gateway.append("\"%d\": \"127.0.0.1:%d\"".formatted(port, bind(slot, port)));
        }
        start(
            dataPlane,
            new ProxyBootstrap(
                "gateway" + slot,
                GATEWAY_NAMESPACE,
                "router",
                address(slot),
                "DELTA_GRPC",
                "{\"gateway\": {" + gateway + "}}"),
            grpcPort);
      }
    } catch (AssertionError | RuntimeException | IOException | InterruptedException e) {
      close();
      throw e;
    }
  }

  private void start(DataPlane dataPlane, ProxyBootstrap bootstrap, int grpcPort)
      throws IOException, InterruptedException {
    int admin = Program.freePort();
    Program program = dataPlane.start(bootstrap.name(), directory, bootstrap.yaml(admin, grpcPort));
    programs.add(program);
    program.awaitReady("http://127.0.0.1:" + admin + "/ready");
  }

  private static String address(int slot) {
    return "127.0.1." + (slot + 1);
  }

  /** The port where a gateway's port is served. */
  int bind(int slot, int port) {
    return Optional.ofNullable(binds.get(slot + "/" + port)).orElseThrow();
  }

  /** The listener's port for a port of a host header, which may be any number. */
  int port(int written) {
    return PORTS.contains(written) ? written : PORTS.getFirst();
  }

  /** What the control plane said so far. */
  String output() {
    return programs.getFirst().output();
  }

  /** Puts a case in the place of the last one; its gateways get the proxies in their order. */
  void apply(String manifests, List<String> gateways) throws IOException {
    String adapted = adapted(manifests);
    StringBuilder services = new StringBuilder(endpoints(adapted));
    for (int slot = 0; slot < Math.min(SLOTS, gateways.size()); slot++) {
      Map<String, Integer> ports = new LinkedHashMap<>();
      PORTS.forEach(port -> ports.put("http-" + port, port));
      services.append(
          """
          ---
          apiVersion: v1
          kind: Service
          metadata: {name: %s-istio, namespace: %s}
          spec:
            ports:
          """
              .formatted(gateways.get(slot), GATEWAY_NAMESPACE));
      ports.forEach(
          (name, port) -> services.append("  - {name: %s, port: %d}\n".formatted(name, port)));
      services.append(
          slice(GATEWAY_NAMESPACE, gateways.get(slot) + "-istio", address(slot), ports));
    }
    write("case.yaml", adapted + services);
  }

  private static String adapted(String manifests) {
    return manifests.replace("{GATEWAY_CLASS_NAME}", "istio");
  }

  static Iterable<Object> documents(String text) {
    List<Object> documents = new ArrayList<>();
    for (Object document :
        new Load(LoadSettings.builder().build()).loadAllFromString(adapted(text))) {
      if (document != null) {
        documents.add(document);
      }
    }
    return documents;
  }

  /** The endpoints of the services: one instance for each set of labels that is selected. */
  private String endpoints(String manifests) throws IOException {
    StringBuilder slices = new StringBuilder();
    List<Map<?, ?>> services = new ArrayList<>();
    for (Object document : documents(manifests)) {
      if ("Service".equals(((Map<?, ?>) document).get("kind"))) {
        services.add((Map<?, ?>) document);
      }
    }
    for (Map<?, ?> service : services) {
      String namespace = text(map(service, "metadata"), "namespace", "default");
      String name = text(map(service, "metadata"), "name", "");
      Map<?, ?> selector = map(map(service, "spec"), "selector");
      List<Integer> servers = new ArrayList<>();
      if (selector.containsKey("version") || !"echo".equals(selector.get("app"))) {
        if (selector.containsKey("app")) {
          servers.add(name.startsWith("grpc-") ? grpcEcho(namespace, name) : echo(namespace, name));
        }
      } else {
        servers.add(echo(namespace, "echo-v1"));
        servers.add(echo(namespace, "echo-v2"));
      }
      for (int i = 0; i < servers.size(); i++) {
        Map<String, Integer> ports = new LinkedHashMap<>();
        for (Map<?, ?> port : maps(map(service, "spec").get("ports"))) {
          ports.put(text(port, "name", ""), servers.get(i));
        }
        slices.append(slice(namespace, name, i, "127.0.0.1", ports));
      }
    }
    return slices.toString();
  }

  private int echo(String namespace, String name) throws IOException {
    String key = namespace + "/" + name;
    EchoServer known = echoes.get(key);
    if (known == null) {
      known = new EchoServer(key);
      echoes.put(key, known);
    }
    return known.port();
  }

  private int grpcEcho(String namespace, String name) throws IOException {
    String key = namespace + "/" + name;
    GrpcEcho known = grpcEchoes.get(key);
    if (known == null) {
      known = new GrpcEcho(key);
      grpcEchoes.put(key, known);
    }
    return known.port();
  }

  private static String slice(
      String namespace, String service, String address, Map<String, Integer> ports) {
    return slice(namespace, service, 0, address, ports);
  }

  private static String slice(
      String namespace, String service, int number, String address, Map<String, Integer> ports) {
    StringBuilder text =
        new StringBuilder(
            """
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: %1$s-%2$d, namespace: %3$s, labels: {kubernetes.io/service-name: %1$s}}
            addressType: IPv4
            endpoints: [{addresses: [%4$s], conditions: {ready: true}}]
            ports:
            """
                .formatted(service, number, namespace, address));
    ports.forEach(
        (name, port) ->
            text.append("- {name: \"%s\", port: %d, protocol: TCP}\n".formatted(name, port)));
    return text.toString();
  }

  private static String pod(String namespace, String name) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %2$s-0, namespace: %1$s, labels: {app: %2$s}}
    spec: {serviceAccountName: %2$s, containers: [{name: app, image: none}]}
    status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: "True"}]}
    """
        .formatted(namespace, name);
  }

  private void write(String file, String yaml) throws IOException {
    Path part = directory.resolve(file + ".part");
    Files.writeString(part, yaml);
    Files.move(part, config.resolve(file), StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() {
    programs.reversed().forEach(Program::close);
    echoes.values().forEach(EchoServer::close);
    grpcEchoes.values().forEach(GrpcEcho::close);
  }
}
