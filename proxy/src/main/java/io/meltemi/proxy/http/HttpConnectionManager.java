package io.meltemi.proxy.http;

import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.Loops;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One {@code HttpConnectionManager} in force: makes the handlers of its connections and keeps, per
 * event loop, the streams that are not in use. Any thread.
 */
public final class HttpConnectionManager {
  /** Streams kept for reuse on one loop. */
  private static final int IDLE_STREAMS_MAX = 256;

  /**
   * One entry of the filter chain.
   *
   * @param name as written in the chain; routes refer to it
   */
  public record ChainEntry(String name, HttpFilterConfig config) {}

  private final HttpConnectionManagerSettings settings;
  private final RouteSource routes;
  private final List<ChainEntry> chain;
  private final AccessLog[] logs;
  private final Loops loops;
  private final HttpStats stats;
  private final RequestRules requestRules;
  private final ResponseRules responseRules;
  private final AtomicLong connectionIds = new AtomicLong();
  private final ConcurrentHashMap<EventLoop, LoopState> states = new ConcurrentHashMap<>();
  private volatile boolean draining;

  /** What one loop keeps; only that loop touches it. */
  static final class LoopState {
    final LoopContext loop;
    private final HttpConnectionManager manager;
    private final ArrayDeque<HttpStream> idle = new ArrayDeque<>();

    LoopState(HttpConnectionManager manager, LoopContext loop) {
      this.manager = manager;
      this.loop = loop;
    }

    HttpStream take() {
      HttpStream stream = idle.pollFirst();
      return stream == null ? new HttpStream(manager, loop) : stream;
    }

    void giveBack(HttpStream stream) {
      if (idle.size() < IDLE_STREAMS_MAX) {
        idle.addFirst(stream);
      }
    }
  }

  /**
   * @param chain in the order of the request; the last one is terminal
   */
  public HttpConnectionManager(
      HttpConnectionManagerSettings settings,
      RouteSource routes,
      List<ChainEntry> chain,
      List<AccessLog> logs,
      Loops loops,
      Stats stats) {
    this.settings = settings;
    this.routes = routes;
    this.chain = List.copyOf(chain);
    this.logs = logs.toArray(AccessLog[]::new);
    this.loops = loops;
    this.stats = new HttpStats(stats.scope("http." + settings.statPrefix() + "."));
    this.requestRules = new RequestRules(settings);
    this.responseRules = new ResponseRules(settings);
  }

  /** The handler of one new connection of that loop; the last one in its pipeline. */
  public ChannelHandler newConnection(EventLoop eventLoop, ConnectionAttributes attributes) {
    LoopState state = states.computeIfAbsent(eventLoop, key -> new LoopState(this, loops.get(key)));
    return new Http1ServerConnection(this, state, attributes, connectionIds.incrementAndGet());
  }

  /** From now on each connection closes with its next response. */
  public void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  public HttpConnectionManagerSettings settings() {
    return settings;
  }

  public RouteSource routes() {
    return routes;
  }

  List<ChainEntry> chain() {
    return chain;
  }

  HttpStats stats() {
    return stats;
  }

  RequestRules requestRules() {
    return requestRules;
  }

  ResponseRules responseRules() {
    return responseRules;
  }

  void log(StreamInfo info) {
    for (AccessLog log : logs) {
      log.log(info);
    }
  }
}
