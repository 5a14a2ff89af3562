package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.loop.LoopContext;
import io.netty.channel.EventLoop;
import java.util.IdentityHashMap;
import java.util.concurrent.ConcurrentHashMap;

/** Every pool of one proxy. {@link #of} on any thread, the pools on their own loops. */
public final class UpstreamPools {
  private final Connector connector;
  private final ConcurrentHashMap<EventLoop, LoopPools> loops = new ConcurrentHashMap<>();

  public UpstreamPools(Connector connector) {
    this.connector = connector;
  }

  /** The pools of one loop. */
  public LoopPools of(LoopContext loop) {
    LoopPools known = loops.get(loop.eventLoop());
    return known != null
        ? known
        : loops.computeIfAbsent(loop.eventLoop(), _ -> new LoopPools(loop, connector));
  }

  /** The pools of one loop, on that loop only. */
  public static final class LoopPools {
    private final LoopContext loop;
    private final Connector connector;
    private final IdentityHashMap<Host, ConnectionPool> pools = new IdentityHashMap<>();

    LoopPools(LoopContext loop, Connector connector) {
      this.loop = loop;
      this.connector = connector;
    }

    /** The pool of a host, made at first use. */
    public ConnectionPool get(Cluster cluster, Host host) {
      ConnectionPool known = pools.get(host);
      if (known != null) {
        return known;
      }
      ConnectionPool made = new ConnectionPool(loop, connector, cluster, host);
      if (!host.removed()) {
        pools.put(host, made);
        host.onRemoved(() -> loop.eventLoop().execute(() -> remove(host)));
      }
      return made;
    }

    private void remove(Host host) {
      ConnectionPool pool = pools.remove(host);
      if (pool != null) {
        pool.drain();
      }
    }

    /** Closes idle connections now and the others after their response. */
    public void drain() {
      pools.values().forEach(ConnectionPool::drain);
      pools.clear();
    }
  }
}
