package io.meltemi.embedded.sidecar;

import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.meltemi.proxy.Proxy;
import io.meltemi.proxy.ProxyEnvironment;
import io.meltemi.proxy.ProxySettings;
import io.meltemi.proxy.ProxyStartException;
import io.meltemi.proxy.loop.Workers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Our proxies in this JVM, on shared event loops, with an in-process channel to the control plane.
 */
public final class InProcessFleet implements Fleet {
  private static final Duration DRAIN = Duration.ofSeconds(5);

  private final Workers workers;
  private final ManagedChannel channel;

  /**
   * Proxies that ask the control plane of the given name.
   *
   * @param concurrency number of event loops for all
   */
  public InProcessFleet(String controlPlane, int concurrency) {
    workers = Workers.start(concurrency, "proxy");
    channel = InProcessChannelBuilder.forName(controlPlane).directExecutor().build();
  }

  @Override
  public Sidecar start(SidecarSpec spec) {
    ProxyEnvironment environment =
        ProxyEnvironment.ofProcess().withWorkers(workers).withAdsChannel(channel);
    try {
      return new Running(
          Proxy.start(ProxySettings.ofYaml(SidecarBootstrap.json(spec), 0), environment));
    } catch (ProxyStartException e) {
      return new Failed(e);
    }
  }

  /** A proxy that started. */
  private record Running(Proxy proxy) implements Sidecar {
    @Override
    public CompletableFuture<Void> ready() {
      return proxy.ready();
    }

    @Override
    public void update(SidecarSpec spec) {
      proxy.updateNodeMetadata(SidecarBootstrap.metadata(spec));
    }

    @Override
    public CompletableFuture<Void> close() {
      return proxy.drain(DRAIN);
    }
  }

  /** A proxy that could not start. */
  private record Failed(ProxyStartException cause) implements Sidecar {
    @Override
    public CompletableFuture<Void> ready() {
      return CompletableFuture.failedFuture(cause);
    }

    @Override
    public void update(SidecarSpec spec) {
      // it stays as it is: not there
    }

    @Override
    public CompletableFuture<Void> close() {
      return CompletableFuture.completedFuture(null);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    workers.close();
  }
}
