package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.channel.EventLoop;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
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
    /** Sets of options per host; the one that was not used longest makes room. */
    private static final int OTHERS_MAX = 256;

    /** How many connections one stream may open on other hosts, as in Envoy. */
    private static final int FORESEEN_MAX = 3;

    private final LoopContext loop;
    private final Connector connector;
    private final IdentityHashMap<Host, HostPools> pools = new IdentityHashMap<>();

    /**
     * The pools of one host; more than one only when its cluster follows the downstream, or when
     * streams want connections of their own.
     */
    private static final class HostPools {
      @Nullable ConnectionPool main;
      @Nullable ConnectionPool http2;

      /** By what streams want of their connections, the one used last at the end. */
      @Nullable Map<TransportOptions, HostPools> others;

      HostPools of(TransportOptions options, Cluster cluster) {
        Map<TransportOptions, HostPools> known = others;
        if (known == null) {
          known = new LinkedHashMap<>(4, 0.75f, true);
          others = known;
        }
        HostPools found = known.get(options);
        if (found == null) {
          if (known.size() == OTHERS_MAX) {
            cluster.stats().cxPoolOverflow.inc();
            Iterator<HostPools> eldest = known.values().iterator();
            eldest.next().drain();
            eldest.remove();
          }
          found = new HostPools();
          known.put(options, found);
        }
        return found;
      }

      void drain() {
        if (others != null) {
          others.values().forEach(HostPools::drain);
        }
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
     * @param options what the stream wants of its connection; without effect where there is no TLS
     *     and hosts are told of no clients
     */
    public ConnectionPool get(
        Cluster cluster, Host host, boolean http2Downstream, TransportOptions options) {
      HostPools known = pools.get(host);
      if (known == null) {
        known = new HostPools();
        if (!host.removed()) {
          pools.put(host, known);
          host.onRemoved(() -> loop.eventLoop().execute(() -> remove(host)));
        }
      }
      TransportOptions wanted = options;
      if (!wanted.equals(TransportOptions.NONE)) {
        if (cluster.tellsClients() || cluster.transport(host).isPresent()) {
          known = known.of(wanted, cluster);
        } else {
          wanted = TransportOptions.NONE;
        }
      }
      Protocol protocol = cluster.settings().http().protocol();
      boolean follows = protocol == Protocol.DOWNSTREAM;
      if (follows && http2Downstream) {
        ConnectionPool pool = known.http2;
        if (pool == null) {
          pool = new ConnectionPool(loop, connector, cluster, host, Protocol.HTTP2, wanted);
          known.http2 = pool;
        }
        return pool;
      }
      ConnectionPool pool = known.main;
      if (pool == null) {
        pool =
            new ConnectionPool(
                loop, connector, cluster, host, follows ? Protocol.HTTP1 : protocol, wanted);
        known.main = pool;
      }
      return pool;
    }

    /**
     * Opens connections on the hosts that are likely to be chosen next, as far as the cluster wants
     * that; called before a stream is leased, for a cluster that does.
     */
    public void foresee(
        Cluster cluster, LbContext context, boolean http2Downstream, TransportOptions options) {
      double ratio = cluster.settings().connection().preconnect().predictive();
      for (int i = 0; i < FORESEEN_MAX && isShort(cluster, ratio); i++) {
        Host next = cluster.loadBalancer().peek(context, i);
        if (next == null || !get(cluster, next, http2Downstream, options).preconnect(ratio)) {
          return;
        }
      }
    }

    /** Whether one more stream would find less room on the cluster's hosts than there is to be. */
    private boolean isShort(Cluster cluster, double ratio) {
      int waiting = 1;
      int active = 0;
      long room = 0;
      for (Host host : cluster.hosts()) {
        HostPools known = pools.get(host);
        ConnectionPool pool = known == null ? null : known.main != null ? known.main : known.http2;
        if (pool != null) {
          waiting += pool.waiting();
          active += pool.active();
          room += pool.room();
        }
      }
      return ConnectionPool.isShort(waiting, active, room, ratio);
    }

    /**
     * Connects a TCP connection for one request; see {@link TcpTunnel}.
     *
     * @return null when a circuit breaker is at its limit, which has been told
     */
    public @Nullable TcpTunnel connect(
        Cluster cluster, Host host, TransportOptions options, UpstreamCallbacks callbacks) {
      TcpTunnel.Place place = new TcpTunnel.Place(loop, connector, options);
      return TcpTunnel.open(place, cluster, host, callbacks);
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
