package io.meltemi.bench.swarm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.ControlPlane;
import io.meltemi.controlplane.ControlPlaneSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole swarm against a control plane in this process, on files and real sockets. */
class SwarmRunTest {
  private static final int SERVICES = 20;
  private static final int SIDECARS = 5;
  private static final int ROUNDS = 1;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory = Path.of("");
  private final List<String> problems = Collections.synchronizedList(new ArrayList<>());

  @Test
  void everySidecarGetsEverythingAndEachChange() throws Exception {
    MeshFiles mesh = new MeshFiles(directory, SERVICES);
    mesh.write();
    Map<String, String> lines = new LinkedHashMap<>();
    try (ControlPlane controlPlane = start(mesh)) {
      assertEquals(List.of(), controlPlane.problems());
      HostPort address = controlPlane.grpcAddress().orElseThrow();
      run(mesh, new InetSocketAddress(InetAddress.getLoopbackAddress(), address.port()))
          .lines()
          .map(line -> line.split("\t", 2))
          .forEach(line -> lines.put(line[0], line[1]));
    }
    assertEquals(List.of(), problems);
    assertEquals(
        List.of(
            "storm ready",
            "storm",
            "holdings",
            "resident",
            "endpoint",
            "route",
            "service",
            "mesh",
            "reconnect ready",
            "reconnect",
            "retries"),
        List.copyOf(lines.keySet()));
    assertEquals("5/5", lines.get("storm ready"), lines::toString);
    assertEquals("5/5", lines.get("reconnect ready"));
    assertEquals("0", lines.get("retries"));
    // 20 services, 2 of them with a TCP port, 2 with two subsets; the rest has no endpoint sets
    assertTrue(
        String.valueOf(lines.get("holdings")).startsWith("31 clusters, 26 endpoint sets"),
        () -> "found: " + lines.get("holdings"));
    // of the service and of the subset that the endpoint is in
    assertEquals(2 * SIDECARS, figure(lines, "endpoint", "resources"), 0.1);
    assertTrue(figure(lines, "storm", "megabytes") > figure(lines, "mesh", "megabytes") / 2);
    assertTrue(figure(lines, "mesh", "megabytes") > figure(lines, "service", "megabytes"));
    assertTrue(figure(lines, "service", "megabytes") > figure(lines, "endpoint", "megabytes"));
    for (String phase : List.of("storm", "endpoint", "route", "service", "reconnect")) {
      assertEquals(0, figure(lines, phase, "held"), 0, phase);
      assertTrue(figure(lines, phase, "last") > 0, phase);
    }
  }

  private static double figure(Map<String, String> lines, String phase, String name) {
    for (String figure : String.valueOf(lines.get(phase)).split("\t", -1)) {
      if (figure.startsWith(name + "=")) {
        return Double.parseDouble(figure.substring(name.length() + 1));
      }
    }
    throw new AssertionError(phase + " has no " + name + ": " + lines.get(phase));
  }

  private String run(MeshFiles mesh, InetSocketAddress address) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new SwarmRun(
            new SwarmRun.Target(address, ProcessHandle.current().pid()),
            mesh,
            new SwarmRun.Settings(
                SIDECARS, Played.ENVOY, ROUNDS, Duration.ofMillis(150), Duration.ZERO, PATIENCE),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            problems::add)
        .run();
    return out.toString(StandardCharsets.UTF_8);
  }

  private static ControlPlane start(MeshFiles mesh) throws Exception {
    return ControlPlane.start(
        ControlPlaneSettings.DEFAULT
            .withListen(
                new ControlPlaneSettings.Listen(
                    Optional.of(new HostPort("127.0.0.1", 0)),
                    Optional.empty(),
                    Optional.empty(),
                    ""))
            .withMeshConfigFile(mesh.mesh()),
        new ConfigStore(),
        List.of(
            new FileSource(
                FileSourceSettings.recursive(mesh.config()),
                new ResourceDecoder(Kinds.ALL),
                Ticker.system())));
  }
}
