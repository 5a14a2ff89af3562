package io.meltemi.controlplane.push;

import io.grpc.Status;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.resource.ResourceKind;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.gatewayapi.IngressConversion;
import io.meltemi.controlplane.gatewayapi.ObjectStatus;
import io.meltemi.controlplane.gatewayapi.StatusProblems;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.DiscoveryBackend;
import io.meltemi.xds.server.DiscoveryConnection;
import io.meltemi.xds.server.DiscoveryUpdate;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.ResourceRequest;
import io.meltemi.xds.server.Sent;
import io.meltemi.xds.server.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Brings changes of configuration to the proxies: collects them, makes a new world of them, and
 * sends every proxy what differs for it, in an order that breaks no traffic. Everything but the
 * entry points {@link #changed} and {@link #meshChanged} belongs to the push thread.
 */
public final class PushEngine implements DiscoveryBackend {
  private static final System.Logger LOG = System.getLogger(PushEngine.class.getName());
  private static final Set<ResourceKind<?>> ENDPOINT_KINDS =
      Set.of(Kinds.ENDPOINTS, Kinds.ENDPOINT_SLICE, Kinds.POD, Kinds.WORKLOAD_ENTRY);

  /** By requests of this type agents tell how their workload is. */
  private static final TypeUrl HEALTH =
      TypeUrl.of("type.googleapis.com/istio.v1.HealthInformation");

  private final PushSettings settings;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final WorldBuilder worlds;
  private final ResourceMaker maker;
  private final List<TypeUrl> typesAfterClusters;
  private final PushEvents events;
  private final Optional<WorkloadRegistration> registration;
  private final Debouncer debouncer;
  private final PushQueue queue = new PushQueue();
  private final Refusals refusals;
  private final Shortcomings shortcomings;
  private final Map<DiscoveryConnection, ProxyConnection> proxies = new LinkedHashMap<>();
  private final Set<TypeUrl> unservedTypes = new HashSet<>();

  /** One per resource: from what it was at the last push to what it is now. */
  private final Map<ChangeKey, ConfigChange> changes = new LinkedHashMap<>();

  private final EnumSet<PushTrigger> triggers = EnumSet.noneOf(PushTrigger.class);
  private ConfigSnapshot snapshot = ConfigSnapshot.EMPTY;
  private volatile List<Problem> unaccepted = List.of();
  private MeshConfig mesh = MeshConfig.DEFAULT;
  private Translations latest;
  private long versionNumber;
  private boolean draining;

  private record ChangeKey(ResourceKind<?> kind, ResourceName name) {}

  /**
   * A refusal that still stands, for people to read.
   *
   * @param proxy connection id
   * @param resources at fault, by name; all of the response when the refusal names none
   * @param origins of these resources
   */
  public record Rejection(
      String proxy, TypeUrl type, Nack nack, List<String> resources, List<Origin> origins) {}

  /**
   * An engine with an empty world.
   *
   * @param loop the push thread
   * @param generators at most one per type
   * @param registration of workloads; empty: none registers
   */
  public PushEngine(
      PushSettings settings,
      TaskLoop loop,
      Ticker ticker,
      WorldBuilder worlds,
      List<ResourceGenerator> generators,
      PushEvents events,
      Optional<WorkloadRegistration> registration) {
    this.settings = settings;
    this.loop = loop;
    this.ticker = ticker;
    this.worlds = worlds;
    this.events = events;
    this.registration = registration;
    this.maker = new ResourceMaker(generators, events, ticker);
    this.refusals = new Refusals(maker, events);
    this.shortcomings = new Shortcomings(maker, events);
    List<TypeUrl> rest = new ArrayList<>(List.of(TypeUrl.LISTENER, TypeUrl.ROUTE));
    for (ResourceGenerator generator : generators) {
      TypeUrl type = generator.type();
      if (!rest.contains(type) && !type.equals(TypeUrl.CLUSTER) && !type.equals(TypeUrl.ENDPOINT)) {
        rest.add(type);
      }
    }
    this.typesAfterClusters = rest.stream().filter(maker::serves).toList();
    this.debouncer = new Debouncer(settings, loop, ticker, this::pushChanges);
    this.latest = new Translations(worlds.world().context(), newVersion(), maker);
  }

  // ---- changes of configuration; any thread

  /** Resources changed. */
  public void changed(List<ConfigChange> batch, ConfigSnapshot after) {
    loop.execute(
        () -> {
          boolean endpoints = true;
          for (ConfigChange change : batch) {
            changes.merge(new ChangeKey(change.kind(), change.name()), change, PushEngine::merge);
            boolean endpoint = isOfEndpoints(change);
            endpoints &= endpoint;
            triggers.add(
                endpoint
                    ? PushTrigger.ENDPOINT
                    : change.kind() == Kinds.SERVICE || change.kind() == Kinds.SERVICE_ENTRY
                        ? PushTrigger.SERVICE
                        : PushTrigger.CONFIG);
          }
          snapshot = after;
          debouncer.changed(endpoints);
        });
  }

  /** Settings of the whole mesh changed. */
  public void meshChanged(MeshConfig after) {
    loop.execute(
        () -> {
          mesh = after;
          triggers.add(PushTrigger.GLOBAL);
          debouncer.changed(false);
        });
  }

  /** Endpoints come on their own, or inside of a ServiceEntry. */
  private static boolean isOfEndpoints(ConfigChange change) {
    return ENDPOINT_KINDS.contains(change.kind())
        || (change.before().isPresent()
            && change.after().isPresent()
            && change.before().get().spec() instanceof ServiceEntry before
            && change.after().get().spec() instanceof ServiceEntry after
            && before.differsInEndpointsOnly(after));
  }

  private static ConfigChange merge(ConfigChange first, ConfigChange later) {
    return new ConfigChange(first.kind(), first.name(), first.before(), later.after());
  }

  // ---- worlds; push thread from here on

  /** Makes a world of everything known so far at once, without waiting; for the start. */
  public void buildNow() {
    build();
  }

  /** Makes everything anew and compares it for every proxy, as if all had changed. */
  public void pushAll() {
    latest = new Translations(worlds.world().context(), newVersion(), maker);
    pushToAll(new PushRequest(EnumSet.of(PushTrigger.DEBUG), ticker.nanos()));
  }

  private void pushChanges() {
    long since = debouncer.firstNanos();
    EnumSet<PushTrigger> why =
        triggers.isEmpty() ? EnumSet.of(PushTrigger.CONFIG) : EnumSet.copyOf(triggers);
    WorldChange change = build();
    PushRequest request = new PushRequest(why, since);
    events.triggered(request, Duration.ofNanos(ticker.nanos() - since));
    if (change.isEmpty()) {
      return;
    }
    LOG.log(
        System.Logger.Level.INFO,
        "push {0} to {1} proxies because of {2}",
        version(),
        proxies.size(),
        describe(change));
    pushToAll(request);
  }

  private void pushToAll(PushRequest request) {
    proxies.values().forEach(proxy -> queue.add(proxy, request));
    events.waiting(queue.size());
    drain();
  }

  private WorldChange build() {
    long start = ticker.nanos();
    List<ConfigChange> batch = List.copyOf(changes.values());
    changes.clear();
    triggers.clear();
    WorldBuilder.World world = worlds.next(batch, snapshot, mesh);
    if (!world.change().isEmpty()) {
      latest = latest.next(world.context(), newVersion(), world.change(), viewsInUse());
    }
    events.built(world.context(), snapshot, Duration.ofNanos(ticker.nanos() - start));
    if (!world.change().endpointsOnly() || !world.change().credentials().isEmpty()) {
      shortcomings.find(world.context(), proxies.values());
    }
    tellUnaccepted();
    return world.change();
  }

  private Set<View> viewsInUse() {
    Set<View> used = new HashSet<>();
    for (ProxyConnection proxy : proxies.values()) {
      proxy.views().forEach(used::addAll);
    }
    return used;
  }

  /**
   * What of the configuration cannot be honoured, for any proxy or for one that is connected. Any
   * thread.
   */
  public List<Problem> problems() {
    return shortcomings.all();
  }

  private void tellUnaccepted() {
    List<Problem> found = StatusProblems.of(worlds.converted().statuses());
    for (Problem problem : found) {
      if (!unaccepted.contains(problem)) {
        LOG.log(System.Logger.Level.WARNING, "configuration: {0}", problem);
      }
    }
    unaccepted = List.copyOf(found);
  }

  private String newVersion() {
    return ticker.now() + "/" + ++versionNumber;
  }

  private static String describe(WorldChange change) {
    List<String> parts = new ArrayList<>();
    if (change.mesh()) {
      parts.add("mesh configuration");
    }
    change.traffic().stream().limit(3).forEach(traffic -> parts.add(traffic.toString()));
    if (change.traffic().size() > 3) {
      parts.add(change.traffic().size() - 3 + " more");
    }
    if (!change.services().isEmpty()) {
      parts.add(change.services().size() + " services");
    }
    if (!change.endpoints().isEmpty()) {
      parts.add("endpoints of " + change.endpoints().size() + " services");
    }
    return String.join(", ", parts);
  }

  // ---- the queue

  private void drain() {
    if (!draining) {
      draining = true;
      loop.execute(this::pushNext);
    }
  }

  /** One proxy per task, so that requests and answers of others come in between. */
  private void pushNext() {
    draining = false;
    ProxyConnection proxy = queue.next();
    if (proxy == null) {
      return;
    }
    if (!proxy.connection().hasRoom()) {
      queue.retry(proxy);
      return;
    }
    PushRequest request = queue.take(proxy);
    events.waiting(queue.size());
    events.dequeued(Duration.ofNanos(ticker.nanos() - request.sinceNanos()));
    try {
      push(proxy, request);
    } finally {
      drain();
    }
  }

  private void push(ProxyConnection proxy, PushRequest request) {
    proxy.world = latest;
    ProxyPush push = new ProxyPush(this, proxy, request);
    proxy.push = push;
    push.start();
  }

  void finished(ProxyConnection proxy, PushRequest request, boolean inTime) {
    proxy.push = null;
    if (inTime) {
      events.converged(Duration.ofNanos(ticker.nanos() - request.sinceNanos()));
    }
    queue.retry(proxy);
    drain();
  }

  // ---- what a push needs

  PushSettings settings() {
    return settings;
  }

  PushEvents events() {
    return events;
  }

  List<TypeUrl> typesAfterClusters() {
    return typesAfterClusters;
  }

  TaskLoop.Scheduled after(Duration delay, Runnable task) {
    return loop.schedule(task, delay);
  }

  /**
   * All there is of a type for a proxy that is subscribed to it; nothing at all when it could not
   * be made, so that the proxy keeps what it has.
   */
  static Optional<DiscoveryUpdate> update(ProxyConnection proxy, Subscription subscription) {
    NameSet names = subscription.names();
    Optional<DiscoveryUpdate> update = update(proxy, subscription.type(), names);
    return subscription.wildcard() || !subscription.type().completeInEveryResponse()
        ? update
        : update.map(all -> all.only(names));
  }

  /** All there is of some names, or of all when the type is always sent whole. */
  static Optional<DiscoveryUpdate> update(ProxyConnection proxy, TypeUrl type, NameSet names) {
    return proxy
        .world
        .groups(type, proxy.views(type, proxy.context()), names)
        .map(groups -> DiscoveryUpdate.of(proxy.world.version(), groups));
  }

  /** What there is of a type for a proxy, with origins; for people to read. */
  public List<GeneratedResource> preview(ProxyConnection proxy, TypeUrl type) {
    return maker.anew(
        type,
        proxy.node(),
        proxy.context(),
        proxy.connection().subscription(type).map(Subscription::names).orElse(NameSet.EMPTY));
  }

  Sent send(ProxyConnection proxy, TypeUrl type, DiscoveryUpdate update) {
    Sent sent = proxy.connection().send(type, update);
    if (sent.response()) {
      events.pushed(type, sent);
      LOG.log(
          System.Logger.Level.DEBUG,
          "{0} to {1}: {2} changed, {3} removed, {4} bytes",
          type.shortName(),
          proxy,
          sent.changes(),
          sent.removed().size(),
          sent.bytes());
      if (type.equals(TypeUrl.ENDPOINT)) {
        if (!proxy.owedEndpoints.isEmpty()) {
          sent.changed().forEach(proxy.owedEndpoints::removeAll);
          update.forced().forEach(proxy.owedEndpoints::remove);
        }
      }
    }
    return sent;
  }

  /** What an update to a proxy that might have been sent all left out. */
  void skipped(TypeUrl type, Sent sent) {
    Amount held = sent.amounts().skipped();
    if (held.resources() > 0) {
      events.skipped(type, held);
    }
  }

  // ---- connections

  @Override
  public Status connected(DiscoveryConnection connection) {
    Origin origin = Origin.of("proxy at " + connection.peer());
    return switch (ProxyNodeParser.parse(connection.node(), origin)) {
      case Validation.Valid<ProxyNode> valid -> {
        Status status =
            registration.map(workloads -> workloads.connected(valid.value())).orElse(Status.OK);
        if (!status.isOk()) {
          LOG.log(System.Logger.Level.WARNING, "{0}", status.getDescription());
          yield status;
        }
        ProxyConnection proxy = new ProxyConnection(connection, valid.value(), latest, maker);
        proxies.put(connection, proxy);
        LOG.log(
            System.Logger.Level.INFO,
            "connected: {0} ({1}, {2}, from {3})",
            proxy,
            proxy.node().type(),
            connection.delta() ? "delta" : "state of the world",
            connection.peer());
        events.connected(proxies.size());
        shortcomings.find(proxy, proxy.context());
        yield Status.OK;
      }
      case Validation.Invalid<ProxyNode> invalid -> {
        LOG.log(
            System.Logger.Level.WARNING,
            "refused a proxy at {0}: {1}",
            connection.peer(),
            invalid.errors());
        yield Status.INVALID_ARGUMENT.withDescription(invalid.errors().toString());
      }
    };
  }

  @Override
  public void closed(DiscoveryConnection connection) {
    ProxyConnection proxy = proxies.remove(connection);
    if (proxy != null) {
      registration.ifPresent(workloads -> workloads.closed(proxy.node()));
      if (proxy.push != null) {
        proxy.push.cancel();
        proxy.push = null;
      }
      queue.remove(proxy);
      events.waiting(queue.size());
      refusals.forget(proxy);
      shortcomings.forget(proxy);
      LOG.log(System.Logger.Level.INFO, "disconnected: {0}", proxy);
      events.connected(proxies.size());
    }
  }

  @Override
  public boolean told(DiscoveryConnection connection, TypeUrl type, Optional<String> error) {
    ProxyConnection proxy = proxies.get(connection);
    if (proxy == null || !type.equals(HEALTH)) {
      return false;
    }
    registration.ifPresent(workloads -> workloads.reported(proxy.node(), error));
    return true;
  }

  @Override
  public void room() {
    drain();
  }

  @Override
  public void ready(DiscoveryConnection connection) {
    ProxyConnection proxy = proxies.get(connection);
    if (proxy != null && queue.isPending(proxy)) {
      queue.retry(proxy);
      drain();
    }
  }

  @Override
  public void requested(
      DiscoveryConnection connection, Subscription subscription, ResourceRequest request) {
    ProxyConnection proxy = proxies.get(connection);
    if (proxy == null) {
      return;
    }
    TypeUrl type = subscription.type();
    if (!maker.serves(type) && unservedTypes.size() < 64 && unservedTypes.add(type)) {
      LOG.log(System.Logger.Level.INFO, "{0} asks for {1}, of which there is nothing", proxy, type);
    }
    Optional<DiscoveryUpdate> made = update(proxy, subscription);
    if (made.isEmpty()) {
      return;
    }
    DiscoveryUpdate update = made.get().asked(request.names());
    if (type.equals(TypeUrl.ENDPOINT) && !proxy.owedEndpoints.isEmpty()) {
      Set<String> owed = new LinkedHashSet<>(request.names());
      owed.retainAll(proxy.owedEndpoints);
      update = update.withForced(owed);
    }
    Sent sent =
        send(
            proxy, type, request.everything() && !request.resumed() ? update.withAnswer() : update);
    if (request.resumed()) {
      skipped(type, sent);
    }
    if (type.equals(TypeUrl.CLUSTER) && request.resumed() && !proxy.keepsEndpoints()) {
      // The proxy will wait for endpoints of these, which it may believe to have.
      for (List<String> changed : sent.changed()) {
        proxy.owedEndpoints.addAll(
            Translations.endpointNames(update.groups(), changed, NameSet.EMPTY));
      }
    }
    if (type.equals(TypeUrl.SECRET)) {
      shortcomings.find(proxy, proxy.context());
    }
  }

  @Override
  public void acknowledged(DiscoveryConnection connection, Subscription subscription) {
    ProxyConnection proxy = proxies.get(connection);
    if (proxy != null) {
      events.answered(subscription.type(), subscription.answerTook());
      refusals.taken(proxy, subscription);
      answered(proxy);
    }
  }

  @Override
  public void rejected(
      DiscoveryConnection connection,
      Subscription subscription,
      Nack nack,
      List<EncodedResource> refused) {
    ProxyConnection proxy = proxies.get(connection);
    if (proxy == null) {
      return;
    }
    events.answered(subscription.type(), subscription.answerTook());
    refusals.add(proxy, subscription, nack, refused, snapshot);
    answered(proxy);
  }

  private void answered(ProxyConnection proxy) {
    if (proxy.push != null) {
      proxy.push.answered();
    }
  }

  // ---- for people to read

  /** Connected proxies, oldest first. */
  public List<ProxyConnection> proxies() {
    return List.copyOf(proxies.values());
  }

  /** Gateways, routes and policies of the Gateway API that are not accepted. Any thread. */
  public List<Problem> unaccepted() {
    return unaccepted;
  }

  /** The statuses of the Gateway API's objects and of Ingresses, as they are now. */
  public List<ObjectStatus> statuses() {
    ConfigSnapshot seen = worlds.seen(snapshot);
    List<ObjectStatus> all = new ArrayList<>();
    if (worlds.features().gatewayApi().status()) {
      all.addAll(
          ConvertedTraffic.gatewayApi(
                  seen,
                  context().domain(),
                  new RegistryDirectory(context().services(), context().endpoints(), seen))
              .statuses());
    }
    all.addAll(IngressConversion.statuses(seen, context().mesh()));
    return all;
  }

  /** Resources that proxies refused, the last refused first. */
  public List<RefusedResource> refusedResources() {
    return refusals.resources();
  }

  /** Refusals that still stand, by proxy. */
  public List<Rejection> rejections() {
    return refusals.all();
  }

  /** The world in force. */
  public PushContext context() {
    return worlds.world().context();
  }

  /** The version of the world in force. */
  public String version() {
    return latest.version();
  }

  /** Resources in force. */
  public ConfigSnapshot snapshot() {
    return snapshot;
  }

  /** Pushes that wait for their proxy. */
  public int pending() {
    return queue.size();
  }

  /** Encoded resources that are shared now. */
  public int sharedResources() {
    return maker.size();
  }

  /** Proxies whose connection id begins with or contains a text. */
  public Optional<ProxyConnection> find(String idPart) {
    @Nullable ProxyConnection best = null;
    for (ProxyConnection proxy : proxies.values()) {
      if (proxy.id().contains(idPart)) {
        best = proxy;
      }
    }
    return Optional.ofNullable(best);
  }

  /** The refusal by a proxy of a type that still stands. */
  public Optional<Rejection> rejection(ProxyConnection proxy, TypeUrl type) {
    return refusals.of(proxy, type);
  }
}
