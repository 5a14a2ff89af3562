package io.meltemi.bench.swarm;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.bench.swarm.Round.Awaited;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The configuration of a mesh as files, and changes of it: services with ten endpoints each over
 * ten namespaces, on one of four ports, each tenth with a TCP port besides and each tenth with a
 * virtual service and two subsets. What changes has a file of its own, and is replaced by a move,
 * so that no reader sees half a file.
 */
public final class MeshFiles {
  static final int ENDPOINTS = 10;
  private static final int NAMESPACES = 10;
  private static final int[] PORTS = {80, 8080, 9080, 3000};
  private static final int WITH_TCP = 10;
  private static final int WITH_RULES = 10;
  private static final int BYTE = 256;
  private static final int MILLIS_MIN = 5000;
  private static final String FIRST_MARK = mark(0);

  private final Path directory;
  private final int services;

  /** What can happen to the mesh. */
  enum Change {
    ENDPOINT,
    ROUTE,
    SERVICE,
    EVERYTHING
  }

  /**
   * A change that is written and not moved into its place so far.
   *
   * @param from the file that is ready
   * @param to where the control plane reads it
   * @param awaited what every sidecar must get
   * @param undo the file is removed again after the round
   */
  record Prepared(Path from, Path to, List<Awaited> awaited, boolean undo) {
    void apply() throws IOException {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** A workload with a sidecar: an endpoint of some service. */
  record Workload(String ip, String name, String namespace, String app, String version) {}

  /**
   * A mesh.
   *
   * @param directory in which {@link #config} and {@link #mesh} are
   */
  public MeshFiles(Path directory, int services) {
    this.directory = directory;
    this.services = services;
  }

  /** Where the resources are. */
  public Path config() {
    return directory.resolve("config");
  }

  /** The settings of the mesh. */
  public Path mesh() {
    return directory.resolve("mesh.yaml");
  }

  /** Writes everything. */
  public void write() throws IOException {
    Files.createDirectories(config());
    Map<String, StringBuilder> files = new TreeMap<>();
    for (int i = 0; i < services; i++) {
      String service = service(host(i), name(i), i, vip(i), endpoints(i, ENDPOINTS));
      if (i == 0) {
        Files.writeString(config().resolve("first-service.yaml"), service);
      } else {
        files.computeIfAbsent(namespace(i), _ -> new StringBuilder()).append(service);
      }
      if (i == 0 && hasRules(i)) {
        Files.writeString(config().resolve("first-route.yaml"), routes(i, FIRST_MARK));
      } else if (hasRules(i)) {
        files.computeIfAbsent(namespace(i), _ -> new StringBuilder()).append(routes(i, FIRST_MARK));
      }
      if (hasRules(i)) {
        files.computeIfAbsent(namespace(i), _ -> new StringBuilder()).append(subsets(i));
      }
    }
    for (Map.Entry<String, StringBuilder> file : files.entrySet()) {
      Files.writeString(config().resolve(file.getKey() + ".yaml"), file.getValue());
    }
    Files.writeString(mesh(), settings(FIRST_MARK, 2 * MILLIS_MIN));
  }

  private boolean hasRules(int service) {
    return service < Math.max(1, services / WITH_RULES);
  }

  /** What the first sidecar says of itself. */
  public Node proxy() {
    return Played.ENVOY.node(workload(0));
  }

  /** The workload of a sidecar: the first endpoints of all services, then the second ones. */
  Workload workload(int sidecar) {
    int service = sidecar % services;
    int endpoint = sidecar / services % ENDPOINTS;
    return new Workload(
        ip(service, endpoint),
        name(service) + "-" + endpoint,
        namespace(service),
        name(service),
        version(endpoint));
  }

  /**
   * Makes a change ready.
   *
   * @param number another for every change of a run
   */
  Prepared prepare(Change change, int number) throws IOException {
    Path from = directory.resolve("next.yaml");
    String host = host(0);
    String cluster = cluster(host);
    String mark = mark(number);
    return switch (change) {
      case ENDPOINT -> {
        String ip = "10.250." + (100 + number / 100 % 100) + "." + (100 + number % 100);
        Files.writeString(
            from,
            service(
                host,
                name(0),
                0,
                vip(0),
                endpoints(0, ENDPOINTS - 1) + endpoint(0, ip, ENDPOINTS - 1)));
        yield new Prepared(
            from,
            config().resolve("first-service.yaml"),
            List.of(new Awaited(Kind.ENDPOINT, cluster, ip)),
            false);
      }
      case ROUTE -> {
        Files.writeString(from, routes(0, mark));
        yield new Prepared(
            from,
            config().resolve("first-route.yaml"),
            List.of(new Awaited(Kind.ROUTE, "", mark)),
            false);
      }
      case SERVICE -> {
        String name = "new-" + number;
        String newHost = name + "." + namespace(0) + ".mesh.test";
        Files.writeString(from, service(newHost, name, 0, "10.113.0.1", endpoints(0, ENDPOINTS)));
        yield new Prepared(
            from,
            config().resolve(name + ".yaml"),
            List.of(
                new Awaited(Kind.CLUSTER, cluster(newHost), ""),
                new Awaited(Kind.ENDPOINT, cluster(newHost), ""),
                new Awaited(Kind.ROUTE, Integer.toString(PORTS[0]), newHost)),
            true);
      }
      case EVERYTHING -> {
        Files.writeString(from, settings(mark, MILLIS_MIN + number % MILLIS_MIN));
        yield new Prepared(
            from,
            mesh(),
            List.of(
                new Awaited(Kind.CLUSTER, cluster, ""),
                new Awaited(Kind.LISTENER, "", mark),
                new Awaited(Kind.ROUTE, Integer.toString(PORTS[0]), "")),
            false);
      }
    };
  }

  private static String mark(int number) {
    return String.format(Locale.ROOT, "mark-%06d", number);
  }

  private static String name(int service) {
    return "app-" + service;
  }

  private static String namespace(int service) {
    return "ns-" + service % NAMESPACES;
  }

  private static String host(int service) {
    return name(service) + "." + namespace(service) + ".mesh.test";
  }

  private static int port(int service) {
    return PORTS[service % PORTS.length];
  }

  private static String cluster(String host) {
    return "outbound|" + PORTS[0] + "||" + host;
  }

  private static String version(int endpoint) {
    return endpoint % 2 == 0 ? "v1" : "v2";
  }

  private static String vip(int service) {
    return "10.112." + service / BYTE % BYTE + "." + service % BYTE;
  }

  private static String ip(int service, int endpoint) {
    int number = service * ENDPOINTS + endpoint;
    return "10." + (16 + number / BYTE / BYTE) + "." + number / BYTE % BYTE + "." + number % BYTE;
  }

  private static String service(
      String host, String name, int number, String vip, String endpoints) {
    String tcp =
        number % WITH_TCP == WITH_TCP / 3
            ? "  - {number: 5432, name: tcp-db, protocol: TCP, targetPort: 5432}\n"
            : "";
    return """
    apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: {name: %1$s, namespace: %2$s, labels: {app: %1$s}}
    spec:
      hosts: [%3$s]
      addresses: [%4$s]
      location: MESH_INTERNAL
      resolution: STATIC
      ports:
      - {number: %5$d, name: http, protocol: HTTP, targetPort: 8080}
    %6$s  endpoints:
    %7$s---
    """
        .formatted(name, namespace(number), host, vip, port(number), tcp, endpoints);
  }

  private static String endpoints(int service, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(endpoint(service, ip(service, i), i));
    }
    return text.toString();
  }

  private static String endpoint(int service, String ip, int number) {
    return "  - {address: %s, labels: {app: %s, version: %s}, serviceAccount: default}\n"
        .formatted(ip, name(service), version(number));
  }

  private static String routes(int service, String mark) {
    return """
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: %1$s, namespace: %2$s}
    spec:
      hosts: [%3$s]
      http:
      - name: next
        match:
        - uri: {prefix: /next}
          headers: {x-tester: {exact: "1"}}
        route:
        - destination: {host: %3$s, subset: v2}
        timeout: 5s
      - name: all
        headers: {request: {set: {x-mark: %4$s}}}
        route:
        - {destination: {host: %3$s, subset: v1}, weight: 80}
        - {destination: {host: %3$s, subset: v2}, weight: 20}
        retries: {attempts: 3, perTryTimeout: 2s, retryOn: "connect-failure,refused-stream,503"}
        timeout: 10s
    ---
    """
        .formatted(name(service), namespace(service), host(service), mark);
  }

  private static String subsets(int service) {
    return """
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: %1$s, namespace: %2$s}
    spec:
      host: %3$s
      trafficPolicy:
        connectionPool: {tcp: {maxConnections: 200}, http: {http1MaxPendingRequests: 60}}
        outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
      subsets:
      - {name: v1, labels: {version: v1}}
      - {name: v2, labels: {version: v2}}
    ---
    """
        .formatted(name(service), namespace(service), host(service));
  }

  /**
   * The timeout is in all clusters, the log's format in all listeners, the retries in all routes.
   */
  private static String settings(String mark, int millis) {
    return """
    accessLogFile: /dev/stdout
    accessLogFormat: "[%%START_TIME%%] %%REQ(:METHOD)%% %%RESPONSE_CODE%% %1$s\\n"
    connectTimeout: %2$dms
    defaultHttpRetryPolicy:
      attempts: 2
      retryOn: "connect-failure,refused-stream,unavailable,cancelled,503"
      perTryTimeout: %2$dms
    defaultConfig: {discoveryAddress: "istiod.istio-system.svc:15012"}
    """
        .formatted(mark, millis);
  }
}
