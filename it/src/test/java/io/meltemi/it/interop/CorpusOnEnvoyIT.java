package io.meltemi.it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.secret.v3.SecretDiscoveryServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.meltemi.common.net.HostPort;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneSettings;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything that the control plane makes of the shared corpus and of its own golden cases, taken
 * by the real Envoy: as a sidecar with certificates and as a gateway, one configuration after the
 * other.
 */
class CorpusOnEnvoyIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);
  private static final List<Integer> GATEWAY_PORTS =
      List.of(
          80, 443, 8080, 8081, 8083, 8090, 8443, 9000, 9080, 15008, 15012, 15017, 15443, 27017,
          31400, 34000, 34001, 3000, 5300, 6000, 7070, 9090, 9300, 50051);

  private static final String GATEWAY_ADDRESS = "10.10.1.1";

  private static final PushSettings AT_ONCE =
      new PushSettings(
          Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofSeconds(1), Duration.ofSeconds(5));

  /** What Gateways of the Gateway API name that are not deployed for themselves. */
  private static final String GATEWAY_SERVICE =
      service("istio-ingressgateway", "istio-system", List.of(80, 443, 34000, 34001));

  /** Kinds of single resources that translation is made of. */
  private static final Pattern TRAFFIC =
      Pattern.compile(
          "/(virtualservice|destinationrule|gateway|serviceentry|workloadentry|sidecar|envoyfilter)-");

  private final ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
  private final ConfigStore store = new ConfigStore();

  @Test
  void envoyTakesEveryConfiguration(@TempDir Path directory) throws Exception {
    Map<String, List<Path>> cases = cases();
    assertTrue(cases.size() > 400, "cases: " + cases.size());
    EnvoyBinary.require();
    Path mesh = directory.resolve("mesh.yaml");
    Files.writeString(
        mesh,
        "proxyListenPort: %d\nproxyInboundListenPort: %d\n"
            .formatted(Program.freePort(), Program.freePort()));
    Server agent = agent(directory);
    Map<String, String> refusals = new TreeMap<>();
    try (ControlPlane controlPlane =
        ControlPlane.start(
            ControlPlaneSettings.DEFAULT
                .withListen(
                    new ControlPlaneSettings.Listen(
                        Optional.of(ANY), Optional.empty(), Optional.of(ANY), ""))
                .withMeshConfigFile(mesh)
                .withPush(AT_ONCE),
            store,
            List.of())) {
      load("marker-0", List.of(), 0);
      try (Proxy sidecar = new Proxy("sidecar", "default", directory, controlPlane, agent);
          Proxy gateway = new Proxy("router", "istio-system", directory, controlPlane, agent);
          Proxy other = new Proxy("router", "default", directory, controlPlane, agent)) {
        int number = 0;
        for (Map.Entry<String, List<Path>> one : cases.entrySet()) {
          load(one.getKey(), one.getValue(), ++number);
          for (Proxy proxy : List.of(sidecar, gateway, other)) {
            String refusal = proxy.take(number);
            if (!refusal.isEmpty()) {
              refusals.put(one.getKey() + " on " + proxy.name, refusal);
            }
          }
        }
      }
    } finally {
      agent.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    System.out.println("corpus on Envoy: " + cases.size() + " configurations taken by all");
    assertEquals(Map.of(), refusals);
  }

  /** A stock Envoy of one kind that follows the control plane. */
  private static final class Proxy implements AutoCloseable {
    final String name;
    private final Program program;
    private final String admin;
    private long refused;

    Proxy(String type, String namespace, Path directory, ControlPlane controlPlane, Server agent)
        throws IOException, InterruptedException {
      this.name = type + "-" + namespace;
      int adminPort = Program.freePort();
      admin = "http://127.0.0.1:" + adminPort;
      program =
          DataPlane.ENVOY.start(
              name,
              directory,
              bootstrap(
                  type,
                  namespace,
                  adminPort,
                  controlPlane.grpcAddress().orElseThrow().port(),
                  agent.getPort()));
      program.await("marker 0 is there", PATIENCE, () -> has(0));
    }

    private boolean has(int marker) {
      try {
        return Program.get(admin + "/clusters").contains("marker-" + marker + "::");
      } catch (IOException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    /** Waits until a configuration arrived; what was refused of it, or nothing. */
    String take(int marker) throws IOException, InterruptedException {
      try {
        program.await("marker " + marker + " is there", PATIENCE, () -> has(marker));
      } catch (AssertionError e) {
        return "did not arrive: " + lastWarning();
      }
      String stats = settled();
      long now =
          stats
              .lines()
              .filter(line -> line.contains("update_rejected"))
              .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
              .sum();
      String result = now > refused ? lastWarning() : "";
      refused = now;
      return result;
    }

    /** The counters of updates once listeners and routes came as well. */
    private String settled() throws IOException, InterruptedException {
      String before = "";
      for (int i = 0; i < 100; i++) {
        String now = Program.get(admin + "/stats?filter=update_(attempt%7Crejected%7Csuccess)");
        if (now.equals(before)) {
          return now;
        }
        before = now;
        Thread.sleep(20);
      }
      return before;
    }

    private String lastWarning() {
      return program
          .output()
          .lines()
          .filter(line -> line.contains("rejected") || line.contains("rror"))
          .reduce((_, last) -> last)
          .orElse("no reason in the log");
    }

    @Override
    public void close() {
      program.close();
    }
  }

  private static String bootstrap(
      String type, String namespace, int adminPort, int xdsPort, int agentPort) {
    boolean sidecar = type.equals("sidecar");
    String gateway =
        GATEWAY_PORTS.stream()
            .map(port -> "\"" + port + "\": \"127.0.0.1:" + Program.freePort() + "\"")
            .collect(Collectors.joining(", "));
    String node =
        sidecar
            ? """
              id: sidecar~10.10.0.1~productpage.default~default.svc.cluster.local
                cluster: productpage.default
                metadata:
                  NAMESPACE: default
                  CLUSTER_ID: Kubernetes
                  ISTIO_VERSION: 1.32.0
                  LABELS: {app: productpage, version: v1}"""
            : """
              id: router~%1$s~istio-ingressgateway.%2$s~%2$s.svc.cluster.local
                cluster: istio-ingressgateway.%2$s
                metadata:
                  NAMESPACE: %2$s
                  CLUSTER_ID: Kubernetes
                  ISTIO_VERSION: 1.32.0
                  LABELS: {app: istio-ingressgateway, istio: ingressgateway, istio.io/benchmark: "true"}
                  MELTEMI_CERTIFICATES: "true"
                  MELTEMI_LOCAL: {gateway: {%3$s}}"""
                .formatted(GATEWAY_ADDRESS, namespace, gateway);
    return """
    node:
      %s
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
    dynamic_resources:
      ads_config:
        api_type: DELTA_GRPC
        transport_api_version: V3
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
      cds_config: {ads: {}, resource_api_version: V3}
      lds_config: {ads: {}, resource_api_version: V3}
    static_resources:
      clusters:
      - name: xds-grpc
        type: STATIC
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: xds-grpc
          endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
      - name: sds-grpc
        type: STATIC
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: sds-grpc
          endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
    """
        .formatted(node, adminPort, xdsPort, agentPort);
  }

  // ---- the agent beside the proxy, which knows one certificate

  private static Server agent(Path directory) throws IOException, InterruptedException {
    Path key = directory.resolve("key.pem");
    Path certificate = directory.resolve("cert.pem");
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=test",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("openssl.log").toFile())
            .start();
    assertTrue(openssl.waitFor(30, TimeUnit.SECONDS) && openssl.exitValue() == 0, "openssl");
    String keyText = Files.readString(key);
    String certificateText = Files.readString(certificate);
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .addService(
            new SecretDiscoveryServiceGrpc.SecretDiscoveryServiceImplBase() {
              @Override
              public StreamObserver<DiscoveryRequest> streamSecrets(
                  StreamObserver<DiscoveryResponse> answers) {
                return new Answering(answers, certificateText, keyText);
              }
            })
        .build()
        .start();
  }

  /** Answers the first request of a stream. */
  private record Answering(
      StreamObserver<DiscoveryResponse> answers, String certificate, String key)
      implements StreamObserver<DiscoveryRequest> {
    @Override
    public void onNext(DiscoveryRequest request) {
      if (!request.getResponseNonce().isEmpty()) {
        return;
      }
      DiscoveryResponse.Builder response =
          DiscoveryResponse.newBuilder()
              .setTypeUrl(request.getTypeUrl())
              .setVersionInfo("1")
              .setNonce("1");
      for (String name : request.getResourceNamesList()) {
        Secret.Builder secret = Secret.newBuilder().setName(name);
        if (name.equals("ROOTCA") || name.startsWith("file-root:")) {
          secret.setValidationContext(
              CertificateValidationContext.newBuilder().setTrustedCa(text(certificate)));
        } else {
          secret.setTlsCertificate(
              TlsCertificate.newBuilder()
                  .setCertificateChain(text(certificate))
                  .setPrivateKey(text(key)));
        }
        response.addResources(Any.pack(secret.build()));
      }
      answers.onNext(response.build());
    }

    private static DataSource text(String value) {
      return DataSource.newBuilder().setInlineString(value).build();
    }

    @Override
    public void onError(Throwable cause) {
      // the proxy went away
    }

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }

  // ---- configurations

  /**
   * By name; each of the recorded cases, and each routing file of the samples over its services.
   */
  private static Map<String, List<Path>> cases() throws IOException {
    Map<String, List<Path>> cases = new LinkedHashMap<>();
    Path recorded = SharedFiles.require("corpus/xds");
    try (Stream<Path> files = Files.walk(recorded, 3)) {
      for (Path file : files.filter(f -> f.endsWith("case.json")).sorted().toList()) {
        cases.put(
            recorded.relativize(file.getParent()).toString(),
            Stream.of("kubernetes.yaml", "config.yaml")
                .map(file::resolveSibling)
                .filter(Files::exists)
                .toList());
      }
    }
    Path samples = SharedFiles.require("corpus/samples");
    Path services = samples.resolve("bookinfo/platform/kube/bookinfo.yaml");
    for (Path file : yamlFiles(samples)) {
      cases.put("samples/" + samples.relativize(file), List.of(services, file));
    }
    Path config = SharedFiles.require("corpus/config");
    for (Path file : yamlFiles(config)) {
      cases.put("config/" + config.relativize(file), List.of(file));
    }
    Path gatewayApi = SharedFiles.require("corpus/gateway-api");
    for (String group :
        List.of(
            "conformance",
            "conformance-mesh",
            "examples-valid",
            "ingress-conversion",
            "istio-conversion")) {
      for (Path folder : folders(gatewayApi.resolve(group))) {
        List<Path> files = new ArrayList<>();
        if (group.startsWith("conformance")) {
          files.addAll(yamlFiles(gatewayApi.resolve("conformance-base")));
        }
        yamlFiles(folder).stream()
            .filter(f -> !f.getFileName().toString().startsWith("expected"))
            .forEach(files::add);
        cases.put("gateway-api/" + gatewayApi.relativize(folder), files);
      }
    }
    Path single = SharedFiles.require("corpus/crd-validation");
    for (Path file : yamlFiles(single)) {
      if (TRAFFIC.matcher(single.relativize(file).toString()).find()) {
        cases.put("crd-validation/" + single.relativize(file), List.of(services, file));
      }
    }
    Path own =
        Path.of(System.getProperty("meltemi.root", ".."))
            .resolve("controlplane/src/test/resources/golden");
    for (Path file : yamlFiles(own)) {
      String text = Files.readString(file);
      if (text.contains("/crl.pem") || text.contains("file:///modules/")) {
        // a file that is not there is refused, and rightly
        continue;
      }
      cases.put("golden/" + own.relativize(file), List.of(file));
    }
    return cases;
  }

  private static List<Path> folders(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.filter(Files::isDirectory).sorted().toList();
    }
  }

  private static List<Path> yamlFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  private void load(String name, List<Path> files, int marker) {
    List<Resource<?>> resources = new ArrayList<>(read(name, marker(marker)));
    for (Path file : files) {
      try {
        resources.addAll(read(file.toString(), adapted(Files.readString(file))));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    resources.addAll(read(name, GATEWAY_SERVICE));
    for (Resource<?> resource : List.copyOf(resources)) {
      if (resource.spec() instanceof KubernetesGateway gateway) {
        resources.addAll(read(name, serviceOf(resource, gateway)));
      }
    }
    store.replace("case", resources);
  }

  /**
   * Resources that came without a name get one, and those of the Gateway API what its tests fill in
   * and the names of the test's world.
   */
  private static String adapted(String yaml) {
    return yaml.replace("metadata: {}", "metadata: {name: some-name}")
        .replace("{GATEWAY_CLASS_NAME}", "istio")
        .replace("gateway-conformance-infra", "istio-system")
        .replace("domain.suffix", "cluster.local");
  }

  /** What the deployment of a Gateway would have made: its service, whose pod is the gateway. */
  private static String serviceOf(Resource<?> resource, KubernetesGateway gateway) {
    return service(
        resource.metadata().name() + "-" + gateway.gatewayClassName(),
        resource.namespace(),
        gateway.listeners().stream().map(Listener::port).distinct().toList());
  }

  private static String service(String name, String namespace, List<Integer> ports) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %1$s, namespace: %2$s}
    spec: {ports: [%3$s]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: %1$s, namespace: %2$s, labels: {kubernetes.io/service-name: %1$s}}
    addressType: IPv4
    endpoints: [{addresses: [%4$s], conditions: {ready: true}}]
    ports: [%3$s]
    """
        .formatted(
            name,
            namespace,
            ports.stream()
                .map(port -> "{name: port-%1$d, port: %1$d, protocol: TCP}".formatted(port))
                .collect(Collectors.joining(", ")),
            GATEWAY_ADDRESS);
  }

  private List<Resource<?>> read(String location, String yaml) {
    List<Resource<?>> resources = new ArrayList<>();
    for (YamlReader.Document document :
        YamlReader.read(yaml, location, YamlLimits.DEFAULT).documents()) {
      for (Decoded decoded : decoder.decode(document)) {
        if (decoded instanceof Decoded.Accepted(Resource<?> resource, var _)) {
          resources.add(resource);
        }
      }
    }
    return resources;
  }

  /** A cluster that tells which configuration has arrived, whatever a proxy may see of it. */
  private static String marker(int number) {
    return """
    apiVersion: networking.istio.io/v1alpha3
    kind: EnvoyFilter
    metadata: {name: marker, namespace: istio-system}
    spec:
      configPatches:
      - applyTo: CLUSTER
        patch: {operation: ADD, value: {name: marker-%d, type: STATIC, connect_timeout: 1s}}
    """
        .formatted(number);
  }
}
