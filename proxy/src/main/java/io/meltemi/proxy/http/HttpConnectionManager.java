package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.Http2Stats;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.CodecType;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.route.RouteFilterConfigs;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.tracing.RequestTrace;
import io.meltemi.proxy.tracing.TracingSettings;
import io.meltemi.proxy.tracing.TracingStats;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One {@code HttpConnectionManager} in force: installs itself on connections and keeps, per event
 * loop, the streams that are not in use. Any thread.
 */
final class HttpConnectionManager implements NetworkFilterConfig {
  /** Streams kept for reuse on one loop. */
  private static final int IDLE_STREAMS_MAX = 256;

  /**
   * One entry of the filter chain.
   *
   * @param name as written in the chain; routes refer to it
   * @param enabled whether it runs where the route says nothing of it
   */
  public record ChainEntry(String name, HttpFilterConfig config, boolean enabled) {}

  /**
   * The filters, in the order of the request; the last one of each chain is terminal.
   *
   * @param upgrades by upgrade type in lower case, of those that have filters of their own
   */
  record Chains(List<ChainEntry> main, Map<String, List<ChainEntry>> upgrades) {
    Chains {
      main = List.copyOf(main);
      upgrades = Map.copyOf(upgrades);
    }

    Stream<ChainEntry> all() {
      return Stream.concat(main.stream(), upgrades.values().stream().flatMap(List::stream));
    }

    boolean allEnabled() {
      return all().allMatch(ChainEntry::enabled);
    }
  }

  /** To whom requests are told when they are over. */
  record Told(List<AccessLog> logs, Optional<TracingSettings> tracing) {
    Told {
      logs = List.copyOf(logs);
    }
  }

  private final HttpConnectionManagerSettings settings;
  private final RouteSource routes;
  private final Chains chains;
  private final boolean allEnabled;
  private final AccessLog[] logs;
  private final HttpStats stats;
  private final Http2Stats http2Stats;
  private final RequestTrace.@Nullable Shared tracing;
  private final RequestRules requestRules;
  private final ResponseRules responseRules;
  private final Set<String> routeNames;
  private final ConcurrentHashMap<EventLoop, LoopState> states = new ConcurrentHashMap<>();

  /** What one loop keeps; only that loop touches it. */
  static final class LoopState {
    final LoopContext loop;
    private final HttpConnectionManager manager;
    private final ArrayDeque<HttpStream> idle = new ArrayDeque<>();
    private final ArrayDeque<Http2ServerStream> idleHttp2 = new ArrayDeque<>();

    LoopState(HttpConnectionManager manager, LoopContext loop) {
      this.manager = manager;
      this.loop = loop;
    }

    HttpStream take() {
      HttpStream stream = idle.pollFirst();
      return stream == null ? new HttpStream(manager, loop) : stream;
    }

    Http2ServerStream takeHttp2() {
      Http2ServerStream stream = idleHttp2.pollFirst();
      return stream == null ? new Http2ServerStream() : stream;
    }

    void giveBack(Http2ServerStream stream) {
      if (idleHttp2.size() < IDLE_STREAMS_MAX) {
        idleHttp2.addFirst(stream);
      }
    }

    void giveBack(HttpStream stream) {
      if (idle.size() < IDLE_STREAMS_MAX) {
        idle.addFirst(stream);
      }
    }
  }

  /**
   * @param routeNames names of the RDS resources that the routes come from
   */
  public HttpConnectionManager(
      HttpConnectionManagerSettings settings,
      RouteSource routes,
      Chains chains,
      Told told,
      Set<String> routeNames,
      Stats stats) {
    this.settings = settings;
    this.routes = routes;
    this.chains = chains;
    this.allEnabled = chains.allEnabled();
    this.logs = told.logs().toArray(AccessLog[]::new);
    this.routeNames = Set.copyOf(routeNames);
    this.stats = new HttpStats(stats.scope("http." + settings.statPrefix() + "."));
    this.http2Stats = new Http2Stats(stats.scope("http2."));
    this.tracing =
        told.tracing()
            .map(
                made ->
                    new RequestTrace.Shared(
                        made, settings.requestIds().rules(), new TracingStats(this.stats.scope)))
            .orElse(null);
    this.requestRules = new RequestRules(settings);
    this.responseRules = new ResponseRules(settings);
  }

  /** Adds the connection's handler, which ends its pipeline. */
  @Override
  public void install(DownstreamConnection connection) {
    Channel channel = connection.channel();
    int limit = connection.settings().bufferBytesMax();
    channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(limit / 2, limit));
    LoopState state =
        states.computeIfAbsent(channel.eventLoop(), _ -> new LoopState(this, connection.loop()));
    channel.pipeline().addLast(handler(state, connection));
  }

  private ChannelHandler handler(LoopState state, DownstreamConnection connection) {
    DownstreamConnection.Facts facts = connection.facts();
    boolean tls = facts.tls().isPresent();
    boolean http2 =
        switch (settings.codec().type()) {
          case HTTP1 -> false;
          case HTTP2 -> true;
          case AUTO ->
              tls
                  ? facts.negotiatedProtocol().equals("h2")
                  : facts.applicationProtocols().contains("h2c");
        };
    if (http2) {
      return new Http2ServerConnection(this, state, connection);
    }
    boolean undecided =
        settings.codec().type() == CodecType.AUTO && facts.negotiatedProtocol().isEmpty();
    return new Http1ServerConnection(this, state, connection, undecided);
  }

  @Override
  public Set<String> routeNames() {
    return routeNames;
  }

  @Override
  public void hold() {
    chains.all().forEach(entry -> entry.config().hold());
  }

  @Override
  public boolean isWaiting() {
    return chains.all().anyMatch(entry -> entry.config().isWaiting());
  }

  @Override
  public void close() {
    chains.all().forEach(entry -> entry.config().close());
  }

  public HttpConnectionManagerSettings settings() {
    return settings;
  }

  public RouteSource routes() {
    return routes;
  }

  Chains chains() {
    return chains;
  }

  /** The filters that do not run on a route, a bit for each place in the chain. */
  long skipped(List<ChainEntry> chain, RouteFilterConfigs configs) {
    if (allEnabled && configs.switches().isEmpty()) {
      return 0;
    }
    long skipped = 0;
    for (int i = 0; i < chain.size(); i++) {
      ChainEntry entry = chain.get(i);
      if (!configs.isEnabled(entry.name(), entry.enabled())) {
        skipped |= 1L << i;
      }
    }
    return skipped;
  }

  HttpStats stats() {
    return stats;
  }

  Http2Stats http2Stats() {
    return http2Stats;
  }

  RequestRules requestRules() {
    return requestRules;
  }

  ResponseRules responseRules() {
    return responseRules;
  }

  /** What all traces share; null when nothing is traced. */
  RequestTrace.@Nullable Shared tracing() {
    return tracing;
  }

  void log(StreamInfo info) {
    for (AccessLog log : logs) {
      log.log(info);
    }
  }
}
