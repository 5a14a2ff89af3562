package io.meltemi.it.traffic;

import io.meltemi.it.interop.DataPlane;
import io.meltemi.it.interop.Program;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A control plane on a directory of YAML, the applications of a topology, and sidecars and gateways
 * of one data plane. It stands while cases come and go; they change configuration only.
 *
 * <p>Every pod has a loopback address of its own. Nothing redirects connections: callers tell the
 * sidecar by the PROXY protocol where they want to go, and applications behind a sidecar send
 * connections there first. So proxies have the listeners that they have in a cluster.
 */
final class World implements AutoCloseable {
  static final int OUTBOUND_PORT = 15_001;
  static final int INBOUND_PORT = 15_006;
  private static final String MARKER_HOST = "marker.mx.test";
  private static final String MARKER_VIP = "10.77.255.1";
  private static final int MARKER_GATEWAY_PORT = 15_090;
  private static final long BARRIER_NANOS = 40_000_000_000L;

  final DataPlane dataPlane;
  final Topology topology;
  final Path directory;
  final Caller.Surroundings around;
  private final ServerSocket claim;
  private final Path config;
  private final Path pki;
  private final EchoServers servers;
  private final Connector connector = new Connector();
  private final Hbone hbone;
  private final Map<String, EchoApplication> applications = new LinkedHashMap<>();
  private final Map<String, Topology.Pod> pods = new LinkedHashMap<>();
  private final Map<String, Integer> admins = new HashMap<>();
  private final Map<String, Integer> localPorts = new HashMap<>();
  private final Map<String, Program> proxies = new LinkedHashMap<>();
  private final WorkloadCertificates certificates = new WorkloadCertificates("cluster.local");
  private final int debugPort = Program.freePort();
  private final int grpcPort = Program.freePort();
  private Optional<Program> controlPlane = Optional.empty();
  private Map<String, Object> extraServices = Map.of();
  private int marker;
  private String lastEndpoints = "";

  World(DataPlane dataPlane, Path directory, String topologyYaml)
      throws IOException, InterruptedException {
    this.dataPlane = dataPlane;
    this.directory = directory;
    claim = claim();
    byte[] network = claim.getInetAddress().getAddress();
    topology = new Topology(topologyYaml, "127." + (network[1] & 0xFF) + "." + (network[2] & 0xFF));
    config = Files.createDirectories(directory.resolve("config"));
    pki = Files.createDirectories(directory.resolve("pki"));
    makeCertificates();
    servers = new EchoServers(pki);
    hbone = new Hbone(servers.loops());
    around =
        new Caller.Surroundings(
            connector, servers.loops(), pki, Integer.getInteger("traffic.scale", 1));
    pods.putAll(topology.pods());
    try {
      for (Topology.Pod pod : pods.values()) {
        startApplication(pod);
      }
      write("standing.yaml", topology.standing());
      endpoints(Map.of(), Set.of(), Set.of());
      apply(Map.of(), "{}", "{}");
      startControlPlane();
      for (Topology.Pod pod : pods.values()) {
        if (pod.proxied()) {
          startProxy(pod);
        }
      }
      awaitReady(proxies.keySet());
      settle();
    } catch (AssertionError | RuntimeException | IOException | InterruptedException e) {
      close();
      throw e;
    }
  }

  /** Takes a network of loopback addresses that no other run on this machine uses. */
  private static ServerSocket claim() throws IOException {
    IOException last = new IOException("no network");
    for (int i = 0; i < 50; i++) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      byte[] address = {127, (byte) random.nextInt(16, 250), (byte) random.nextInt(1, 250), 1};
      address[3] = (byte) 254;
      try {
        return new ServerSocket(19_998, 1, InetAddress.getByAddress(address));
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }

  private void makeCertificates() throws IOException {
    Issued root = TestPki.root("root");
    Issued other = TestPki.root("root-other");
    Files.writeString(pki.resolve("ca.crt"), root.certificate());
    Files.writeString(pki.resolve("ca2.crt"), other.certificate());
    keep(
        "app",
        root.leaf(
            Leaf.named("app.test")
                .dns(
                    "app.test",
                    "echo.app.svc.cluster.local",
                    "*.ext.test",
                    "*.wild.test",
                    "wild.test",
                    "*.example.com")));
    keep("gw-a", root.leaf(Leaf.named("a.example.com").dns("a.example.com")));
    keep(
        "gw-a2",
        root.leaf(Leaf.named("a.example.com").dns("a.example.com", "rotated.example.com")));
    keep(
        "gw-a-rsa",
        root.leaf(Leaf.named("a-rsa.example.com").with(TestPki.Key.RSA).dns("a.example.com")));
    keep("gw-b", root.leaf(Leaf.named("b.example.com").dns("b.example.com")));
    keep("gw-wild", root.leaf(Leaf.named("*.example.com").dns("*.example.com")));
    keep(
        "client",
        root.leaf(
            Leaf.named("client.example.com")
                .dns("client.example.com")
                .uri("spiffe://matrix/client")));
    keep("client2", other.leaf(Leaf.named("client2.example.com").dns("client2.example.com")));
  }

  private void keep(String name, Issued issued) throws IOException {
    Files.writeString(pki.resolve(name + ".crt"), issued.chain());
    Files.writeString(pki.resolve(name + ".key"), issued.key());
  }

  private void startApplication(Topology.Pod pod) throws IOException, InterruptedException {
    if (pod.isProxyOnly() || applications.containsKey(pod.name())) {
      return;
    }
    EchoApplication application =
        new EchoApplication(pod.name(), pod.labels().getOrDefault("version", ""), pod.namespace());
    InetSocketAddress sidecar =
        new InetSocketAddress(pod.ip(), pod.kind().equals("sidecar") ? INBOUND_PORT : 0);
    for (Map.Entry<Integer, String> port : topology.applicationPorts().entrySet()) {
      servers.open(
          application, port.getValue(), new InetSocketAddress(pod.ip(), port.getKey()), sidecar);
    }
    if (pod.name().equals(topology.onLocalhost())) {
      for (String kind : List.of("http", "https")) {
        int port = Program.freePort();
        localPorts.put(kind, port);
        servers.open(
            application,
            kind,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            sidecar);
      }
    }
    applications.put(pod.name(), application);
    if (pod.takesTunnels()) {
      hbone.serve(
          new InetSocketAddress(pod.ip(), Hbone.PORT), certificates.of(pod), certificates.root());
    }
  }

  private void startControlPlane() throws IOException, InterruptedException {
    Program started =
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
                "127.0.0.1:" + debugPort,
                "--monitoringAddr",
                "",
                "--httpsAddr",
                "",
                "--secureGRPCAddr",
                ""),
            Map.of("PILOT_DEBOUNCE_AFTER", "10ms"));
    controlPlane = Optional.of(started);
    started.awaitReady("http://127.0.0.1:" + debugPort + "/ready");
  }

  private void startProxy(Topology.Pod pod) throws IOException {
    int admin = admins.computeIfAbsent(pod.name(), _ -> Program.freePort());
    proxies.put(
        pod.name(),
        dataPlane.start(
            pod.name(),
            directory,
            new PodBootstrap(pod, topology).yaml(admin, grpcPort, certificates.port())));
  }

  Map<String, Topology.Pod> pods() {
    return pods;
  }

  /** Where the application of every name below {@code localhost} listens. */
  int localPort(String kind) {
    return Optional.ofNullable(localPorts.get(kind)).orElseThrow();
  }

  Path pki() {
    return pki;
  }

  EchoApplication application(String pod) {
    return Optional.ofNullable(applications.get(pod))
        .orElseThrow(() -> new IllegalArgumentException("no application in " + pod));
  }

  void forget() {
    applications.values().forEach(EchoApplication::forget);
  }

  /** What a proxy, or the control plane, printed so far. */
  String output(String pod) {
    return pod.equals("control-plane")
        ? controlPlane.map(Program::output).orElse("")
        : Optional.ofNullable(proxies.get(pod)).map(Program::output).orElse("");
  }

  /** A page of a proxy's admin interface. */
  String admin(String pod, String page) throws IOException, InterruptedException {
    return Program.get("http://127.0.0.1:" + admins.get(pod) + page);
  }

  /** A page of the control plane. */
  String debug(String page) throws IOException, InterruptedException {
    return Program.get("http://127.0.0.1:" + debugPort + page);
  }

  // ---- configuration

  private void write(String file, String yaml) throws IOException {
    Path part = directory.resolve(file + ".part");
    Files.writeString(part, yaml);
    Files.move(part, config.resolve(file), StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Adds pods without a proxy, until the next case; the others stay.
   *
   * @param certified also those with certificates, which start when first wanted
   */
  void pods(Map<String, Topology.Pod> more, boolean certified)
      throws IOException, InterruptedException {
    pods.keySet().retainAll(topology.pods().keySet());
    if (certified) {
      start(topology.certified().values());
      pods.putAll(topology.certified());
    }
    for (Topology.Pod pod : more.values()) {
      if (pod.proxied()) {
        throw new IllegalArgumentException("a case cannot start proxies: " + pod.name());
      }
      startApplication(pod);
      pods.put(pod.name(), pod);
    }
  }

  private void start(Collection<Topology.Pod> some) throws IOException, InterruptedException {
    List<String> fresh = new ArrayList<>();
    for (Topology.Pod pod : some) {
      startApplication(pod);
      if (!proxies.containsKey(pod.name())) {
        certificates.of(pod);
        startProxy(pod);
        fresh.add(pod.name());
      }
    }
    awaitReady(fresh);
  }

  private void awaitReady(Collection<String> some) throws IOException, InterruptedException {
    for (String pod : some) {
      Objects.requireNonNull(proxies.get(pod))
          .awaitReady("http://127.0.0.1:" + admins.get(pod) + "/ready");
    }
  }

  /**
   * Tells of pods and endpoints.
   *
   * @param services of a case, by {@code name.namespace}, as the topology writes them
   * @param without {@code service.namespace/pod} that are no endpoints for now
   * @param unready pods that are there but not ready
   */
  void endpoints(Map<String, Object> services, Set<String> without, Set<String> unready)
      throws IOException {
    extraServices = services;
    String yaml = topology.endpoints(pods, services, without, unready);
    if (!yaml.equals(lastEndpoints)) {
      lastEndpoints = yaml;
      write("endpoints.yaml", yaml);
    }
  }

  /** Puts documents in the place of those before, with the next marker. */
  void apply(Map<String, String> documents, String meshConfig, String networks) throws IOException {
    marker++;
    StringBuilder yaml = new StringBuilder();
    documents.values().forEach(document -> yaml.append("---\n").append(document).append('\n'));
    yaml.append(
        """
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: istio, namespace: istio-system}
        data: {mesh: %3$s, meshNetworks: %5$s}
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: marker, namespace: mx}
        spec:
          selector: {mx-role: gateway}
          servers: [{port: {number: %4$d, name: marker, protocol: HTTP}, hosts: [%1$s]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: marker, namespace: mx}
        spec:
          hosts: [%1$s]
          exportTo: ["*"]
          gateways: [mesh, marker]
          http: [{directResponse: {status: 200, body: {string: "%2$d"}}}]
        """
            .formatted(
                MARKER_HOST,
                marker,
                Json.write(meshConfig),
                MARKER_GATEWAY_PORT,
                Json.write(networks)));
    write("case.yaml", yaml.toString());
  }

  /** Waits until every proxy serves at least the last configuration. */
  void settle() throws InterruptedException {
    long end = System.nanoTime() + BARRIER_NANOS * around.scale();
    for (Topology.Pod pod : pods.values()) {
      // a waypoint serves no marker; steps wait for it by trying again
      if (!pod.proxied() || pod.isWaypoint()) {
        continue;
      }
      Call ask =
          Call.of(
              Map.of(
                  "url",
                  "http://" + MARKER_HOST + "/",
                  "connect",
                  pod.kind().equals("gateway")
                      ? pod.ip() + ":" + MARKER_GATEWAY_PORT
                      : MARKER_VIP + ":80",
                  "timeoutMs",
                  2000));
      while (true) {
        Answer answer = call(pod.kind().equals("gateway") ? "outside" : pod.name(), ask).getFirst();
        if (answer.status == 200 && answer.body.equals(String.valueOf(marker))) {
          break;
        }
        if (System.nanoTime() > end) {
          throw new IllegalStateException(
              pod.name() + " does not serve the last configuration: " + answer);
        }
        Thread.sleep(5);
      }
    }
  }

  // ---- calls

  /** Sends from a pod; {@code outside} is no pod. */
  List<Answer> call(String from, Call call) throws InterruptedException {
    Connector.Path path;
    try {
      path = path(from, call);
    } catch (IOException e) {
      Answer answer = new Answer();
      answer.failed(e);
      return List.of(answer);
    }
    return new Caller(call, path, around).run();
  }

  private Connector.Path path(String from, Call call) throws IOException {
    if (call.text("via").isPresent()) {
      Topology.Pod gateway = topology.pod(call.text("via").get());
      int port = topology.gatewayPorts().getOrDefault(call.port(), call.port());
      return new Connector.Path(new InetSocketAddress(gateway.ip(), port), "");
    }
    InetSocketAddress destination;
    Topology.Pod pod = pods.get(from);
    Optional<String> connect = call.text("connect");
    if (connect.isPresent()) {
      String[] parts = connect.get().split(":");
      destination = new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
    } else {
      destination = new InetSocketAddress(lookup(pod, call.url().getHost()), call.port());
    }
    Optional<String> waypoint = call.text("hbone");
    if (waypoint.isPresent()) {
      Topology.Pod client = Optional.ofNullable(pod).orElseThrow();
      return new Connector.Path(
          hbone.forwarder(
              from,
              new InetSocketAddress(topology.pod(waypoint.get()).ip(), Hbone.PORT),
              destination.getAddress().getHostAddress() + ":" + destination.getPort(),
              certificates.of(client),
              certificates.root()),
          "");
    }
    if (pod == null || !pod.kind().equals("sidecar")) {
      List<String> behind =
          topology.behind(
              destination.getAddress().getHostAddress(),
              destination.getPort(),
              pods,
              extraServices);
      if (!behind.isEmpty()) {
        String[] parts = behind.get(ThreadLocalRandom.current().nextInt(behind.size())).split(":");
        destination = new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
      }
      return new Connector.Path(destination, "");
    }
    int sourcePort = ThreadLocalRandom.current().nextInt(32_768, 60_000);
    return new Connector.Path(
        new InetSocketAddress(pod.ip(), OUTBOUND_PORT),
        Redirect.header(new InetSocketAddress(pod.ip(), sourcePort), destination));
  }

  /** What DNS says in a pod. */
  private String lookup(Topology.@org.jspecify.annotations.Nullable Pod pod, String host)
      throws UnknownHostException {
    if (host.matches("[0-9.]+")) {
      return host;
    }
    String name = host.replaceFirst("\\.svc(\\.cluster\\.local)?\\.?$", "");
    List<String> candidates = new ArrayList<>();
    if (pod != null && !name.contains(".")) {
      candidates.add(host + "." + pod.namespace());
    }
    candidates.add(name);
    for (String candidate : candidates) {
      Optional<String> address = topology.address(candidate, pods, extraServices);
      if (address.isPresent()) {
        return address.get();
      }
    }
    return topology.outside(host).orElseThrow(() -> new UnknownHostException(host));
  }

  @Override
  public void close() {
    proxies.values().forEach(Program::close);
    controlPlane.ifPresent(Program::close);
    certificates.close();
    connector.close();
    hbone.close();
    servers.close();
    try {
      claim.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
