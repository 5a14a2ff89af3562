package io.meltemi.proxy.snapshot;

import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.http.DiscoveredFilters;
import io.meltemi.proxy.http.FilterConfigSource;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks for the filter configurations in use and takes what comes, with {@code
 * extension_config_discovery.http_filter.<name>.} stats. Configuration loop only.
 */
final class FilterSubscriptions implements DiscoveredFilters.Servers {
  private static final System.Logger LOG = System.getLogger(FilterSubscriptions.class.getName());

  private final DiscoveredFilters filters;
  private final ResourceStreams streams;
  private final ResourceTable resources;
  private final Ticker ticker;
  private final Stats stats;
  private final Runnable changed;
  private final Map<Stream, AutoCloseable> open = new HashMap<>();
  private Subscriber subscriber = Subscriber.NONE;

  private record Stream(FilterConfigSource source, String name) {}

  /**
   * @param changed told after a configuration came, or is known not to come
   */
  FilterSubscriptions(
      DeliveredConfig delivered,
      ResourceTable resources,
      Ticker ticker,
      Stats stats,
      Runnable changed) {
    this.filters = delivered.filters();
    this.streams = delivered.streams();
    this.resources = resources;
    this.ticker = ticker;
    this.stats = stats;
    this.changed = changed;
    filters.askFrom(this);
  }

  void subscribeWith(Subscriber newSubscriber) {
    subscriber = newSubscriber;
  }

  @Override
  public Optional<String> problem(ApiSource server) {
    return streams.problem(server);
  }

  @Override
  public boolean subscribe(FilterConfigSource source, String name, Duration fetchTimeout) {
    StatScope scope = scope(name);
    scope.counter("update_attempt").inc();
    scope.counter("config_reload");
    scope.counter("config_fail");
    scope.counter("init_fetch_timeout");
    return switch (source) {
      case FilterConfigSource.Aggregated _ ->
          subscriber.subscribe(TypeUrl.EXTENSION_CONFIG, List.of(name), fetchTimeout);
      case FilterConfigSource.Server(ApiSource server) -> {
        open.put(
            new Stream(source, name),
            streams.open(TypeUrl.EXTENSION_CONFIG, server, name, fetchTimeout, watcher(source)));
        yield true;
      }
      case FilterConfigSource.PathFile(String path) -> {
        open.put(
            new Stream(source, name),
            streams.follow(TypeUrl.EXTENSION_CONFIG, path, watcher(source)));
        yield true;
      }
    };
  }

  @Override
  public void unsubscribe(FilterConfigSource source, String name) {
    if (source instanceof FilterConfigSource.Aggregated) {
      subscriber.unsubscribe(TypeUrl.EXTENSION_CONFIG, List.of(name));
    } else {
      close(open.remove(new Stream(source, name)));
    }
    resources.remove(TypeUrl.EXTENSION_CONFIG, name);
    stats.removeScope(prefix(name));
  }

  @SuppressWarnings("CatchAllExceptions") // AutoCloseable allows any
  private static void close(@Nullable AutoCloseable stream) {
    if (stream == null) {
      return;
    }
    try {
      stream.close();
    } catch (Exception e) {
      LOG.log(System.Logger.Level.WARNING, "while closing: " + e);
    }
  }

  void close() {
    open.values().forEach(FilterSubscriptions::close);
    open.clear();
  }

  /** Takes what a source sends. */
  ResourceWatcher watcher(FilterConfigSource source) {
    return new ResourceWatcher() {
      @Override
      public UpdateResult onUpdate(ResourceUpdate update) {
        List<UpdateResult.Rejection> rejections = new ArrayList<>();
        update.upserts().forEach(received -> take(source, received, rejections));
        update.removals().forEach(name -> remove(source, name));
        if (source instanceof FilterConfigSource.PathFile) {
          // what a file does not have will not come by waiting
          open.keySet().stream()
              .filter(stream -> stream.source().equals(source))
              .forEach(stream -> filters.missing(source, stream.name()));
        }
        changed.run();
        return UpdateResult.of(rejections);
      }

      @Override
      public void onFetchTimeout(TypeUrl type, Set<String> names) {
        for (String name : names) {
          scope(name).counter("init_fetch_timeout").inc();
          filters.missing(source, name);
        }
        changed.run();
      }
    };
  }

  private void take(
      FilterConfigSource source,
      ReceivedResource received,
      List<UpdateResult.Rejection> rejections) {
    String name = received.name();
    StatScope scope = scope(name);
    Validation<Boolean> result =
        ResourceDecoder.decode(
            received.body(),
            TypedExtensionConfig.parser(),
            Origin.of("filter configuration " + name),
            (proto, _) -> filters.deliver(source, proto));
    scope.counter("update_attempt").inc();
    if (result instanceof Validation.Valid<Boolean> valid) {
      scope.counter("update_success").inc();
      scope.gauge("version").set(received.version().hashCode() & 0xFFFF_FFFFL);
      scope.gauge("update_time").set(ticker.now().toEpochMilli());
      if (valid.value()) {
        scope.counter("config_reload").inc();
      }
      resources.put(TypeUrl.EXTENSION_CONFIG, resource(received, LoadedResource.State.ACTIVE, ""));
    } else {
      scope.counter("update_rejected").inc();
      scope.counter("config_fail").inc();
      filters.missing(source, name);
      String text = ResourceDecoder.text(result);
      rejections.add(new UpdateResult.Rejection(name, text));
      resources.put(
          TypeUrl.EXTENSION_CONFIG, resource(received, LoadedResource.State.REFUSED, text));
    }
  }

  private void remove(FilterConfigSource source, String name) {
    scope(name).counter("config_reload").inc();
    filters.removed(source, name);
    resources.remove(TypeUrl.EXTENSION_CONFIG, name);
  }

  private LoadedResource resource(
      ReceivedResource received, LoadedResource.State state, String error) {
    return new LoadedResource(
        received.name(), received.version(), received.body(), ticker.now(), false, state, error);
  }

  private StatScope scope(String name) {
    return stats.scope(prefix(name));
  }

  private static String prefix(String name) {
    return "extension_config_discovery.http_filter." + name + ".";
  }
}
