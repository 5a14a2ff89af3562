package io.meltemi.proxy.tracing;

import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.telemetry.Counter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What waits to be sent to a collector, for each event loop apart. It goes when there is enough of
 * it, or has waited long enough. Any event loop.
 *
 * @param <T> a span, or what belongs together
 */
public final class SpanBatch<T> {
  /** Sends what has waited; on the loop that it waited on. */
  public interface Sender<T> {
    void send(LoopContext loop, List<T> batch);
  }

  /**
   * When to send.
   *
   * @param size at so many
   * @param waitNanos after so long
   * @param sizeMax so many wait at most; more are dropped
   */
  public record Limits(int size, long waitNanos, int sizeMax) {}

  private final Limits limits;
  private final Counter timerFlushed;
  private final Counter dropped;
  private final Sender<T> sender;
  private final ConcurrentHashMap<LoopContext, OfLoop> loops = new ConcurrentHashMap<>();

  /**
   * @param timerFlushed counts batches that went because they had waited
   * @param dropped counts what came while too much waited
   */
  public SpanBatch(Limits limits, Counter timerFlushed, Counter dropped, Sender<T> sender) {
    this.limits = limits;
    this.timerFlushed = timerFlushed;
    this.dropped = dropped;
    this.sender = sender;
  }

  private final class OfLoop extends LoopTimer {
    private final LoopContext loop;
    private List<T> waiting = new ArrayList<>();

    OfLoop(LoopContext loop) {
      this.loop = loop;
    }

    void add(T one) {
      if (waiting.size() >= limits.sizeMax()) {
        dropped.inc();
        return;
      }
      waiting.add(one);
      if (waiting.size() >= limits.size()) {
        loop.timers().cancel(this);
        send();
      } else if (!isStarted()) {
        loop.timers().start(this, limits.waitNanos());
      }
    }

    @Override
    protected void onTimeout() {
      timerFlushed.inc();
      send();
    }

    private void send() {
      List<T> batch = waiting;
      waiting = new ArrayList<>(batch.size());
      sender.send(loop, batch);
    }
  }

  /** Adds on a loop; may send at once. */
  public void add(LoopContext loop, T one) {
    loops.computeIfAbsent(loop, OfLoop::new).add(one);
  }
}
