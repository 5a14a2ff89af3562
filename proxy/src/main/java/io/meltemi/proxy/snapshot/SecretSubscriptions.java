package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.RemoteSecrets;
import io.meltemi.proxy.transport.SecretSource;
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
 * Asks servers for the secrets in use and takes what comes, with {@code sds.<name>.} stats. A
 * secret that a server says is gone stays in use, as in Envoy. Configuration loop only.
 */
final class SecretSubscriptions implements RemoteSecrets.Servers {
  private static final System.Logger LOG = System.getLogger(SecretSubscriptions.class.getName());

  private final RemoteSecrets secrets;
  private final ResourceStreams streams;
  private final ResourceTable resources;
  private final Ticker ticker;
  private final Stats stats;
  private final Runnable changed;
  private final Map<Stream, AutoCloseable> open = new HashMap<>();
  private Subscriber subscriber = Subscriber.NONE;

  private record Stream(ApiSource server, String name) {}

  /**
   * @param changed told after a secret came, or is known not to come
   */
  SecretSubscriptions(
      RemoteSecrets secrets,
      ResourceStreams streams,
      ResourceTable resources,
      Ticker ticker,
      Stats stats,
      Runnable changed) {
    this.secrets = secrets;
    this.streams = streams;
    this.resources = resources;
    this.ticker = ticker;
    this.stats = stats;
    this.changed = changed;
    secrets.askFrom(this);
  }

  void subscribeWith(Subscriber newSubscriber) {
    subscriber = newSubscriber;
  }

  @Override
  public Optional<String> problem(ApiSource server) {
    return streams.problem(server);
  }

  @Override
  public boolean subscribe(SecretSource source, String name, Duration fetchTimeout) {
    scope(name).counter("update_attempt").inc();
    if (resources.get(TypeUrl.SECRET, LoadedResource.State.ACTIVE, name) == null) {
      resources.put(
          TypeUrl.SECRET,
          resource(
              name,
              "uninitialized",
              MessageTypes.pack(Secret.newBuilder().setName(name).build()),
              LoadedResource.State.WARMING,
              ""));
    }
    return switch (source) {
      case SecretSource.Aggregated _ ->
          subscriber.subscribe(TypeUrl.SECRET, List.of(name), fetchTimeout);
      case SecretSource.Server(ApiSource server) -> {
        open.put(
            new Stream(server, name),
            streams.open(TypeUrl.SECRET, server, name, fetchTimeout, watcher(source)));
        yield true;
      }
    };
  }

  @Override
  public void unsubscribe(SecretSource source, String name) {
    switch (source) {
      case SecretSource.Aggregated _ -> subscriber.unsubscribe(TypeUrl.SECRET, List.of(name));
      case SecretSource.Server(ApiSource server) -> close(open.remove(new Stream(server, name)));
    }
    resources.remove(TypeUrl.SECRET, name);
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
    open.values().forEach(SecretSubscriptions::close);
    open.clear();
  }

  /** Takes what a source sends. */
  ResourceWatcher watcher(SecretSource source) {
    return new ResourceWatcher() {
      @Override
      public UpdateResult onUpdate(ResourceUpdate update) {
        List<UpdateResult.Rejection> rejections = new ArrayList<>();
        update.upserts().forEach(received -> take(source, received, rejections));
        // as in Envoy, what is in use stays so
        update.removals().forEach(name -> secrets.absent(source, name));
        changed.run();
        return UpdateResult.of(rejections);
      }

      @Override
      public void onFetchTimeout(TypeUrl type, Set<String> names) {
        for (String name : names) {
          scope(name).counter("init_fetch_timeout").inc();
          secrets.missing(source, name);
        }
        changed.run();
      }
    };
  }

  private void take(
      SecretSource source, ReceivedResource received, List<UpdateResult.Rejection> rejections) {
    StatScope scope = scope(received.name());
    scope.counter("update_attempt").inc();
    Validation<Boolean> result =
        ResourceDecoder.decode(
            received.body(),
            Secret.parser(),
            Origin.of("secret " + received.name()),
            (proto, _) -> secrets.deliver(source, proto));
    if (result.isValid()) {
      scope.counter("update_success").inc();
      scope.gauge("version").set(received.version().hashCode() & 0xFFFF_FFFFL);
      scope.gauge("update_time").set(ticker.now().toEpochMilli());
      resources.put(
          TypeUrl.SECRET,
          resource(
              received.name(),
              received.version(),
              received.body(),
              LoadedResource.State.ACTIVE,
              ""));
    } else {
      scope.counter("update_rejected").inc();
      String text = ResourceDecoder.text(result);
      rejections.add(new UpdateResult.Rejection(received.name(), text));
      resources.put(
          TypeUrl.SECRET,
          resource(
              received.name(),
              received.version(),
              received.body(),
              LoadedResource.State.REFUSED,
              text));
    }
  }

  private LoadedResource resource(
      String name, String version, Any body, LoadedResource.State state, String error) {
    return new LoadedResource(name, version, body, ticker.now(), false, state, error);
  }

  private StatScope scope(String name) {
    return stats.scope(prefix(name));
  }

  /** Colons as Envoy replaces them in names of stats. */
  private static String prefix(String name) {
    return "sds." + name.replace("://", "_").replace(":/", "_").replace(':', '_') + ".";
  }
}
