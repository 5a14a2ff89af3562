package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.OperatingSystemMXBean;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.source.FileSource;
import io.meltemi.config.source.FileSourceSettings;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * Prints how long a control plane takes to load 1 000 services with 10 endpoints each from files,
 * and to bring a changed virtual service and a changed endpoint to a connected sidecar. Not part of
 * the build; {@code mvn -pl controlplane -am test -Dtest=LoadTimes
 * -Dsurefire.failIfNoSpecifiedTests=false} runs it.
 */
final class LoadTimes {
  private static final int SERVICES = 1_000;
  private static final int ENDPOINTS = 10;
  private static final int CHANGES = 20;
  private static final String NAME = "load-times";

  @Test
  void print() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("load-times");
    ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    try {
      for (int i = 0; i < SERVICES; i++) {
        Files.writeString(directory.resolve("s" + i + ".yaml"), service(i, 1));
      }
      ConfigStore store = new ConfigStore();
      Clock clock = new Clock();
      try (ControlPlane controlPlane =
          ControlPlane.start(
              ControlPlaneSettings.DEFAULT.withListen(
                  new ControlPlaneSettings.Listen(
                      Optional.empty(), Optional.empty(), Optional.empty(), NAME)),
              store,
              List.of(
                  new FileSource(
                      FileSourceSettings.of(directory, _ -> true),
                      new ResourceDecoder(Kinds.ALL),
                      Ticker.system())))) {
        clock.print("load " + SERVICES + " services x " + ENDPOINTS + " endpoints");
        measure(store, thread);
        assertEquals(List.of(), controlPlane.problems());
      }
    } finally {
      thread.shutdownNow();
      try (var files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  private static void measure(ConfigStore store, ScheduledExecutorService thread)
      throws InterruptedException {
    Clock clock = new Clock();
    try (TestProxy proxy = new TestProxy(NAME, TaskLoop.on(thread), Variant.DELTA)) {
      await(() -> proxy.count("eds +") >= SERVICES);
      clock.print("first configuration of a sidecar");
      changes(store, proxy, "virtual service to push", "rds +9080", true);
      changes(store, proxy, "endpoint to push", "eds +outbound|9080||s1.", false);
    }
  }

  /** Each from the change to its arrival, less the debounce of the control plane. */
  private static void changes(
      ConfigStore store, TestProxy proxy, String what, String line, boolean virtualService)
      throws InterruptedException {
    Clock clock = new Clock();
    long[] millis = new long[CHANGES];
    PushSettings settings = ControlPlaneSettings.DEFAULT.push();
    long debounce = (virtualService ? settings.quiet() : settings.quietEndpoints()).toMillis();
    for (int i = 0; i < CHANGES; i++) {
      proxy.drain();
      long start = System.nanoTime();
      if (virtualService) {
        store.replace("v.yaml", YamlWorld.resources(virtualService(i)));
      } else {
        store.replace("extra.yaml", YamlWorld.resources(slice(1, 100 + i)));
      }
      await(() -> proxy.count(line) > 0);
      millis[i] = (System.nanoTime() - start) / 1_000_000 - debounce;
    }
    Arrays.sort(millis);
    System.out.printf(
        "%s after the debounce of %d ms: median %d ms, worst %d ms%n",
        what, debounce, millis[CHANGES / 2], millis[CHANGES - 1]);
    clock.print("  " + CHANGES + " of them");
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("not within 60 s");
      }
      Thread.sleep(1);
    }
  }

  /** What has gone by since it was made: time, and time of the processors. */
  private static final class Clock {
    private final long start = System.nanoTime();
    private final long cpu = cpuNanos();

    void print(String what) {
      System.out.printf(
          "%s: %d ms, %d ms of processors%n",
          what, (System.nanoTime() - start) / 1_000_000, (cpuNanos() - cpu) / 1_000_000);
    }

    private static long cpuNanos() {
      return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
  }

  private static String service(int number, int generation) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: s%d, namespace: default}
    spec: {clusterIP: 10.%d.%d.1, ports: [{name: http, port: 9080}]}
    ---
    """
            .formatted(number, number / 250, number % 250)
        + slice(number, generation);
  }

  private static String slice(int number, int generation) {
    StringBuilder endpoints = new StringBuilder();
    for (int i = 1; i <= ENDPOINTS; i++) {
      endpoints.append(
          "- {addresses: [11.%d.%d.%d], conditions: {ready: true}}%n"
              .formatted(number / 250, number % 250, (i + generation) % 250));
    }
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: s%d-x%s, namespace: default, labels: {kubernetes.io/service-name: s%d}}
    addressType: IPv4
    ports: [{name: http, port: 9080}]
    endpoints:
    %s"""
        .formatted(number, generation > 1 ? "y" : "", number, endpoints);
  }

  private static String virtualService(int generation) {
    return """
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: v, namespace: default}
    spec:
      hosts: [s1]
      http: [{timeout: %ds, route: [{destination: {host: s1}}]}]
    """
        .formatted(generation + 1);
  }
}
