package io.meltemi.embedded.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.address.PortProbe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs real processes: this Java with one small source file. */
class SupervisedProcessTest {
  private static final ProcessSettings FAST =
      new ProcessSettings(
          Duration.ofMillis(10),
          Duration.ofMillis(10),
          Duration.ofMillis(40),
          Duration.ofSeconds(30),
          Duration.ofSeconds(2),
          1000);
  private static final String LISTENER =
      """
      public class App {
        public static void main(String[] a) throws Exception {
          System.out.println("hello " + System.getenv("WHO"));
          new java.net.ServerSocket(Integer.parseInt(a[0]), 1,
              java.net.InetAddress.getByName("127.0.0.1"));
          Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try { if (a.length > 1) Thread.sleep(60000); } catch (InterruptedException e) { }
          }));
          Thread.sleep(60000);
        }
      }
      """;

  private static final String PROBED =
      """
      import com.sun.net.httpserver.HttpServer;
      public class Probed {
        public static void main(String[] a) throws Exception {
          var server = HttpServer.create(
              new java.net.InetSocketAddress("127.0.0.1", Integer.parseInt(a[0])), 0);
          server.createContext("/health", exchange -> {
            boolean ok = java.nio.file.Files.exists(java.nio.file.Path.of(a[1]));
            exchange.sendResponseHeaders(ok ? 200 : 503, -1);
            exchange.close();
          });
          server.start();
        }
      }
      """;

  private boolean probed;
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final int port = new PodAddresses(PortProbe.binding()).allocatePort();
  @TempDir private Path directory = Path.of("");
  private Path source = Path.of("");
  private ChildRegister register = new ChildRegister(Path.of(""));

  @BeforeEach
  void writeApp() throws Exception {
    source = Files.writeString(directory.resolve("App.java"), LISTENER);
    register = new ChildRegister(directory.resolve("children"));
  }

  @AfterEach
  void stopScheduler() throws Exception {
    scheduler.shutdownNow();
    assertTrue(scheduler.awaitTermination(10, TimeUnit.SECONDS));
  }

  @Test
  void becomesReadyLogsAndStopsWithoutTrace() throws Exception {
    SupervisedProcess process = supervise(java(source.toString(), String.valueOf(port)), port);
    scheduler.execute(process::start);
    assertEquals("ready", next());
    ProcessHandle handle = ProcessHandle.of(process.pid().orElseThrow()).orElseThrow();
    assertTrue(Files.exists(directory.resolve("children")));
    stop(process);
    assertFalse(handle.isAlive());
    assertTrue(Files.readString(directory.resolve("log")).contains("hello you"));
    assertFalse(Files.exists(directory.resolve("children")));
  }

  @Test
  void processThatWillNotEndIsForced() throws Exception {
    SupervisedProcess process =
        supervise(java(source.toString(), String.valueOf(port), "stubborn"), port);
    scheduler.execute(process::start);
    assertEquals("ready", next());
    ProcessHandle handle = ProcessHandle.of(process.pid().orElseThrow()).orElseThrow();
    stop(process);
    handle.onExit().get(10, TimeUnit.SECONDS);
  }

  @Test
  void killedProcessIsReportedAndStartedAgain() throws Exception {
    SupervisedProcess process = supervise(java(source.toString(), String.valueOf(port)), port);
    scheduler.execute(process::start);
    assertEquals("ready", next());
    long first = process.pid().orElseThrow();
    ProcessHandle.of(first).orElseThrow().destroyForcibly();
    assertTrue(next().startsWith("ended by signal 9"));
    assertEquals("ready", next());
    assertNotEquals(first, process.pid().orElseThrow());
    stop(process);
  }

  @Test
  void failingProbeTakesReadinessAwayUntilItPasses() throws Exception {
    probed = true;
    Path switchFile = directory.resolve("healthy");
    Path app = Files.writeString(directory.resolve("Probed.java"), PROBED);
    SupervisedProcess process =
        supervise(java(app.toString(), String.valueOf(port), switchFile.toString()), port);
    scheduler.execute(process::start);
    Files.createFile(switchFile);
    assertEquals("ready", next());
    Files.delete(switchFile);
    assertEquals("not ready", next());
    Files.createFile(switchFile);
    assertEquals("ready", next());
    stop(process);
  }

  @Test
  void missingCommandIsSaidAndTriedAgain() throws Exception {
    SupervisedProcess process = supervise(List.of("no-such-program-here"), port);
    scheduler.execute(process::start);
    String said = next();
    assertTrue(said.contains("no-such-program-here cannot be run"), said);
    assertEquals(said.replace("10", "20"), next());
    stop(process);
  }

  @Test
  void exitCodeIsSaid() throws Exception {
    SupervisedProcess process = supervise(java("-XX:NoSuchOption"), port);
    scheduler.execute(process::start);
    assertTrue(next().startsWith("ended with exit code 1"));
    stop(process);
  }

  @Test
  void nextRunEndsWhatAKilledOneLeft() throws Exception {
    SupervisedProcess process = supervise(java(source.toString(), String.valueOf(port)), port);
    scheduler.execute(process::start);
    assertEquals("ready", next());
    ProcessHandle handle = ProcessHandle.of(process.pid().orElseThrow()).orElseThrow();
    Path copy =
        Files.copy(directory.resolve("children"), directory.resolve("children-of-the-dead"));
    Files.writeString(copy, Files.readString(copy) + "1 12345\nnonsense\n7 x\n");
    scheduler.shutdownNow();
    assertEquals(1, new ChildRegister(copy).endLeftovers());
    handle.onExit().get(10, TimeUnit.SECONDS);
    assertEquals(0, new ChildRegister(copy).endLeftovers());
  }

  private SupervisedProcess supervise(List<String> command, int readyPort) {
    ProcessSpec spec =
        new ProcessSpec(
            "app",
            command,
            Map.of("WHO", "you"),
            directory,
            directory.resolve("log"),
            readiness(readyPort));
    return new SupervisedProcess(
        spec,
        FAST,
        scheduler,
        Ticker.system(),
        register,
        new SupervisedProcess.Listener() {
          @Override
          public void ready() {
            events.add("ready");
          }

          @Override
          public void notReady() {
            events.add("not ready");
          }

          @Override
          public void ended(String why, Duration restartIn) {
            events.add(why + ", again in " + restartIn.toMillis());
          }
        });
  }

  private Readiness readiness(int readyPort) {
    HostPort address = new HostPort("127.0.0.1", readyPort);
    return probed
        ? new Readiness(
            List.of(address),
            Optional.of(new Readiness.HttpGet(address, "/health")),
            Duration.ofMillis(10),
            2)
        : Readiness.accepting(List.of(address));
  }

  private void stop(SupervisedProcess process) throws Exception {
    scheduler.submit(process::stop).get(10, TimeUnit.SECONDS).get(10, TimeUnit.SECONDS);
  }

  private String next() throws InterruptedException {
    return String.valueOf(events.poll(30, TimeUnit.SECONDS));
  }

  private static List<String> java(String... arguments) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(arguments));
    return command;
  }
}
