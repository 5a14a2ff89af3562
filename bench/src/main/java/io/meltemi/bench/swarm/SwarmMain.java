package io.meltemi.bench.swarm;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The process of a swarm. Arguments: {@code PORT PID DIRECTORY SERVICES SIDECARS ROUNDS}; the
 * directory is one of {@link MeshFiles}, from which the control plane reads already.
 */
public final class SwarmMain {
  private static final Duration SILENCE = Duration.ofMillis(700);
  private static final Duration IDLE = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int PROBLEMS_MAX = 20;

  private SwarmMain() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    AtomicInteger problems = new AtomicInteger();
    new SwarmRun(
            new SwarmRun.Target(
                new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])),
                Long.parseLong(arguments[1])),
            new MeshFiles(Path.of(arguments[2]), Integer.parseInt(arguments[3])),
            new SwarmRun.Settings(
                Integer.parseInt(arguments[4]),
                Played.valueOf(arguments[5]),
                Integer.parseInt(arguments[6]),
                SILENCE,
                IDLE,
                PATIENCE),
            new PrintStream(System.out, true, StandardCharsets.UTF_8),
            problem -> {
              if (problems.incrementAndGet() <= PROBLEMS_MAX) {
                System.err.println(problem);
              }
            })
        .run();
  }
}
