package io.meltemi.controlplane;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessServerBuilder;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.PushSettings;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.WorldBuilder;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.testing.FakeTaskLoop;
import io.meltemi.testing.FakeTicker;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A push engine behind a discovery server, on a fake clock and one thread. */
final class PushFixture implements AutoCloseable {
  private static final String NAME = "push-fixture";

  final FakeTaskLoop loop;
  final PushEngine engine;
  private final ConfigStore store = new ConfigStore();
  private final Server server;
  private final List<TestProxy> proxies = new ArrayList<>();

  PushFixture(PushEvents events) {
    this(events, new FakeTicker());
  }

  private PushFixture(PushEvents events, FakeTicker clock) {
    this(events, clock, clock, Generators.ALL, Optional.empty());
  }

  /**
   * With a clock of its own.
   *
   * @param clock the loop's, which moves by hand
   * @param ticker what the engine and the server look at
   * @param interceptor of all calls
   */
  PushFixture(
      PushEvents events,
      FakeTicker clock,
      Ticker ticker,
      List<ResourceGenerator> generators,
      Optional<ServerInterceptor> interceptor) {
    loop = new FakeTaskLoop(clock);
    engine =
        new PushEngine(
            PushSettings.DEFAULT,
            loop,
            ticker,
            new WorldBuilder("cluster.local", "Kubernetes"),
            generators,
            events,
            Optional.empty());
    DiscoveryServer discovery =
        new DiscoveryServer(
            DiscoveryServerSettings.DEFAULT, loop, ticker, new Random(1), "test", engine);
    InProcessServerBuilder builder =
        InProcessServerBuilder.forName(NAME).directExecutor().addService(discovery);
    interceptor.ifPresent(builder::intercept);
    try {
      server = builder.build().start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    store.addListener(
        (List<ConfigChange> changes, ConfigSnapshot snapshot) -> engine.changed(changes, snapshot));
  }

  TestProxy proxy(Variant variant) {
    return proxy(variant, TestProxy.node("default"));
  }

  TestProxy proxy(Variant variant, Node node) {
    TestProxy proxy = new TestProxy(NAME, loop, variant, node);
    proxies.add(proxy);
    loop.runAll();
    return proxy;
  }

  /** Puts a file in place of what it held, and waits until that is pushed. */
  void write(String file, String yaml) {
    store.replace(file, YamlWorld.resources(yaml));
    loop.advance(Duration.ofMillis(100));
  }

  @Override
  public void close() {
    for (TestProxy proxy : proxies) {
      proxy.close();
      loop.runAll();
    }
    server.shutdownNow();
    loop.runAll();
  }
}
