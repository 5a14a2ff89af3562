package io.meltemi.bench.scenario;

import static io.meltemi.bench.scenario.PeerKind.ENVOY;
import static io.meltemi.bench.scenario.PeerKind.HAPROXY;
import static io.meltemi.bench.scenario.PeerKind.MELTEMI;
import static io.meltemi.bench.scenario.PeerKind.NGINX;

import io.meltemi.bench.load.Generator;
import io.meltemi.bench.load.H2load;
import io.meltemi.bench.load.Load;
import io.meltemi.bench.load.Wrk;
import io.meltemi.bench.report.Goal;
import io.meltemi.bench.report.Metric;
import io.meltemi.bench.report.TargetRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Every scenario, in the order of the targets. */
public final class Scenarios {
  private static final List<PeerKind> BOTH = List.of(ENVOY, MELTEMI);
  private static final List<PeerKind> ALL = List.of(ENVOY, MELTEMI, NGINX, HAPROXY);
  private static final List<String> CLOSE = List.of("Connection: close");

  private static final Goal HTTP2 = Goal.ratio(1.0, 1.3, 2.0);
  private static final Goal TLS = Goal.ratio(1.2, 1.5, 2.2);
  private static final Goal COMPILED = Goal.ratio(5, 10, 20);

  /** Every scenario. */
  public static final List<Scenario> EVERY =
      List.of(
          scenario(
              "http1",
              "HTTP/1.1 keep-alive, 1 KiB answer, one route",
              1,
              Goal.ratio(1.5, 2.0, 3.0),
              ALL,
              Topologies.bare(false),
              Scenarios::http1),
          scenario(
              "sidecars",
              "client's and server's sidecar as our control plane configures them over ADS: route,"
                  + " retries, timeout, statistics, access log to a file; CPU of both",
              2,
              Goal.ratio(1.3, 1.7, 2.5),
              BOTH,
              Meshes.sidecars(),
              Scenarios::http1),
          scenario(
              "sidecars-mtls",
              "the same chain, static, with mutual TLS between the sidecars and RBAC at the server's",
              2,
              Goal.ratio(1.3, 1.7, 2.5),
              BOTH,
              Meshes.secureSidecars(),
              Scenarios::http1),
          scenario(
              "http1-tls",
              "TLS 1.3 from the caller, P-256, plain text to the backend",
              3,
              TLS,
              ALL,
              Topologies.tls(false),
              lab -> new Wrk(lab.settings().connections())),
          scenario(
              "http1-mtls",
              "two proxies with mutual TLS between them, plain text outside; CPU of both",
              3,
              TLS,
              BOTH,
              Topologies.mutualTls(),
              Scenarios::http1),
          new Scenario(
              "handshakes",
              "a new TLS connection for each request",
              List.of(new TargetRow(0, Metric.HANDSHAKES_PER_CPU_SECOND, Goal.NONE)),
              ALL,
              Procedures.perCpuSecond(
                  Metric.HANDSHAKES_PER_CPU_SECOND,
                  Topologies.withHeaders(Topologies.tls(false), CLOSE),
                  lab -> new Wrk(lab.settings().connections()))),
          scenario(
              "h2",
              "HTTP/2 with prior knowledge, 8 connections of 16 streams, HTTP/1.1 to the backend",
              4,
              HTTP2,
              ALL,
              Topologies.bare(true),
              _ -> h2load(Optional.empty())),
          scenario(
              "h2-tls",
              "the same over TLS 1.3",
              4,
              HTTP2,
              ALL,
              Topologies.tls(true),
              _ -> h2load(Optional.empty())),
          scenario(
              "h2-upstream",
              "HTTP/1.1 from the caller, HTTP/2 to the backend",
              4,
              HTTP2,
              BOTH,
              Topologies.http2Upstream(),
              Scenarios::http1),
          new Scenario(
              "grpc-unary",
              "gRPC calls of 128 bytes each way, 8 connections of 16 streams",
              List.of(new TargetRow(4, Metric.REQUESTS_PER_CPU_SECOND, HTTP2)),
              BOTH,
              (lab, peers, outcome) -> {
                Path message = grpcMessage(lab);
                Procedures.perCpuSecond(
                        Metric.REQUESTS_PER_CPU_SECOND,
                        Topologies.grpc("Unary"),
                        _ -> h2load(Optional.of(message)),
                        1,
                        Optional.of(message.toString()))
                    .run(lab, peers, outcome);
              }),
          new Scenario(
              "grpc-stream",
              "64 gRPC streams on 8 connections, a message back for each message of 128 bytes",
              List.of(new TargetRow(4, Metric.MESSAGES_PER_CPU_SECOND, HTTP2)),
              BOTH,
              (lab, peers, outcome) ->
                  Procedures.perCpuSecond(
                          Metric.MESSAGES_PER_CPU_SECOND,
                          Topologies.grpc("Stream"),
                          _ -> Generator.grpcStreams(8, 8),
                          1,
                          Optional.of(grpcMessage(lab).toString()))
                      .run(lab, peers, outcome)),
          new Scenario(
              "tcp-small",
              "the TCP proxy under requests of 45 and answers of 150 bytes",
              List.of(new TargetRow(5, Metric.MESSAGES_PER_CPU_SECOND, Goal.ratio(1.1, 1.3))),
              List.of(ENVOY, MELTEMI, HAPROXY),
              Procedures.perCpuSecond(
                  Metric.MESSAGES_PER_CPU_SECOND, Topologies.tcp("/small"), Scenarios::http1)),
          new Scenario(
              "tcp-bulk",
              "the TCP proxy under answers of 1 MiB, 8 connections",
              List.of(new TargetRow(5, Metric.MIB_PER_CPU_SECOND, Goal.ratio(1.0, 1.5))),
              List.of(ENVOY, MELTEMI, HAPROXY),
              Procedures.bytesPerCpuSecond(Topologies.tcp("/bulk"), lab -> lab.http1Load(8))),
          new Scenario(
              "rate-1000",
              "1 000 HTTP/1.1 requests/s on 16 connections, open loop; moonshot: nginx's",
              List.of(
                  new TargetRow(
                      6,
                      Metric.CPU_MILLIS_PER_SECOND,
                      Goal.ratio(0.8, 0.5).moonshotOf(NGINX.title()))),
              List.of(ENVOY, MELTEMI, NGINX),
              Procedures.cpuAtRate(1000, 16, Topologies.bare(false))),
          new Scenario(
              "latency",
              "open loop at half of what saturates Envoy, from the intended send time",
              List.of(
                  new TargetRow(7, Metric.P99_MILLIS, Goal.ratio(1.2, 1.0, 0.7)),
                  new TargetRow(7, Metric.P999_MILLIS, Goal.ratio(2.0, 1.3, 1.0)),
                  new TargetRow(0, Metric.P50_MILLIS, Goal.NONE)),
              BOTH,
              Procedures.latency(Topologies.bare(false))),
          new Scenario(
              "memory-100",
              "idle sidecar that knows 100 services of two endpoints, over ADS",
              List.of(new TargetRow(8, Metric.PSS_MIB, Goal.ratio(1.8, 1.3, 1.0))),
              BOTH,
              Procedures.idleMemory(Meshes.manyServices(100), 100)),
          new Scenario(
              "memory-1000",
              "idle sidecar that knows 1 000 services of two endpoints, over ADS",
              List.of(new TargetRow(8, Metric.PSS_MIB, Goal.ratio(1.2, 0.8, 0.5))),
              BOTH,
              Procedures.idleMemory(Meshes.manyServices(1000), 1000)),
          new Scenario(
              "start",
              "from starting the process to the first proxied answer, static bootstrap",
              List.of(new TargetRow(9, Metric.START_SECONDS, Goal.absolute(0.6, 0.35, 0.15))),
              BOTH,
              Procedures.start(Topologies.bareConfiguration())),
          new Scenario(
              "warm-up",
              "a fresh process under full load: until a half second costs at most Envoy's steady CPU"
                  + " per request",
              List.of(new TargetRow(10, Metric.WARM_UP_SECONDS, Goal.absolute(20, 8, 3))),
              BOTH,
              Procedures.warmUp(Topologies.bare(false))),
          scenario(
              "routes-10k-last",
              "10 000 exact paths, the last one asked for",
              11,
              COMPILED,
              BOTH,
              Topologies.routes(10_000, 9_999),
              Scenarios::http1),
          scenario(
              "routes-10k-first",
              "10 000 exact paths, the first one asked for",
              0,
              Goal.NONE,
              BOTH,
              Topologies.routes(10_000, 0),
              Scenarios::http1),
          scenario(
              "rbac-10k",
              "an RBAC policy of 10 000 principals by header, of which the last one calls",
              11,
              COMPILED,
              BOTH,
              Topologies.rbac(10_000),
              Scenarios::http1),
          scenario(
              "rbac-10k-mtls",
              "10 000 principals of certificates, the last one calls over mutual TLS; nginx is the"
                  + " caller",
              11,
              COMPILED,
              BOTH,
              Topologies.rbacByCertificate(10_000),
              Scenarios::http1),
          scenario(
              "rbac-1k",
              "an RBAC policy of 1 000 principals by header, of which the last one calls",
              0,
              Goal.NONE,
              BOTH,
              Topologies.rbac(1_000),
              Scenarios::http1),
          new Scenario(
              "connections",
              "a new plain-text connection for each request",
              List.of(new TargetRow(0, Metric.CONNECTIONS_PER_CPU_SECOND, Goal.NONE)),
              ALL,
              Procedures.perCpuSecond(
                  Metric.CONNECTIONS_PER_CPU_SECOND,
                  Topologies.withHeaders(Topologies.bare(false), CLOSE),
                  lab -> new Wrk(lab.settings().connections()))),
          new Scenario(
              "idle-3000",
              "3 000 connections that had one request and are idle",
              List.of(new TargetRow(0, Metric.KIB_PER_CONNECTION, Goal.NONE)),
              BOTH,
              Procedures.idleConnections(Topologies.bare(false), 3000)));

  private Scenarios() {}

  private static Scenario scenario(
      String name,
      String description,
      int number,
      Goal goal,
      List<PeerKind> peers,
      Topology topology,
      Function<Lab, Load> load) {
    return new Scenario(
        name,
        description,
        List.of(new TargetRow(number, Metric.REQUESTS_PER_CPU_SECOND, goal)),
        peers,
        Procedures.perCpuSecond(Metric.REQUESTS_PER_CPU_SECOND, topology, load));
  }

  private static Load http1(Lab lab) {
    return lab.http1Load(lab.settings().connections());
  }

  private static Load h2load(Optional<Path> body) {
    return new H2load(8, 16, body);
  }

  /** A file with one gRPC message of 128 zero bytes. */
  private static Path grpcMessage(Lab lab) throws IOException {
    byte[] message = new byte[5 + 128];
    message[4] = (byte) 128;
    return Files.write(lab.directory("grpc").resolve("message"), message);
  }
}
