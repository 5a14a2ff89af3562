package io.meltemi.proxy.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.meltemi.common.net.Locality;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings;
import io.meltemi.proxy.cluster.HealthCheck;
import io.meltemi.proxy.cluster.HealthCheck.Kind;
import io.meltemi.proxy.cluster.HealthCheck.Statuses;
import io.meltemi.proxy.cluster.HealthProbe;
import io.meltemi.proxy.cluster.HealthProbe.Result;
import io.meltemi.proxy.cluster.HealthStatus;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.OutlierDetector;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.testing.LeakGuard;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Probes against real servers. */
@ExtendWith(LeakGuard.class)
final class HostProbesTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private final Workers workers = Workers.startNio(1, "probe");
  private final HostProbes probes =
      new HostProbes(
          new SocketConnector(workers.clients()), workers.group(), new Loops(Ticker.system(), 1));

  @AfterEach
  void stop() {
    workers.close();
  }

  private HealthProbe probe(Kind kind, int port, boolean reuse) {
    Cluster cluster =
        new Cluster(
            new ClusterSettings(
                "checked",
                "checked",
                new ClusterSettings.Discovery.Static(),
                ClusterSettings.Balancing.DEFAULT,
                ClusterSettings.Connection.DEFAULT,
                ClusterSettings.Http.DEFAULT,
                ClusterSettings.Breakers.DEFAULT),
            _ -> null,
            OutlierDetector.NONE,
            new Stats());
    long second = TimeUnit.SECONDS.toNanos(1);
    return probes.make(
        cluster,
        new HealthCheck(
            kind,
            new HealthCheck.Times(10 * second, 0, 0, 0),
            new HealthCheck.Intervals(second, second, second, second, second, second),
            1,
            1,
            reuse,
            HealthCheck.EventLog.NONE),
        new Host(
            new InetSocketAddress(LOOPBACK, port),
            "",
            new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.UNKNOWN)));
  }

  private static Result ask(HealthProbe probe) throws InterruptedException {
    BlockingQueue<Result> answers = new ArrayBlockingQueue<>(1);
    probe.ask(answers::add);
    return Objects.requireNonNull(answers.poll(30, TimeUnit.SECONDS), "no answer");
  }

  @ParameterizedTest
  @CsvSource({
    "200, PASSED, true",
    "250, PASSED, false",
    "503, FAILED_ONCE, true",
    "500, FAILED, false",
    "404, FAILED, true"
  })
  void readsTheStatus(int status, Result expected, boolean reuse) throws Exception {
    ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    HttpServer server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 8);
    server.createContext(
        "/",
        exchange -> {
          seen.add(
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("host")
                  + " "
                  + exchange.getRequestHeaders().getFirst("user-agent")
                  + " "
                  + exchange.getRequestHeaders().getFirst("x-more"));
          exchange.sendResponseHeaders(status, 3);
          exchange.getResponseBody().write("abc".getBytes(StandardCharsets.US_ASCII));
          exchange.close();
        });
    server.start();
    try (HealthProbe probe =
        probe(
            new Kind.Http(
                "",
                "/healthz",
                "GET",
                false,
                List.of(new Statuses(200, 299)),
                List.of(new Statuses(503, 503)),
                List.of(new HealthCheck.Header(HeaderName.of("x-more"), "m")),
                Kind.Tcp.NOTHING),
            server.getAddress().getPort(),
            reuse)) {
      assertEquals(expected, ask(probe));
      assertEquals(expected, ask(probe));
    } finally {
      server.stop(0);
    }
    assertEquals(
        List.of("GET /healthz checked Envoy/HC m", "GET /healthz checked Envoy/HC m"),
        List.copyOf(seen));
  }

  @ParameterizedTest
  @CsvSource({"ok, PASSED", "no, FAILED", "'', PASSED"})
  void anHttpCheckSendsAndExpectsPayloads(String wanted, Result expected) throws Exception {
    ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    HttpServer server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 8);
    server.createContext(
        "/",
        exchange -> {
          seen.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.US_ASCII));
          byte[] answer = "it is ok, no? ".repeat(100).getBytes(StandardCharsets.US_ASCII);
          // "no" comes behind what is looked at only, but for the first
          byte[] sent = wanted.equals("no") ? new byte[1024 + answer.length] : answer;
          System.arraycopy(answer, 0, sent, sent.length - answer.length, answer.length);
          exchange.sendResponseHeaders(200, sent.length);
          exchange.getResponseBody().write(sent);
          exchange.close();
        });
    server.start();
    Kind kind =
        new Kind.Http(
            "",
            "/",
            "POST",
            false,
            List.of(new Statuses(200, 200)),
            List.of(),
            List.of(),
            new Kind.Tcp("ping", wanted.isEmpty() ? List.of() : List.of("it is", wanted)));
    try (HealthProbe probe = probe(kind, server.getAddress().getPort(), false)) {
      assertEquals(expected, ask(probe));
    } finally {
      server.stop(0);
    }
    assertEquals(List.of("ping"), List.copyOf(seen));
  }

  @Test
  void aClosedPortIsUnreachable() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, LOOPBACK)) {
      port = socket.getLocalPort();
    }
    Kind http =
        new Kind.Http(
            "",
            "/",
            "GET",
            false,
            List.of(new Statuses(200, 200)),
            List.of(),
            List.of(),
            Kind.Tcp.NOTHING);
    for (Kind kind : List.of(http, new Kind.Tcp("", List.of()))) {
      try (HealthProbe probe = probe(kind, port, true)) {
        assertEquals(Result.UNREACHABLE, ask(probe));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"pong, PASSED", "'po', PASSED", "nope, UNREACHABLE"})
  void aConnectionSaysWhatIsExpected(String wanted, Result expected) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 8, LOOPBACK)) {
      Thread answering =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (Socket socket = server.accept()) {
                      byte[] asked = socket.getInputStream().readNBytes(4);
                      socket.getOutputStream().write("x-po".getBytes(StandardCharsets.US_ASCII));
                      socket.getOutputStream().flush();
                      socket
                          .getOutputStream()
                          .write(
                              asked.length == 4 ? "ng".getBytes(StandardCharsets.US_ASCII) : asked);
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      try (HealthProbe probe =
          probe(new Kind.Tcp("ping", List.of("x", wanted)), server.getLocalPort(), true)) {
        assertEquals(expected, ask(probe));
      }
      answering.join(10_000);
    }
  }

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  @ParameterizedTest
  @CsvSource({"8 1, PASSED", "8 2, FAILED", "'', FAILED", "8, FAILED", "255 255 255, FAILED"})
  void aCallSaysServing(String message, Result expected) throws Exception {
    String[] numbers = message.isEmpty() ? new String[0] : message.split(" ");
    byte[] answer = new byte[numbers.length];
    for (int i = 0; i < answer.length; i++) {
      answer[i] = (byte) Integer.parseInt(numbers[i]);
    }
    AtomicReference<byte[]> asked = new AtomicReference<>(new byte[0]);
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(BYTES, BYTES)
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .build();
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(LOOPBACK, 0))
            .addService(
                ServerServiceDefinition.builder("grpc.health.v1.Health")
                    .addMethod(
                        method,
                        ServerCalls.asyncUnaryCall(
                            (request, observer) -> {
                              asked.set(request);
                              observer.onNext(answer);
                              observer.onCompleted();
                            }))
                    .build())
            .build()
            .start();
    try (HealthProbe probe = probe(new Kind.Grpc("svc", "", List.of()), server.getPort(), true)) {
      assertEquals(expected, ask(probe));
      assertEquals("\n\u0003svc", new String(asked.get(), StandardCharsets.US_ASCII));
    } finally {
      server.shutdownNow();
    }
  }
}
