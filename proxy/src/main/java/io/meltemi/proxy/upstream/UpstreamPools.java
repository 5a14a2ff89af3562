package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.loop.LoopContext;
import io.netty.channel.EventLoop;
import java.util.IdentityHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

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
    private final IdentityHashMap<Host, HostPools> pools = new IdentityHashMap<>();

    /** The pools of one host; more than one only when its cluster follows the downstream. */
    private static final class HostPools {
      @Nullable ConnectionPool main;
      @Nullable ConnectionPool http2;

      void drain() {
        if (main != null) {
          main.drain();
        }
        if (http2 != null) {
          http2.drain();
        }
      }
    }

    LoopPools(LoopContext loop, Connector connector) {
      this.loop = loop;
      this.connector = connector;
    }

    /**
     * The pool of a host, made at first use.
     *
     * @param http2Downstream whether the request came over HTTP/2
     */
    public ConnectionPool get(Cluster cluster, Host host, boolean http2Downstream) {
      HostPools known = pools.get(host);
      if (known == null) {
        known = new HostPools();
        if (!host.removed()) {
          pools.put(host, known);
          host.onRemoved(() -> loop.eventLoop().execute(() -> remove(host)));
        }
      }
      Protocol protocol = cluster.settings().http().protocol();
      boolean follows = protocol == Protocol.DOWNSTREAM;
      if (follows && http2Downstream) {
        ConnectionPool pool = known.http2;
        if (pool == null) {
          pool = new ConnectionPool(loop, connector, cluster, host, Protocol.HTTP2);
          known.http2 = pool;
        }
        return pool;
      }
      ConnectionPool pool = known.main;
      if (pool == null) {
        pool =
            new ConnectionPool(loop, connector, cluster, host, follows ? Protocol.HTTP1 : protocol);
        known.main = pool;
      }
      return pool;
    }

    private void remove(Host host) {
      HostPools pool = pools.remove(host);
      if (pool != null) {
        pool.drain();
      }
    }

    /** Closes idle connections now and the others after their response. */
    public void drain() {
      pools.values().forEach(HostPools::drain);
      pools.clear();
    }
  }
}
