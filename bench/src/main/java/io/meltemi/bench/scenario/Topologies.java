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
import java.util.stream.IntStream;

/** The places in which peers are measured. */
final class Topologies {
  private static final String BACKEND = "backend";
  private static final String ALPN = "h2, http/1.1";

  private Topologies() {}

  /** The router alone, plain text on both sides. */
  static Topology bare(boolean http2) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.httpBackend();
      Target target = http2 ? Target.http(port).overHttp2() : Target.http(port);
      return single(
          lab,
          kind,
          target,
          admin -> bareBootstrap(admin, port, backend),
          () ->
              switch (kind) {
                case NGINX ->
                    NativeConfig.nginxProxy(
                        lab.directory("nginx"), port, backend, http2, Optional.empty());
                default -> NativeConfig.haproxy(port, backend, http2, false, Optional.empty());
              });
    };
  }

  private static String bareBootstrap(int admin, int port, int backend) {
    return Bootstrap.document(
        admin,
        List.of(Bootstrap.listener(port, "", Bootstrap.http(BACKEND))),
        List.of(Bootstrap.cluster(BACKEND, backend, false, "")));
  }

  /** The bare router's configuration alone. */
  static TimedTopology bareConfiguration() {
    return (lab, kind) -> {
      int port = Ports.free();
      String text =
          switch (kind) {
            case NGINX ->
                NativeConfig.nginxProxy(
                    lab.directory("nginx"), port, lab.httpBackend(), false, Optional.empty());
            case HAPROXY ->
                NativeConfig.haproxy(port, lab.httpBackend(), false, false, Optional.empty());
            default -> bareBootstrap(Ports.free(), port, lab.httpBackend());
          };
      return new TimedTopology.Prepared(text, port);
    };
  }

  /** TLS towards the caller, plain text to the backend. */
  static Topology tls(boolean http2) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.httpBackend();
      Certificates certificates = lab.certificates();
      Target target = http2 ? Target.https(port).overHttp2() : Target.https(port);
      return single(
          lab,
          kind,
          target,
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(
                      Bootstrap.listener(
                          port,
                          Bootstrap.downstreamTls(certificates, ALPN, false),
                          Bootstrap.http(BACKEND))),
                  List.of(Bootstrap.cluster(BACKEND, backend, false, ""))),
          () ->
              switch (kind) {
                case NGINX ->
                    NativeConfig.nginxProxy(
                        lab.directory("nginx"), port, backend, http2, Optional.of(certificates));
                default ->
                    NativeConfig.haproxy(
                        port, backend, http2, false, Optional.of(pem(lab, certificates)));
              });
    };
  }

  /** HAProxy wants certificate and key in one file. */
  private static Path pem(Lab lab, Certificates certificates) throws IOException {
    return lab.write(
        "haproxy.pem",
        Files.readString(certificates.certificate("server"))
            + Files.readString(certificates.key("server")));
  }

  /** Two proxies of a kind with mutual TLS between them, plain text outside. */
  static Topology mutualTls() {
    return (lab, kind) -> {
      int client = Ports.free();
      int server = Ports.free();
      int backend = lab.httpBackend();
      Certificates certificates = lab.certificates();
      int admin = Ports.free();
      return pair(
          lab,
          kind,
          Bootstrap.document(
              Ports.free(),
              List.of(
                  Bootstrap.listener(
                      server,
                      Bootstrap.downstreamTls(certificates, "http/1.1", true),
                      Bootstrap.http(BACKEND))),
              List.of(Bootstrap.cluster(BACKEND, backend, false, ""))),
          server,
          Bootstrap.document(
              admin,
              List.of(Bootstrap.listener(client, "", Bootstrap.http(BACKEND))),
              List.of(
                  Bootstrap.cluster(BACKEND, server, false, Bootstrap.upstreamTls(certificates)))),
          client,
          admin);
    };
  }

  /** A client's proxy in front of a server's. */
  static Deployment pair(
      Lab lab,
      PeerKind kind,
      String server,
      int serverPort,
      String client,
      int clientPort,
      int admin)
      throws IOException, InterruptedException {
    List<Child> started = new ArrayList<>();
    try {
      started.add(lab.proxy(kind, "server-" + kind, server));
      started.add(lab.proxy(kind, "client-" + kind, client));
      lab.awaitListening(started.get(0), serverPort);
      lab.awaitListening(started.get(1), clientPort);
      return new Deployment(started, List.of(), Target.http(clientPort), admin);
    } catch (IOException | InterruptedException | RuntimeException e) {
      started.forEach(Child::close);
      throw e;
    }
  }

  /** HTTP/1.1 from the caller, HTTP/2 with prior knowledge to the backend. */
  static Topology http2Upstream() {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.http2Backend();
      return bootstrapped(
          lab,
          kind,
          Target.http(port),
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(Bootstrap.listener(port, "", Bootstrap.http(BACKEND))),
                  List.of(Bootstrap.cluster(BACKEND, backend, true, ""))));
    };
  }

  /** HTTP/2 on both sides to the gRPC backend. */
  static Topology grpc(String method) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.grpcBackend();
      return bootstrapped(
          lab,
          kind,
          Target.http(port)
              .overHttp2()
              .withPath("/bench.Echo/" + method)
              .withHeaders(List.of("content-type: application/grpc", "te: trailers")),
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(
                      Bootstrap.listener(
                          port,
                          "",
                          Bootstrap.http(
                              "",
                              List.of(
                                  "{match: {prefix: /}, route: {cluster: backend, timeout: 0s}}"),
                              List.of()))),
                  List.of(Bootstrap.cluster(BACKEND, backend, true, ""))));
    };
  }

  /** The TCP proxy in front of the HTTP backend. */
  static Topology tcp(String path) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.httpBackend();
      return single(
          lab,
          kind,
          Target.http(port).withPath(path),
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(Bootstrap.listener(port, "", Bootstrap.tcp(BACKEND))),
                  List.of(Bootstrap.cluster(BACKEND, backend, false, ""))),
          () ->
              switch (kind) {
                case HAPROXY -> NativeConfig.haproxy(port, backend, false, true, Optional.empty());
                default -> throw new PeerException("not configured for TCP");
              });
    };
  }

  /** A virtual host of many exact paths, asked for one of them. */
  static Topology routes(int count, int asked) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.httpBackend();
      List<String> routes =
          IntStream.range(0, count)
              .mapToObj(i -> "{match: {path: " + path(i) + "}, route: {cluster: backend}}")
              .toList();
      return bootstrapped(
          lab,
          kind,
          Target.http(port).withPath(path(asked)),
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(Bootstrap.listener(port, "", Bootstrap.http("", routes, List.of()))),
                  List.of(Bootstrap.cluster(BACKEND, backend, false, ""))));
    };
  }

  private static String path(int index) {
    return "/service-" + index + "/items";
  }

  /** An RBAC policy of many principals by header, of which the last one calls. */
  static Topology rbac(int count) {
    return (lab, kind) -> {
      int port = Ports.free();
      int backend = lab.httpBackend();
      List<String> principals =
          IntStream.range(0, count)
              .mapToObj(
                  i -> "{header: {name: x-caller, string_match: {exact: '" + principal(i) + "'}}}")
              .toList();
      return bootstrapped(
          lab,
          kind,
          Target.http(port).withHeaders(List.of("x-caller: " + principal(count - 1))),
          admin ->
              Bootstrap.document(
                  admin,
                  List.of(
                      Bootstrap.listener(
                          port,
                          "",
                          Bootstrap.http(
                              "",
                              List.of("{match: {prefix: /}, route: {cluster: backend}}"),
                              List.of(Bootstrap.rbac(principals))))),
                  List.of(Bootstrap.cluster(BACKEND, backend, false, ""))));
    };
  }

  /**
   * An RBAC policy of many principals as Istio writes them, of which the last one calls: nginx
   * calls with the client's certificate over mutual TLS, and is not measured.
   */
  static Topology rbacByCertificate(int count) {
    return (lab, kind) -> {
      int front = Ports.free();
      int port = Ports.free();
      int backend = lab.httpBackend();
      Certificates certificates = lab.certificates();
      List<String> principals =
          IntStream.rangeClosed(1, count)
              .mapToObj(i -> i == count ? Certificates.CLIENT : principal(i))
              .map(name -> "{authenticated: {principal_name: {exact: '" + name + "'}}}")
              .toList();
      Deployment peer =
          bootstrapped(
              lab,
              kind,
              Target.http(port),
              admin ->
                  Bootstrap.document(
                      admin,
                      List.of(
                          Bootstrap.listener(
                              port,
                              Bootstrap.downstreamTls(certificates, "http/1.1", true),
                              Bootstrap.http(
                                  "",
                                  List.of("{match: {prefix: /}, route: {cluster: backend}}"),
                                  List.of(Bootstrap.rbac(principals))))),
                      List.of(Bootstrap.cluster(BACKEND, backend, false, ""))));
      Child caller =
          lab.proxy(
              PeerKind.NGINX,
              "tls-client",
              NativeConfig.nginxTlsClient(lab.directory("front"), front, port, certificates));
      try {
        lab.awaitBackend(caller, front);
        return new Deployment(
            peer.measured(), List.of(caller), Target.http(front), peer.adminPort());
      } catch (IOException | InterruptedException | RuntimeException e) {
        peer.close();
        caller.close();
        throw e;
      }
    };
  }

  private static String principal(int index) {
    return "spiffe://cluster.local/ns/team-" + index % 100 + "/sa/service-" + index;
  }

  /** The same target with other headers. */
  static Topology withHeaders(Topology topology, List<String> headers) {
    return (lab, kind) -> {
      Deployment d = topology.deploy(lab, kind);
      return new Deployment(
          d.measured(), d.others(), d.target().withHeaders(headers), d.adminPort(), d.log());
    };
  }

  /** One process of a peer that takes Envoy's bootstrap. */
  private static Deployment bootstrapped(
      Lab lab, PeerKind kind, Target target, BootstrapText bootstrap)
      throws IOException, InterruptedException {
    return single(
        lab,
        kind,
        target,
        bootstrap,
        () -> {
          throw new PeerException("not configured for this");
        });
  }

  private static Deployment single(
      Lab lab, PeerKind kind, Target target, BootstrapText bootstrap, Text other)
      throws IOException, InterruptedException {
    int admin = kind.takesBootstrap() ? Ports.free() : 0;
    String text = kind.takesBootstrap() ? bootstrap.of(admin) : other.get();
    Child child = lab.proxy(kind, kind.toString(), text);
    try {
      lab.awaitListening(child, target.port());
      return new Deployment(List.of(child), List.of(), target, admin);
    } catch (IOException | InterruptedException | RuntimeException e) {
      child.close();
      throw e;
    }
  }

  @FunctionalInterface
  private interface BootstrapText {
    String of(int adminPort) throws IOException, InterruptedException;
  }

  @FunctionalInterface
  private interface Text {
    String get() throws IOException, InterruptedException;
  }
}
