package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.ControlPlane;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.secret.v3.SecretDiscoveryServiceGrpc;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.xds.resource.Interner;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The aggregated discovery service, both variants, over one idea of a connection. It keeps to the
 * protocol and knows nothing of what it serves: that is the {@link DiscoveryBackend}'s.
 */
public final class DiscoveryServer implements BindableService {
  private static final Duration STALLED_AFTER = Duration.ofSeconds(1);
  private static final Set<String> STAR = Set.of(Subscription.WILDCARD);
  private static final Context.Key<String> PEER = Context.key("peer");

  private final DiscoveryServerSettings settings;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final ControlPlane identity;
  private final DiscoveryBackend backend;
  private final DiscoveryCounters counters = new DiscoveryCounters();

  // Belongs to the loop.
  private final Set<DiscoveryConnection> connections = new LinkedHashSet<>();
  private final Set<Stream<?>> streams = new LinkedHashSet<>();
  private final Interner<NameSet> nameSets = new Interner<>();

  /** Streams with bytes under way, the longest first. */
  private final Set<Stream<?>> busy = new LinkedHashSet<>();

  private final ArrayDeque<Delayed> delayed = new ArrayDeque<>();
  private long bytesUnderWay;
  private long connectionNumber;
  private long nonceNumber;
  private boolean closed;

  /**
   * A service to be added to a gRPC server.
   *
   * @param loop owns all state, and calls the backend
   * @param identity of this control plane, sent in every response
   */
  public DiscoveryServer(
      DiscoveryServerSettings settings,
      TaskLoop loop,
      Ticker ticker,
      RandomGenerator random,
      String identity,
      DiscoveryBackend backend) {
    this.settings = settings;
    this.loop = loop;
    this.ticker = ticker;
    this.random = random;
    this.identity = ControlPlane.newBuilder().setIdentifier(identity).build();
    this.backend = backend;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerInterceptors.intercept(
        service(
            AggregatedDiscoveryServiceGrpc.getServiceDescriptor(),
            AggregatedDiscoveryServiceGrpc.getStreamAggregatedResourcesMethod(),
            AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod()),
        new PeerInterceptor());
  }

  /** The secret discovery service over the same connections and backend, to be added as well. */
  public BindableService secretService() {
    return () ->
        ServerInterceptors.intercept(
            service(
                SecretDiscoveryServiceGrpc.getServiceDescriptor(),
                SecretDiscoveryServiceGrpc.getStreamSecretsMethod(),
                SecretDiscoveryServiceGrpc.getDeltaSecretsMethod()),
            new PeerInterceptor());
  }

  public DiscoveryCounters counters() {
    return counters;
  }

  /** All open connections, oldest first; on the loop only. */
  public Set<DiscoveryConnection> connections() {
    return Collections.unmodifiableSet(connections);
  }

  /** Ends every stream and takes no new one. */
  public void close() {
    loop.execute(
        () -> {
          closed = true;
          Status status = Status.UNAVAILABLE.withDescription("the control plane stops");
          new ArrayList<>(streams).forEach(stream -> stream.close(status));
        });
  }

  TaskLoop loop() {
    return loop;
  }

  Ticker ticker() {
    return ticker;
  }

  DiscoveryServerSettings settings() {
    return settings;
  }

  DiscoveryBackend backend() {
    return backend;
  }

  /** The version followed by what makes it unique, as Istio's look. */
  String newNonce(String version) {
    HexFormat hex = HexFormat.of();
    return version
        + '-'
        + hex.toHexDigits(random.nextInt())
        + '-'
        + hex.toHexDigits(++nonceNumber, 8);
  }

  // ---- the life of a stream

  private void open(Stream<?> stream) {
    loop.execute(
        () -> {
          if (closed) {
            stream.close(Status.UNAVAILABLE.withDescription("the control plane stops"));
          } else if (streams.size() >= settings.connectionsMax()) {
            counters.connectionsRefused.increment();
            stream.close(
                Status.RESOURCE_EXHAUSTED.withDescription(
                    "connections: " + streams.size() + " (at most: the same)"));
          } else {
            streams.add(stream);
            stream.start();
          }
        });
  }

  /** A connection for the first request of a stream; none when it was refused. */
  @Nullable DiscoveryConnection admit(Stream<?> stream, String peer, IncomingRequest request) {
    if (request.node().getId().isEmpty()) {
      counters.invalidRequests.increment();
      stream.close(
          Status.INVALID_ARGUMENT.withDescription(
              "node.id is empty in the first request (expected: the id of the proxy)"));
      return null;
    }
    DiscoveryConnection connection =
        new DiscoveryConnection(
            this, stream, ++connectionNumber, peer, request.node(), ticker.now());
    Status status = backend.connected(connection);
    if (!status.isOk()) {
      counters.invalidRequests.increment();
      stream.close(status);
      return null;
    }
    counters.connectionsOpened.increment();
    connections.add(connection);
    return connection;
  }

  void ended(Stream<?> stream, @Nullable DiscoveryConnection connection) {
    streams.remove(stream);
    if (connection != null && connections.remove(connection)) {
      connection.closedByPeer();
      backend.closed(connection);
    }
  }

  // ---- what is under way

  /** A request that has not been worked off so far. */
  private record Delayed(
      Stream<?> stream, DiscoveryConnection connection, IncomingRequest request) {}

  /** True while responses may be begun. */
  boolean hasRoom() {
    return bytesUnderWay < settings.underWayMax();
  }

  /** A response went to a client that has not read it so far. */
  void underWay(Stream<?> stream, long bytes) {
    boolean room = hasRoom();
    bytesUnderWay += bytes;
    counters.bytesUnread.add(bytes);
    if (!busy.remove(stream)) {
      counters.streamsUnread.increment();
    }
    busy.add(stream);
    if (room && !hasRoom()) {
      loop.schedule(this::writeOff, STALLED_AFTER);
    }
  }

  /** Clients that read nothing are no reason to let others wait: theirs is taken as lost. */
  private void writeOff() {
    long old = ticker.nanos() - STALLED_AFTER.toNanos();
    List<Stream<?>> stalled = new ArrayList<>();
    for (Stream<?> stream : busy) {
      if (stream.sentNanos() - old > 0) {
        break;
      }
      stalled.add(stream);
    }
    counters.streamsStalled.add(stalled.size());
    stalled.forEach(Stream::arrived);
    if (!hasRoom()) {
      loop.schedule(this::writeOff, STALLED_AFTER);
    }
  }

  /** A client has read so much; those that wait may go on. */
  void arrived(Stream<?> stream, long bytes) {
    if (busy.remove(stream)) {
      counters.streamsUnread.decrement();
    }
    boolean full = !hasRoom();
    bytesUnderWay -= bytes;
    counters.bytesUnread.add(-bytes);
    if (full && hasRoom()) {
      loop.execute(this::goOn);
    }
  }

  private void goOn() {
    try {
      while (hasRoom() && !delayed.isEmpty()) {
        Delayed next = delayed.removeFirst();
        counters.requestsWaiting.decrement();
        if (!next.stream().isEnded()) {
          workOff(next.stream(), next.connection(), next.request());
        }
      }
    } finally {
      if (hasRoom() && !delayed.isEmpty()) {
        // one of them failed
        loop.execute(this::goOn);
      }
    }
    if (hasRoom()) {
      backend.room();
    }
  }

  // ---- requests

  /** Works a request off, now or when there is room for what it asks for; in the order of all. */
  void take(Stream<?> stream, DiscoveryConnection connection, IncomingRequest request) {
    if ((hasRoom() && delayed.isEmpty()) || !asks(connection, request)) {
      workOff(stream, connection, request);
    } else {
      counters.requestsDelayed.increment();
      counters.requestsWaiting.increment();
      delayed.addLast(new Delayed(stream, connection, request));
    }
  }

  /** Whatever becomes of a request, the next one is read. */
  private void workOff(Stream<?> stream, DiscoveryConnection connection, IncomingRequest request) {
    try {
      handle(connection, request);
    } finally {
      stream.received();
    }
  }

  /** An answer is taken at once: it asks for nothing, and makes room. */
  private static boolean asks(DiscoveryConnection connection, IncomingRequest request) {
    return request.nonce().isEmpty()
        || (connection.delta() && !request.names().isEmpty())
        || connection.subscriptions().stream()
            .noneMatch(known -> known.type().url().equals(request.typeUrl()));
  }

  void handle(DiscoveryConnection connection, IncomingRequest request) {
    counters.requests.increment();
    Optional<String> refusal = refusal(connection, request);
    if (refusal.isPresent()) {
      counters.limitsHit.increment();
      connection.close(Status.RESOURCE_EXHAUSTED.withDescription(refusal.get()));
      return;
    }
    TypeUrl type;
    try {
      type = TypeUrl.of(request.typeUrl());
    } catch (IllegalArgumentException e) {
      counters.invalidRequests.increment();
      connection.close(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
      return;
    }
    if (backend.told(connection, type, request.error())) {
      return;
    }
    Subscription known = connection.subscriptions.get(type);
    if (known == null) {
      subscribe(connection, type, request);
    } else if (connection.delta()) {
      // Names come first: whoever waits for the answer then also waits for what they bring.
      changeNames(connection, known, request);
      answer(connection, known, request);
    } else if (request.nonce().isEmpty() || request.nonce().equals(known.nonceSent)) {
      replaceNames(connection, known, request);
      answer(connection, known, request);
    } else {
      counters.staleNonces.increment();
    }
  }

  private Optional<String> refusal(DiscoveryConnection connection, IncomingRequest request) {
    Subscription known = connection.subscriptions.get(new TypeUrl(orAny(request.typeUrl())));
    int before = known == null || !connection.delta() ? 0 : known.names.size();
    if (before + request.names().size() > settings.namesMax()
        || request.initialVersions().size() > settings.namesMax()) {
      return Optional.of("names of one type (at most " + settings.namesMax() + ")");
    }
    if (known == null && connection.subscriptions.size() >= settings.typesMax()) {
      return Optional.of("types of one stream (at most " + settings.typesMax() + ")");
    }
    for (String name : request.names()) {
      if (name.length() > settings.nameCharsMax()) {
        return Optional.of("characters of a name (at most " + settings.nameCharsMax() + ")");
      }
    }
    return Optional.empty();
  }

  /** A text that is a type URL, so that looking it up never fails. */
  private static String orAny(String typeUrl) {
    return typeUrl.isEmpty() || typeUrl.length() > 512 ? "-" : typeUrl;
  }

  /**
   * The first request of a type on a stream. A nonce in it comes from an earlier stream and means
   * nothing here.
   */
  private void subscribe(DiscoveryConnection connection, TypeUrl type, IncomingRequest request) {
    Subscription subscription = new Subscription(type);
    connection.subscriptions.put(type, subscription);
    boolean star = request.names().contains(Subscription.WILDCARD);
    subscription.names = nameSets.shared(NameSet.of(request.names()).without(STAR));
    // No names in the first request is how the wildcard was written before it had a name.
    subscription.wildcard = star || request.names().isEmpty();
    subscription.leftOver = ResourceGroup.known(request.initialVersions());
    backend.requested(
        connection,
        subscription,
        new ResourceRequest(
            subscription.wildcard, subscription.names, !request.initialVersions().isEmpty()));
  }

  private void answer(
      DiscoveryConnection connection, Subscription subscription, IncomingRequest request) {
    if (request.nonce().isEmpty()) {
      return;
    }
    Optional<Subscription.Unanswered> answered =
        subscription.unanswered.stream()
            .filter(sent -> sent.nonce().equals(request.nonce()))
            .findFirst();
    if (answered.isEmpty()) {
      if (!request.nonce().equals(subscription.nonceSent)) {
        counters.staleNonces.increment();
      }
      return;
    }
    // A client answers in order: what is older was answered in effect.
    while (!subscription.unanswered.removeFirst().equals(answered.get())) {
      counters.unansweredDropped.increment();
    }
    subscription.answerNanos = ticker.nanos() - answered.get().sentNanos();
    if (request.error().isPresent()) {
      Nack nack = new Nack(request.nonce(), request.error().get(), ticker.now());
      subscription.lastNack = Optional.of(nack);
      backend.rejected(connection, subscription, nack, answered.get().resources());
    } else {
      subscription.nonceAcked = request.nonce();
      subscription.versionAcked = answered.get().version();
      subscription.lastNack = Optional.empty();
      backend.acknowledged(connection, subscription);
    }
  }

  private void changeNames(
      DiscoveryConnection connection, Subscription subscription, IncomingRequest request) {
    Set<String> wanted = new LinkedHashSet<>(request.names());
    boolean star = wanted.remove(Subscription.WILDCARD);
    boolean everything = star && !subscription.wildcard;
    List<String> unwanted =
        request.unwanted().stream().filter(subscription.names::contains).toList();
    subscription.names = subscription.names.without(unwanted);
    subscription.forget(unwanted);
    if (request.unwanted().contains(Subscription.WILDCARD)) {
      subscription.wildcard = false;
      subscription.forgetUnnamed();
    } else if (subscription.wildcard && !wanted.containsAll(unwanted)) {
      // The client forgets the names, but as part of everything it still has to have them.
      wanted.addAll(unwanted);
      everything = true;
    }
    NameSet added = NameSet.of(request.names()).without(STAR);
    subscription.names = nameSets.shared(subscription.names.with(added));
    // Asked for again means that it is needed again.
    subscription.forget(added);
    subscription.wildcard |= star;
    if (everything || !wanted.isEmpty()) {
      backend.requested(
          connection,
          subscription,
          new ResourceRequest(everything, NameSet.of(wanted), everything));
    }
  }

  private void replaceNames(
      DiscoveryConnection connection, Subscription subscription, IncomingRequest request) {
    boolean star = request.names().contains(Subscription.WILDCARD);
    int count = request.names().size() - (star ? 1 : 0);
    boolean wildcard =
        star
            // Once a name was given, no names means none.
            || (subscription.wildcard && count == 0 && subscription.names.isEmpty());
    boolean everything = wildcard && !subscription.wildcard;
    subscription.wildcard = wildcard;
    if (!star
        && !everything
        && count == subscription.names.size()
        && subscription.names.containsAll(request.names())) {
      return;
    }
    NameSet names = NameSet.of(request.names()).without(STAR);
    NameSet added = names.without(subscription.names);
    if (!names.equals(subscription.names)) {
      subscription.names = nameSets.shared(names);
    }
    if (!wildcard) {
      subscription.forgetUnnamed();
    }
    if (everything || !added.isEmpty()) {
      backend.requested(connection, subscription, new ResourceRequest(everything, added, false));
    }
  }

  // ---- gRPC

  /**
   * A service with a method of each variant.
   *
   * @param like the service as generated, for reflection
   */
  private ServerServiceDefinition service(
      ServiceDescriptor like,
      MethodDescriptor<DiscoveryRequest, DiscoveryResponse> state,
      MethodDescriptor<DeltaDiscoveryRequest, DeltaDiscoveryResponse> delta) {
    var stateEncoded =
        state.toBuilder(state.getRequestMarshaller(), EncodedResponse.MARSHALLER).build();
    var deltaEncoded =
        delta.toBuilder(delta.getRequestMarshaller(), EncodedResponse.MARSHALLER).build();
    ServiceDescriptor descriptor =
        ServiceDescriptor.newBuilder(like.getName())
            .setSchemaDescriptor(like.getSchemaDescriptor())
            .addMethod(stateEncoded)
            .addMethod(deltaEncoded)
            .build();
    return ServerServiceDefinition.builder(descriptor)
        .addMethod(stateEncoded, ServerCalls.asyncBidiStreamingCall(this::openState))
        .addMethod(deltaEncoded, ServerCalls.asyncBidiStreamingCall(this::openDelta))
        .build();
  }

  private StreamObserver<DiscoveryRequest> openState(StreamObserver<EncodedResponse> responses) {
    DiscoveryStream stream =
        new DiscoveryStream(
            this, (ServerCallStreamObserver<EncodedResponse>) responses, PEER.get(), identity);
    open(stream);
    return stream;
  }

  private StreamObserver<DeltaDiscoveryRequest> openDelta(
      StreamObserver<EncodedResponse> responses) {
    DeltaDiscoveryStream stream =
        new DeltaDiscoveryStream(
            this, (ServerCallStreamObserver<EncodedResponse>) responses, PEER.get(), identity);
    open(stream);
    return stream;
  }

  /** Puts the client's address where the service finds it. */
  private static final class PeerInterceptor implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      SocketAddress address = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
      Context context =
          Context.current().withValue(PEER, address == null ? "in-process" : address.toString());
      return io.grpc.Contexts.interceptCall(context, call, headers, next);
    }
  }

  /** All types of which any connection wants something; on the loop only. */
  public List<TypeUrl> typesInUse() {
    return connections.stream()
        .flatMap(connection -> connection.subscriptions.keySet().stream())
        .distinct()
        .sorted()
        .toList();
  }
}
