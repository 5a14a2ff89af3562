package io.meltemi.bench.swarm;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A connection with one stream, opened again when it ends, after a time that grows as Envoy's does.
 * Belongs to an event loop.
 */
final class SidecarStream {
  private static final long PAUSE_MILLIS_MIN = 500;
  private static final long PAUSE_MILLIS_MAX = 30_000;

  /** How long Envoy waits for the endpoints of new clusters. */
  private static final long FETCH_MILLIS_MAX = 15_000;

  private final SwarmLoop loop;
  private final ManagedChannel channel;
  private final Node node;
  private final Shared shared;
  private long pauseMillis = PAUSE_MILLIS_MIN;
  private boolean closed;
  private @Nullable Attempt attempt;

  /**
   * What all streams have in common. Any thread.
   *
   * @param rounds the change that is under way, if any
   * @param ready told when a sidecar has its whole configuration for the first time
   */
  record Shared(
      Tally tally,
      Supplier<@Nullable Round> rounds,
      Runnable ready,
      RandomGenerator random,
      java.util.function.Consumer<String> problems) {}

  SidecarStream(SwarmLoop loop, ManagedChannel channel, Node node, Shared shared) {
    this.loop = loop;
    this.channel = channel;
    this.node = node;
    this.shared = shared;
  }

  /** Any thread. */
  void start() {
    loop.execute(this::open);
  }

  private void open() {
    if (!closed) {
      attempt = new Attempt();
      attempt.begin();
    }
  }

  /** Resources of a type that it has. */
  int count(Kind kind) {
    return attempt == null ? 0 : attempt.sidecar.count(kind);
  }

  /** Any thread. */
  void close() {
    loop.execute(
        () -> {
          closed = true;
          channel.shutdownNow();
        });
  }

  private void ended(Attempt which, Status status) {
    if (which != attempt || closed) {
      return;
    }
    shared.tally.retries.increment();
    shared.problems.accept(node.getId() + ": " + status);
    loop.after(1 + shared.random.nextLong(pauseMillis), this::open);
    pauseMillis = Math.min(pauseMillis * 2, PAUSE_MILLIS_MAX);
  }

  /** One stream. */
  private final class Attempt extends ClientCall.Listener<Response> implements Sidecar.Requests {
    private final ClientCall<DeltaDiscoveryRequest, Response> call =
        channel.newCall(loop.method(), CallOptions.DEFAULT);
    private final Sidecar sidecar = new Sidecar(loop.names(), this, shared.tally, shared.rounds);
    private boolean introduced;

    void begin() {
      call.start(this, new Metadata());
      call.request(Integer.MAX_VALUE);
      sidecar.begin();
      loop.after(
          FETCH_MILLIS_MAX,
          () -> {
            if (attempt == this && !closed && sidecar.count(Kind.CLUSTER) > 0) {
              sidecar.giveUpEndpoints();
            }
          });
    }

    @Override
    public void onMessage(Response message) {
      pauseMillis = PAUSE_MILLIS_MIN;
      sidecar.receive(message);
    }

    /** A refused connection is told on another thread. */
    @Override
    public void onClose(Status status, Metadata trailers) {
      loop.execute(() -> ended(this, status));
    }

    @Override
    public void subscribe(Kind kind, List<String> names, List<String> gone) {
      DeltaDiscoveryRequest.Builder request =
          DeltaDiscoveryRequest.newBuilder()
              .setTypeUrl(kind.url)
              .addAllResourceNamesSubscribe(names)
              .addAllResourceNamesUnsubscribe(gone);
      if (!introduced) {
        introduced = true;
        request.setNode(node);
      }
      call.sendMessage(request.build());
    }

    @Override
    public void acknowledge(Kind kind, String nonce) {
      call.sendMessage(
          DeltaDiscoveryRequest.newBuilder().setTypeUrl(kind.url).setResponseNonce(nonce).build());
    }

    @Override
    public void ready() {
      shared.ready.run();
    }
  }
}
