package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Target;
import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sidecars that take their configuration over ADS from our control plane, the same for both. */
final class Meshes {
  private static final String HOST = "server.default.svc.cluster.local:8000";

  private static final String FAULT =
      "{name: envoy.filters.http.fault, typed_config: {\"@type\":"
          + " type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}}";
  private static final String CORS =
      "{name: envoy.filters.http.cors, typed_config: {\"@type\":"
          + " type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}";

  /** Istio's default line. */
  private static final String ACCESS_LOG =
      "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\""
          + " %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"
          + " %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\""
          + " %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"
          + " \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\""
          + " \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW%"
          + " %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%"
          + " %REQUESTED_SERVER_NAME% %ROUTE_NAME%";

  private Meshes() {}

  /**
   * A client's sidecar and a server's: route by VirtualService with retries and a timeout, access
   * log of both to a file, statistics.
   */
  static Topology sidecars() {
    return (lab, kind) -> {
      int inbound = Ports.free();
      int outbound = Ports.free();
      int admin = Ports.free();
      Path directory = lab.directory("mesh");
      Path config = Files.createDirectories(directory.resolve("config"));
      Files.writeString(
          config.resolve("mesh.yaml"),
          mesh(directory.resolve("access.log").toString())
              + service("server", 8000)
              + pod("client", "127.0.0.1")
              + pod("server", "127.0.0.1")
              + endpoints("server", "server-0", "127.0.0.1", inbound)
              + virtualService("server"));
      List<Child> others = new ArrayList<>();
      List<Child> sidecars = new ArrayList<>();
      try {
        int xds = discovery(lab, config, others);
        sidecars.add(
            lab.proxy(
                kind,
                "server-" + kind,
                sidecar(
                    "server",
                    Ports.free(),
                    xds,
                    "{\"inbound\": {\"8000\": {\"bind\": \"127.0.0.1:%d\", \"app\": \"127.0.0.1:%d\"}}}"
                        .formatted(inbound, lab.httpBackend()))));
        sidecars.add(
            lab.proxy(
                kind,
                "client-" + kind,
                sidecar(
                    "client",
                    admin,
                    xds,
                    "{\"outbound\": {\"%s\": \"127.0.0.1:%d\"}}".formatted(HOST, outbound))));
        lab.awaitListening(sidecars.get(0), inbound);
        lab.awaitListening(sidecars.get(1), outbound);
        return new Deployment(
            sidecars,
            others,
            Target.http(outbound).withHeaders(List.of("Host: " + HOST)),
            admin,
            Optional.of(directory.resolve("access.log")));
      } catch (IOException | InterruptedException | RuntimeException e) {
        sidecars.forEach(Child::close);
        others.forEach(Child::close);
        throw e;
      }
    };
  }

  /**
   * The same chain as static bootstraps, with what security adds to it: mutual TLS between the
   * sidecars and an RBAC filter that lets the client's principal through. Our control plane does
   * not generate these two yet.
   */
  static Topology secureSidecars() {
    return (lab, kind) -> {
      int inbound = Ports.free();
      int outbound = Ports.free();
      int admin = Ports.free();
      Certificates certificates = lab.certificates();
      Path log = lab.directory("mesh").resolve("access.log");
      String server =
          Bootstrap.document(
              Ports.free(),
              List.of(
                  Bootstrap.listener(
                      inbound,
                      Bootstrap.downstreamTls(certificates, "http/1.1", true),
                      Bootstrap.http(
                          sidecarSettings(log)
                              + "forward_client_cert_details: APPEND_FORWARD,"
                              + " set_current_client_cert_details: {subject: true, uri: true},",
                          List.of(
                              """
                              {match: {prefix: /}, decorator: {operation: ":8000/*"}, route: {cluster: app,
                               timeout: 0s, retry_policy: {retry_on: reset-before-request, num_retries: 2}}}"""),
                          List.of(
                              Bootstrap.rbac(
                                  List.of(
                                      "{authenticated: {principal_name: {exact: '"
                                          + Certificates.CLIENT
                                          + "'}}}")),
                              FAULT,
                              CORS)))),
              List.of(Bootstrap.cluster("app", lab.httpBackend(), false, "")));
      String client =
          Bootstrap.document(
              admin,
              List.of(
                  Bootstrap.listener(
                      outbound,
                      "",
                      Bootstrap.http(
                          sidecarSettings(log),
                          List.of(
                              """
                              {match: {prefix: /}, decorator: {operation: "server:8000/*"}, route: {cluster: server,
                               timeout: 10s, retry_policy: {num_retries: 3, per_try_timeout: 5s,
                               retry_on: "connect-failure,refused-stream,retriable-status-codes",
                               retriable_status_codes: [503]}}}"""),
                          List.of(FAULT, CORS)))),
              List.of(
                  Bootstrap.cluster(
                      "server", inbound, false, Bootstrap.upstreamTls(certificates))));
      return Topologies.pair(lab, kind, server, inbound, client, outbound, admin).withLog(log);
    };
  }

  /** Fields of the connection manager that our control plane gives every sidecar. */
  private static String sidecarSettings(Path log) {
    return """
    access_log: [{name: envoy.access_loggers.file, typed_config: {
      "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog,
      path: %s, log_format: {text_format_source: {inline_string: "%s\\n"}}}}],
    use_remote_address: false, normalize_path: true, stream_idle_timeout: 0s,
    """
        .formatted(log, ACCESS_LOG.replace("\"", "\\\""));
  }

  /** One sidecar that knows many services with two endpoints each, and calls none. */
  static Topology manyServices(int count) {
    return (lab, kind) -> {
      int admin = Ports.free();
      int outbound = Ports.free();
      int xds =
          lab.controlPlane(
              "services-" + count, () -> discovery(lab, services(lab, count), new ArrayList<>()));
      Child sidecar =
          lab.proxy(
              kind,
              "client-" + kind,
              sidecar(
                  "client", admin, xds, "{\"httpProxy\": \"127.0.0.1:%d\"}".formatted(outbound)));
      try {
        lab.awaitListening(sidecar, outbound);
        return new Deployment(List.of(sidecar), List.of(), Target.http(outbound), admin);
      } catch (IOException | InterruptedException | RuntimeException e) {
        sidecar.close();
        throw e;
      }
    };
  }

  private static Path services(Lab lab, int count) throws IOException {
    StringBuilder text = new StringBuilder(mesh(""));
    text.append(pod("client", "127.0.0.1"));
    for (int i = 0; i < count; i++) {
      String name = "service-" + i;
      text.append(service(name, 8000));
      for (int j = 0; j < 2; j++) {
        String ip = "10." + (j + 1) + "." + i / 250 + "." + (i % 250 + 1);
        text.append(endpoints(name, name + "-" + j, ip, 8000));
      }
    }
    Path config = lab.directory("services-" + count);
    Files.writeString(config.resolve("services.yaml"), text);
    return config;
  }

  private static int discovery(Lab lab, Path config, List<Child> others)
      throws IOException, InterruptedException {
    int grpc = Ports.free();
    int http = Ports.free();
    List<String> command = new ArrayList<>(lab.meltemi());
    command.addAll(List.of("discovery", "--configDir", config.toString()));
    command.addAll(List.of("--grpcAddr", "127.0.0.1:" + grpc, "--httpAddr", "127.0.0.1:" + http));
    command.addAll(List.of("--monitoringAddr", "127.0.0.1:" + Ports.free()));
    command.addAll(List.of("--httpsAddr", "", "--secureGRPCAddr", ""));
    Child discovery = lab.children().start("discovery", command);
    others.add(discovery);
    lab.awaitBackend(discovery, grpc);
    long end = System.nanoTime() + 30_000_000_000L;
    while (true) {
      try {
        lab.get(http, "/ready");
        return grpc;
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw new IOException("the control plane is not ready: " + discovery.output(), e);
        }
      }
      Thread.sleep(50);
    }
  }

  private static String sidecar(String name, int admin, int xds, String placement) {
    return """
    admin: {address: {socket_address: {address: 127.0.0.1, port_value: %1$d}}}
    node:
      id: sidecar~127.0.0.1~%2$s-0.default~default.svc.cluster.local
      cluster: %2$s.default
      metadata:
        NAMESPACE: default
        NAME: %2$s-0
        LABELS: {app: %2$s}
        MELTEMI_LOCAL: %3$s
    dynamic_resources:
      ads_config:
        api_type: DELTA_GRPC
        transport_api_version: V3
        set_node_on_first_message_only: true
        grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
      cds_config: {ads: {}, resource_api_version: V3}
      lds_config: {ads: {}, resource_api_version: V3}
    static_resources:
      clusters:
      - name: xds-grpc
        type: STATIC
        connect_timeout: 1s
        typed_extension_protocol_options:
          envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
            "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
            explicit_http_config: {http2_protocol_options: {}}
        load_assignment:
          cluster_name: xds-grpc
          endpoints:
          - lb_endpoints:
            - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %4$d}}}
    """
        .formatted(admin, name, placement, xds);
  }

  private static String mesh(String accessLog) {
    return """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: istio, namespace: istio-system}
    data:
      mesh: |-
        outboundTrafficPolicy: {mode: REGISTRY_ONLY}
        accessLogFile: "%s"
    """
        .formatted(accessLog);
  }

  private static String service(String name, int port) {
    return """
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: %1$s, namespace: default, labels: {app: %1$s}}
    spec:
      selector: {app: %1$s}
      ports: [{name: http, port: %2$d, targetPort: %2$d}]
    """
        .formatted(name, port);
  }

  private static String pod(String name, String ip) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %1$s-0, namespace: default, labels: {app: %1$s}}
    spec: {serviceAccountName: %1$s, containers: [{name: app, image: app}]}
    status: {phase: Running, podIP: %2$s, conditions: [{type: Ready, status: "True"}]}
    """
        .formatted(name, ip);
  }

  private static String endpoints(String service, String name, String ip, int port) {
    return """
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: %2$s, namespace: default, labels: {kubernetes.io/service-name: %1$s}}
    addressType: IPv4
    endpoints:
    - addresses: [%3$s]
      conditions: {ready: true}
      targetRef: {kind: Pod, name: %2$s, namespace: default}
    ports: [{name: http, port: %4$d, protocol: TCP}]
    """
        .formatted(service, name, ip, port);
  }

  private static String virtualService(String name) {
    return """
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: %1$s, namespace: default}
    spec:
      hosts: [%1$s]
      http:
      - route: [{destination: {host: %1$s}}]
        timeout: 10s
        retries: {attempts: 3, perTryTimeout: 5s, retryOn: "connect-failure,refused-stream,503"}
    """
        .formatted(name);
  }
}
