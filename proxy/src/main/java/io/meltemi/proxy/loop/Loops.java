package io.meltemi.proxy.loop;

import io.meltemi.common.time.Ticker;
import io.netty.channel.EventLoop;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The {@link LoopContext}s of one proxy. Any thread. */
public final class Loops {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final Ticker ticker;
  private final AtomicLong seed;
  private final ConcurrentHashMap<EventLoop, LoopContext> contexts = new ConcurrentHashMap<>();

  /**
   * @param seed of the random numbers of all loops
   */
  public Loops(Ticker ticker, long seed) {
    this.ticker = ticker;
    this.seed = new AtomicLong(seed);
  }

  /** The context of a loop, made at first use. */
  public LoopContext get(EventLoop loop) {
    LoopContext known = contexts.get(loop);
    return known != null
        ? known
        : contexts.computeIfAbsent(
            loop, key -> new LoopContext(key, ticker, seed.addAndGet(GOLDEN)));
  }
}
