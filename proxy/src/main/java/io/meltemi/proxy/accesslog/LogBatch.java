package io.meltemi.proxy.accesslog;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.upstream.GrpcClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Log entries that wait to be sent, for each event loop apart; they go when there are enough bytes
 * of them, or have waited long enough. What comes while too many batches are under way is dropped.
 *
 * @param <E> one entry
 * @param <R> what the service answers to a batch
 */
public final class LogBatch<E extends Message, R extends Message> {
  /** Batches that a loop waits for answers to. */
  private static final int UNDER_WAY_MAX = 16;

  /**
   * The gRPC method that takes batches.
   *
   * @param message of a batch
   */
  public record Method<E, R>(String path, Function<List<E>, Message> message, Parser<R> answers) {}

  private final GrpcClient client;
  private final CommonSettings settings;
  private final Method<E, R> method;
  private final Counter written;
  private final Counter dropped;
  private final ThreadLocal<OfLoop> loops;

  /**
   * @param statPrefix of Envoy's names {@code logs_written} and {@code logs_dropped}
   */
  public LogBatch(LogHost host, CommonSettings settings, Method<E, R> method, String statPrefix) {
    this.client = host.client();
    this.settings = settings;
    this.method = method;
    StatScope stats = host.stats().scope(statPrefix);
    this.written = stats.counter("logs_written");
    this.dropped = stats.counter("logs_dropped");
    this.loops = ThreadLocal.withInitial(() -> new OfLoop(present(host.loops().get())));
  }

  private static LoopContext present(List<LoopContext> loops) {
    for (LoopContext loop : loops) {
      if (loop.eventLoop().inEventLoop()) {
        return loop;
      }
    }
    throw new IllegalStateException("no event loop of this proxy");
  }

  private final class OfLoop extends LoopTimer implements GrpcClient.Listener<R> {
    private final LoopContext loop;
    private List<E> waiting = new ArrayList<>();
    private long bytes;
    private int underWay;

    OfLoop(LoopContext loop) {
      this.loop = loop;
    }

    void add(E entry) {
      if (underWay >= UNDER_WAY_MAX && bytes >= settings.bytesMax()) {
        dropped.inc();
        return;
      }
      written.inc();
      waiting.add(entry);
      bytes += entry.getSerializedSize();
      if (bytes >= settings.bytesMax() && underWay < UNDER_WAY_MAX) {
        loop.timers().cancel(this);
        send();
      } else if (!isStarted()) {
        loop.timers().start(this, settings.waitNanos());
      }
    }

    @Override
    protected void onTimeout() {
      if (underWay < UNDER_WAY_MAX) {
        send();
      } else {
        loop.timers().start(this, settings.waitNanos());
      }
    }

    private void send() {
      List<E> batch = waiting;
      waiting = new ArrayList<>(batch.size());
      bytes = 0;
      underWay++;
      client.call(
          loop,
          settings.target(),
          method.path(),
          method.message().apply(batch),
          method.answers(),
          this);
    }

    @Override
    public void onAnswer(R answer) {
      underWay--;
    }

    /** As in Envoy an entry is not sent twice; the cluster's numbers tell of the failure. */
    @Override
    public void onFailure(int status) {
      underWay--;
    }
  }

  /** Adds an entry, on an event loop of this proxy. */
  public void add(E entry) {
    loops.get().add(entry);
  }
}
