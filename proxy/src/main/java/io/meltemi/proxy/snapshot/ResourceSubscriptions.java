package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.ResourceServers;
import io.meltemi.proxy.parse.ResourceSource;
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
 * Asks for those resources of one type that are in use, and takes what comes, with stats for each.
 * Configuration loop only.
 */
final class ResourceSubscriptions implements ResourceServers {
  private static final System.Logger LOG = System.getLogger(ResourceSubscriptions.class.getName());

  /** What is particular to resources of one type, and who uses them. */
  interface Kind {
    TypeUrl type();

    /** Ends with a dot. */
    String statPrefix(String name);

    /** Makes the stats of a resource that is asked for. */
    void asked(StatScope scope);

    /** What dumps show until the first answer; empty for nothing. */
    Optional<Any> placeholder(String name);

    /**
     * Puts a resource to use.
     *
     * @return whether that changes anything, or what is wrong with it
     */
    Validation<Boolean> deliver(ResourceSource source, ReceivedResource received);

    void accepted(StatScope scope, boolean changes);

    void refused(ResourceSource source, String name, StatScope scope);

    /**
     * The source has it no more.
     *
     * @return whether it goes out of use
     */
    boolean removed(ResourceSource source, String name, StatScope scope);

    /** It did not come in time; nobody waits for it any longer. */
    void missing(ResourceSource source, String name);
  }

  private final Kind kind;
  private final ResourceStreams streams;
  private final ResourceTable resources;
  private final Ticker ticker;
  private final Stats stats;
  private final Runnable changed;
  private final Map<Stream, AutoCloseable> open = new HashMap<>();
  private Subscriber subscriber = Subscriber.NONE;

  private record Stream(ResourceSource source, String name) {}

  /**
   * @param changed told after a resource came, or is known not to come
   */
  ResourceSubscriptions(
      Kind kind,
      ResourceStreams streams,
      ResourceTable resources,
      Ticker ticker,
      Stats stats,
      Runnable changed) {
    this.kind = kind;
    this.streams = streams;
    this.resources = resources;
    this.ticker = ticker;
    this.stats = stats;
    this.changed = changed;
  }

  void subscribeWith(Subscriber newSubscriber) {
    subscriber = newSubscriber;
  }

  @Override
  public Optional<String> problem(ApiSource server) {
    return streams.problem(server);
  }

  @Override
  public boolean subscribe(ResourceSource source, String name, Duration fetchTimeout) {
    StatScope scope = scope(name);
    scope.counter("update_attempt").inc();
    kind.asked(scope);
    if (resources.get(kind.type(), LoadedResource.State.ACTIVE, name) == null) {
      kind.placeholder(name)
          .ifPresent(body -> show(name, "uninitialized", body, LoadedResource.State.WARMING, ""));
    }
    return switch (source) {
      case ResourceSource.Aggregated _ ->
          subscriber.subscribe(kind.type(), List.of(name), fetchTimeout);
      case ResourceSource.Server(ApiSource server) -> {
        open.put(
            new Stream(source, name),
            streams.open(kind.type(), server, name, fetchTimeout, watcher(source)));
        yield true;
      }
      case ResourceSource.PathFile(String path) -> {
        open.put(new Stream(source, name), streams.follow(kind.type(), path, watcher(source)));
        yield true;
      }
    };
  }

  @Override
  public void unsubscribe(ResourceSource source, String name) {
    if (source instanceof ResourceSource.Aggregated) {
      subscriber.unsubscribe(kind.type(), List.of(name));
    } else {
      close(open.remove(new Stream(source, name)));
    }
    resources.remove(kind.type(), name);
    stats.removeScope(kind.statPrefix(name));
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
    open.values().forEach(ResourceSubscriptions::close);
    open.clear();
  }

  /** Takes what a source sends. */
  ResourceWatcher watcher(ResourceSource source) {
    return new ResourceWatcher() {
      @Override
      public UpdateResult onUpdate(ResourceUpdate update) {
        List<UpdateResult.Rejection> rejections = new ArrayList<>();
        update.upserts().forEach(received -> take(source, received, rejections));
        update.removals().forEach(name -> remove(source, name));
        if (source instanceof ResourceSource.PathFile) {
          // what a file does not have will not come by waiting
          open.keySet().stream()
              .filter(stream -> stream.source().equals(source))
              .forEach(stream -> kind.missing(source, stream.name()));
        }
        changed.run();
        return UpdateResult.of(rejections);
      }

      @Override
      public void onFetchTimeout(TypeUrl type, Set<String> names) {
        for (String name : names) {
          scope(name).counter("init_fetch_timeout").inc();
          kind.missing(source, name);
        }
        changed.run();
      }
    };
  }

  private void take(
      ResourceSource source, ReceivedResource received, List<UpdateResult.Rejection> rejections) {
    String name = received.name();
    StatScope scope = scope(name);
    scope.counter("update_attempt").inc();
    Validation<Boolean> result = kind.deliver(source, received);
    if (result instanceof Validation.Valid<Boolean> valid) {
      scope.counter("update_success").inc();
      scope.gauge("version").set(received.version().hashCode() & 0xFFFF_FFFFL);
      scope.gauge("update_time").set(ticker.now().toEpochMilli());
      kind.accepted(scope, valid.value());
      show(name, received.version(), received.body(), LoadedResource.State.ACTIVE, "");
    } else {
      scope.counter("update_rejected").inc();
      kind.refused(source, name, scope);
      String text = ResourceDecoder.text(result);
      rejections.add(new UpdateResult.Rejection(name, text));
      show(name, received.version(), received.body(), LoadedResource.State.REFUSED, text);
    }
  }

  private void remove(ResourceSource source, String name) {
    if (kind.removed(source, name, scope(name))) {
      resources.remove(kind.type(), name);
    }
  }

  private void show(
      String name, String version, Any body, LoadedResource.State state, String error) {
    resources.put(
        kind.type(), new LoadedResource(name, version, body, ticker.now(), false, state, error));
  }

  private StatScope scope(String name) {
    return stats.scope(kind.statPrefix(name));
  }
}
