package io.meltemi.it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A control plane on a directory of YAML and, under it, a client sidecar (delta xDS), a server
 * sidecar and a gateway (state of the world) of one kind of data plane.
 *
 * <p>Service {@code echo} has {@code v1} and {@code v2}, reached without a sidecar of their own,
 * and {@code guarded} is one instance behind the server sidecar.
 */
final class Mesh implements AutoCloseable {
  final Path directory;
  final Path config;
  final EchoServer v1 = new EchoServer("v1");
  final EchoServer v2 = new EchoServer("v2");
  final EchoServer guarded = new EchoServer("guarded");
  final TcpEcho tcp = new TcpEcho();
  final int httpProxyPort = Program.freePort();
  final int gatewayPort = Program.freePort();
  final int tcpPort = Program.freePort();
  final int clientAdmin = Program.freePort();
  final int serverAdmin = Program.freePort();
  final int gatewayAdmin = Program.freePort();
  final int grpcPort = Program.freePort();
  final int httpPort = Program.freePort();
  final int monitoringPort = Program.freePort();
  private final int inboundPort = Program.freePort();
  private final List<Program> programs = new ArrayList<>();
  final Program discovery;

  Mesh(DataPlane dataPlane, Path directory) throws IOException, InterruptedException {
    this.directory = directory;
    config = Files.createDirectories(directory.resolve("config"));
    write("services.yaml", services());
    discovery =
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
                "127.0.0.1:" + monitoringPort,
                "--httpsAddr",
                "",
                "--secureGRPCAddr",
                ""));
    programs.add(discovery);
    try {
      discovery.awaitReady("http://127.0.0.1:" + httpPort + "/ready");
      start(
          dataPlane,
          "client",
          "sidecar",
          clientAdmin,
          "DELTA_GRPC",
          """
          {"httpProxy": "127.0.0.1:%d", "outbound": {"tcp-echo.default.svc.cluster.local:9000": "127.0.0.1:%d"}}
          """
              .formatted(httpProxyPort, tcpPort)
              .strip());
      start(
          dataPlane,
          "guarded",
          "sidecar",
          serverAdmin,
          "DELTA_GRPC",
          """
          {"inbound": {"8000": {"bind": "127.0.0.1:%d", "app": "127.0.0.1:%d"}}}
          """
              .formatted(inboundPort, guarded.port())
              .strip());
      start(
          dataPlane,
          "ingressgateway",
          "router",
          gatewayAdmin,
          "GRPC",
          "{\"gateway\": {\"8080\": \"127.0.0.1:%d\"}}".formatted(gatewayPort));
      for (Program program : programs.subList(1, programs.size())) {
        program.awaitReady(
            "http://127.0.0.1:" + admins().get(programs.indexOf(program) - 1) + "/ready");
      }
    } catch (AssertionError | RuntimeException | IOException | InterruptedException e) {
      close();
      throw e;
    }
  }

  private List<Integer> admins() {
    return List.of(clientAdmin, serverAdmin, gatewayAdmin);
  }

  /** Puts a file in place at once, as an editor that renames does. */
  void write(String file, String yaml) throws IOException {
    Path part = directory.resolve(file + ".part");
    Files.writeString(part, yaml);
    Files.move(part, config.resolve(file), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes every file but the services. */
  void reset() throws IOException {
    try (var files = Files.list(config)) {
      for (Path file : files.toList()) {
        if (!file.getFileName().toString().equals("services.yaml")) {
          Files.delete(file);
        }
      }
    }
  }

  private void start(
      DataPlane dataPlane, String name, String type, int admin, String apiType, String local)
      throws IOException {
    programs.add(
        dataPlane.start(
            name,
            directory,
            new ProxyBootstrap(name, "default", type, "127.0.0.1", apiType, local)
                .yaml(admin, grpcPort)));
  }

  private String services() {
    return """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio, namespace: istio-system}
    data:
      mesh: |-
        outboundTrafficPolicy: {mode: REGISTRY_ONLY}
    """
        + service("echo", "http", 8000)
        + pod("echo", "v1", "http", v1.port())
        + pod("echo", "v2", "http", v2.port())
        + service("guarded", "http", 8000)
        + pod("guarded", "v1", "http", inboundPort)
        + service("tcp-echo", "tcp", 9000)
        + pod("tcp-echo", "v1", "tcp", tcp.port())
        + pod("ingressgateway", "v1", "", 0)
        + pod("client", "v1", "", 0);
  }

  private static String service(String name, String port, int number) {
    return """
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: %s, namespace: default, labels: {app: %s}}
    spec:
      selector: {app: %s}
      ports: [{name: %s, port: %d, targetPort: %d}]
    """
        .formatted(name, name, name, port, number, number);
  }

  private static String pod(String app, String version, String portName, int port) {
    String name = app + "-" + version;
    String pod =
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: %1$s, namespace: default, labels: {app: %2$s, istio: %2$s, version: %3$s}}
        spec: {serviceAccountName: %2$s, containers: [{name: app, image: echo}]}
        status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: "True"}]}
        """
            .formatted(portName.isEmpty() ? app + "-0" : name, app, version);
    if (portName.isEmpty()) {
      return pod;
    }
    return pod
        + """
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: %1$s, namespace: default, labels: {kubernetes.io/service-name: %2$s}}
        addressType: IPv4
        endpoints:
        - addresses: [127.0.0.1]
          conditions: {ready: true}
          targetRef: {kind: Pod, name: %1$s, namespace: default}
        ports: [{name: %3$s, port: %4$d, protocol: TCP}]
        """
            .formatted(name, app, portName, port);
  }

  @Override
  public void close() {
    for (Program program : programs.reversed()) {
      program.close();
    }
    v1.close();
    v2.close();
    guarded.close();
    tcp.close();
  }
}
