package io.meltemi.xds.client;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One stream to a control plane, aggregated or of one service, in either variant of the protocol.
 * It says who it is in the first message only, answers every response with an ACK or with a NACK
 * that holds all errors, opens a new stream when one is lost (full jitter, so that a thousand
 * proxies do not come at once) and then resumes from what it has: a lost stream changes nothing.
 *
 * <p>All methods may be called by any thread; watchers are called on the loop.
 */
public final class XdsClient implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(XdsClient.class.getName());
  private static final int ERROR_CHARS_MAX = 64 << 10;
  private static final int DOUBLINGS_MAX = 16;

  /** Clusters before what they need, listeners before what they need (make before break). */
  private static final List<TypeUrl> ORDER =
      List.of(TypeUrl.CLUSTER, TypeUrl.ENDPOINT, TypeUrl.LISTENER, TypeUrl.ROUTE, TypeUrl.SECRET);

  private final XdsClientSettings settings;
  private final Channel channel;
  private final DiscoveryService.Endpoint endpoint;
  private final TaskLoop loop;
  private final RandomGenerator random;
  private final ConnectionWatcher connectionWatcher;

  // Everything below belongs to the loop.
  private Node node;
  private final Map<TypeUrl, WatchedType> types =
      new TreeMap<>(Comparator.comparingInt(XdsClient::rank).thenComparing(TypeUrl::url));
  private final Set<TypeUrl> unknownTypes = new HashSet<>();
  private @Nullable ClientStream stream;
  private TaskLoop.@Nullable Scheduled retry;
  private int streamNumber;
  private int failures;
  private boolean answeredOnStream;
  private boolean flushPlanned;
  private boolean started;
  private boolean closed;

  /**
   * A client that has not started.
   *
   * @param node sent with the first message of each stream
   * @param channel stays the caller's to shut down
   * @param loop owns all state of the client
   */
  public XdsClient(
      XdsClientSettings settings,
      Node node,
      Channel channel,
      TaskLoop loop,
      RandomGenerator random,
      ConnectionWatcher connectionWatcher) {
    this.settings = settings;
    this.node = node;
    this.channel = channel;
    this.endpoint =
        new DiscoveryService.Endpoint(settings.service(), channel, settings.responseBytesMax());
    this.loop = loop;
    this.random = random;
    this.connectionWatcher = connectionWatcher;
  }

  /** Names who takes the resources of a type; once per type, before it is subscribed. */
  public void watch(TypeUrl type, ResourceWatcher watcher) {
    inLoop(
        () -> {
          if (types.putIfAbsent(type, new WatchedType(type, watcher)) != null) {
            throw new IllegalStateException(type + " has a watcher already");
          }
        });
  }

  /** Asks for everything of a type (clusters, listeners). */
  public void subscribeAll(TypeUrl type) {
    inLoop(
        () -> {
          WatchedType watched = watched(type);
          if (!watched.wildcard) {
            watched.wildcard = true;
            watched.changed = true;
            if (watched.requested) {
              watched.added.add(WatchedType.WILDCARD);
            }
            await(watched, List.of(WatchedType.WILDCARD), settings.initialFetchTimeout());
            planFlush();
          }
        });
  }

  /** Asks for more names of a type; those already asked for are not asked for again. */
  public void subscribe(TypeUrl type, Collection<String> names) {
    subscribe(type, names, settings.initialFetchTimeout());
  }

  /** The same with an own initial fetch timeout, zero for ever. */
  public void subscribe(TypeUrl type, Collection<String> names, Duration initialFetchTimeout) {
    List<String> wanted = List.copyOf(names);
    inLoop(
        () -> {
          WatchedType watched = watched(type);
          List<String> fresh = watched.add(wanted);
          if (!fresh.isEmpty()) {
            await(watched, fresh, initialFetchTimeout);
            planFlush();
          }
        });
  }

  /** No longer interested; the resources are forgotten without a removal being reported. */
  public void unsubscribe(TypeUrl type, Collection<String> names) {
    List<String> unwanted = List.copyOf(names);
    inLoop(
        () -> {
          watched(type).remove(unwanted);
          planFlush();
        });
  }

  /** Opens the first stream. */
  public void start() {
    inLoop(
        () -> {
          if (!started && !closed) {
            started = true;
            openStream();
          }
        });
  }

  /**
   * Describes the client anew: the stream is opened again, and goes on from the versions it has.
   * What was received stays in force meanwhile.
   */
  public void restart(Node newNode) {
    inLoop(
        () -> {
          node = newNode;
          if (stream != null && !closed) {
            stream.cancel();
            stream = null;
            openStream();
          }
        });
  }

  /** Ends the stream; watchers hear nothing more. */
  @Override
  public void close() {
    inLoop(
        () -> {
          closed = true;
          if (retry != null) {
            retry.cancel();
            retry = null;
          }
          if (stream != null) {
            stream.cancel();
            stream = null;
          }
        });
  }

  private void inLoop(Runnable task) {
    if (loop.inLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  private WatchedType watched(TypeUrl type) {
    WatchedType watched = types.get(type);
    if (watched == null) {
      throw new IllegalStateException(type + " has no watcher");
    }
    return watched;
  }

  // ---- the stream

  private void openStream() {
    retry = null;
    int number = ++streamNumber;
    answeredOnStream = false;
    types.values().forEach(WatchedType::streamStarts);
    if (channel instanceof ManagedChannel managed) {
      // The delay between attempts is ours; the channel must not add its own.
      managed.resetConnectBackoff();
    }
    ClientStream.Events events =
        new ClientStream.Events() {
          @Override
          public void onResponse(Response response) {
            ifCurrent(() -> receive(response));
          }

          @Override
          public void onReady() {
            ifCurrent(() -> flush());
          }

          @Override
          public void onEnd(String reason) {
            ifCurrent(() -> streamLost(reason));
          }

          private void ifCurrent(Runnable task) {
            loop.execute(
                () -> {
                  if (number == streamNumber && stream != null && !closed) {
                    task.run();
                  }
                });
          }
        };
    stream =
        switch (settings.variant()) {
          case DELTA -> new DeltaClientStream(endpoint, node, events);
          case STATE_OF_THE_WORLD -> new SotwClientStream(endpoint, node, events);
        };
    flush();
  }

  private void streamLost(String reason) {
    stream = null;
    failures = answeredOnStream ? 0 : Math.min(failures + 1, DOUBLINGS_MAX);
    long boundNanos =
        Math.min(
            settings.backoffMax().toNanos(),
            settings.backoffMin().toNanos() << Math.max(0, failures - 1));
    Duration delay = Duration.ofNanos(random.nextLong(boundNanos + 1));
    retry = loop.schedule(this::retryNow, delay);
    connectionWatcher.onDisconnected(reason, delay);
  }

  private void retryNow() {
    if (!closed && stream == null) {
      openStream();
    }
  }

  // ---- requests

  private void planFlush() {
    if (!flushPlanned && stream != null) {
      flushPlanned = true;
      loop.execute(
          () -> {
            flushPlanned = false;
            if (stream != null && stream.isReady()) {
              flush();
            }
          });
    }
  }

  private void flush() {
    flushOthers(null);
  }

  /** A state-of-the-world answer carries the names itself, a request before it would accept. */
  private void flushOthers(@Nullable WatchedType answering) {
    for (WatchedType watched : types.values()) {
      if (stream == null) {
        return;
      }
      boolean answerSaysIt =
          watched == answering
              && settings.variant() == XdsClientSettings.Variant.STATE_OF_THE_WORLD;
      if (watched.changed && !answerSaysIt && (watched.requested || watched.isSubscribed())) {
        stream.request(watched);
        watched.requestSent();
      }
    }
  }

  // ---- responses

  private void receive(Response response) {
    if (!answeredOnStream) {
      answeredOnStream = true;
      failures = 0;
      connectionWatcher.onConnected();
    }
    WatchedType watched = types.get(response.type());
    if (watched == null || !watched.requested) {
      if (unknownTypes.size() < ORDER.size() && unknownTypes.add(response.type())) {
        LOG.log(
            System.Logger.Level.WARNING,
            "the server sent resources of a type that was not asked for: {0}",
            response.type());
      }
    } else {
      List<UpdateResult.Rejection> rejections = apply(watched, response);
      watched.nonce = response.nonce();
      if (rejections.isEmpty()) {
        watched.version = response.version();
      }
      flushOthers(watched);
      if (stream != null) {
        stream.answer(watched, response.nonce(), describe(rejections));
      }
    }
    if (stream != null) {
      stream.next();
    }
  }

  private static List<UpdateResult.Rejection> apply(WatchedType watched, Response response) {
    ResourceUpdate update = toUpdate(watched, response);
    response.resources().forEach(resource -> watched.waiting.remove(resource.name()));
    response.removed().forEach(watched.waiting::remove);
    update.removals().forEach(watched.waiting::remove);
    response.malformed().forEach(rejection -> watched.waiting.remove(rejection.name()));
    watched.waiting.remove(WatchedType.WILDCARD);
    boolean first = !watched.answered;
    watched.answered = true;
    List<UpdateResult.Rejection> rejections = new ArrayList<>(response.malformed());
    if (first || !update.upserts().isEmpty() || !update.removals().isEmpty()) {
      rejections.addAll(deliver(watched, update));
    }
    return rejections;
  }

  private static List<UpdateResult.Rejection> deliver(WatchedType watched, ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections;
    try {
      rejections =
          switch (watched.watcher.onUpdate(update)) {
            case UpdateResult.Accepted _ -> List.of();
            case UpdateResult.Rejected rejected -> rejected.rejections();
          };
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot apply " + update.type() + ": " + e, e);
      rejections =
          update.upserts().stream()
              .map(resource -> new UpdateResult.Rejection(resource.name(), "failed: " + e))
              .toList();
    }
    Set<String> rejected = new HashSet<>();
    rejections.forEach(rejection -> rejected.add(rejection.name()));
    for (ReceivedResource resource : update.upserts()) {
      if (!rejected.contains(resource.name()) && watched.wants(resource.name())) {
        watched.accepted.put(resource.name(), resource.version());
      }
    }
    for (String name : update.removals()) {
      if (!rejected.contains(name)) {
        watched.accepted.remove(name);
      }
    }
    return rejections;
  }

  private static ResourceUpdate toUpdate(WatchedType watched, Response response) {
    List<ReceivedResource> upserts = new ArrayList<>();
    Set<String> removals = new LinkedHashSet<>();
    for (ReceivedResource resource : response.resources()) {
      boolean same =
          response.complete() && resource.version().equals(watched.accepted.get(resource.name()));
      if (watched.wants(resource.name()) && !same) {
        upserts.add(resource);
      }
    }
    for (String name : response.removed()) {
      if (watched.wants(name)) {
        removals.add(name);
      }
    }
    if (response.complete()) {
      removals.addAll(watched.accepted.keySet());
      removals.addAll(watched.names);
      response.resources().forEach(resource -> removals.remove(resource.name()));
      response.malformed().forEach(rejection -> removals.remove(rejection.name()));
    }
    return new ResourceUpdate(response.type(), response.version(), upserts, List.copyOf(removals));
  }

  private static String describe(List<UpdateResult.Rejection> rejections) {
    StringBuilder text = new StringBuilder();
    for (UpdateResult.Rejection rejection : rejections) {
      if (!text.isEmpty()) {
        text.append('\n');
      }
      text.append(rejection.name()).append(": ").append(rejection.message());
      if (text.length() > ERROR_CHARS_MAX) {
        text.setLength(ERROR_CHARS_MAX);
        return text.append("…").toString();
      }
    }
    return text.toString();
  }

  // ---- initial fetch timeout

  private void await(WatchedType watched, List<String> names, Duration timeout) {
    if (timeout.isZero()) {
      return;
    }
    Object batch = new Object();
    names.forEach(name -> watched.waiting.put(name, batch));
    loop.schedule(() -> giveUp(watched, names, batch), timeout);
  }

  private void giveUp(WatchedType watched, List<String> names, Object batch) {
    Set<String> missing = new LinkedHashSet<>();
    boolean wildcard = false;
    for (String name : names) {
      if (watched.waiting.remove(name, batch)) {
        if (name.equals(WatchedType.WILDCARD)) {
          wildcard = true;
        } else {
          missing.add(name);
        }
      }
    }
    if (!closed && (wildcard || !missing.isEmpty())) {
      watched.watcher.onFetchTimeout(watched.type, missing);
    }
  }

  private static int rank(TypeUrl type) {
    int index = ORDER.indexOf(type);
    return index < 0 ? ORDER.size() : index;
  }
}
