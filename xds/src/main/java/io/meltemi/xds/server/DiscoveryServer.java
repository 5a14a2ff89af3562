package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.ControlPlane;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.secret.v3.SecretDiscoveryServiceGrpc.SecretDiscoveryServiceImplBase;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.xds.resource.TypeUrl;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collections;
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
  private final Set<Stream<?, ?>> streams = new LinkedHashSet<>();
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
    return ServerInterceptors.intercept(new Service(), new PeerInterceptor());
  }

  /** The secret discovery service over the same connections and backend, to be added as well. */
  public BindableService secretService() {
    return () -> ServerInterceptors.intercept(new SecretService(), new PeerInterceptor());
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
    return version + String.format("-%08x-%08x", random.nextInt(), ++nonceNumber);
  }

  // ---- the life of a stream

  private void open(Stream<?, ?> stream) {
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
  @Nullable DiscoveryConnection admit(Stream<?, ?> stream, String peer, IncomingRequest request) {
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

  void ended(Stream<?, ?> stream, @Nullable DiscoveryConnection connection) {
    streams.remove(stream);
    if (connection != null && connections.remove(connection)) {
      connection.closedByPeer();
      backend.closed(connection);
    }
  }

  // ---- requests

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
    subscription.names.addAll(request.names());
    boolean star = subscription.names.remove(Subscription.WILDCARD);
    // No names in the first request is how the wildcard was written before it had a name.
    subscription.wildcard = star || request.names().isEmpty();
    subscription.held.putAll(request.initialVersions());
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
    if (request.error().isPresent()) {
      Nack nack = new Nack(request.nonce(), request.error().get(), ticker.now());
      subscription.lastNack = Optional.of(nack);
      backend.rejected(connection, subscription, nack);
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
    boolean everything = wanted.remove(Subscription.WILDCARD) && !subscription.wildcard;
    for (String name : request.unwanted()) {
      if (name.equals(Subscription.WILDCARD)) {
        subscription.wildcard = false;
        subscription.held.keySet().retainAll(subscription.names);
      } else if (subscription.names.remove(name)) {
        if (!subscription.wildcard) {
          subscription.held.remove(name);
        } else if (!request.names().contains(name)) {
          // The client forgets the name, but as part of everything it still has to have it.
          subscription.held.remove(name);
          wanted.add(name);
          everything = true;
        }
      }
    }
    for (String name : request.names()) {
      if (!name.equals(Subscription.WILDCARD)) {
        subscription.names.add(name);
        // Asked for again means that it is needed again.
        subscription.held.remove(name);
      }
    }
    if (request.names().contains(Subscription.WILDCARD)) {
      subscription.wildcard = true;
    }
    if (everything || !wanted.isEmpty()) {
      backend.requested(
          connection, subscription, new ResourceRequest(everything, wanted, everything));
    }
  }

  private void replaceNames(
      DiscoveryConnection connection, Subscription subscription, IncomingRequest request) {
    Set<String> names = new LinkedHashSet<>(request.names());
    boolean star = names.remove(Subscription.WILDCARD);
    boolean wildcard =
        star
            // Once a name was given, no names means none.
            || (subscription.wildcard && names.isEmpty() && subscription.names.isEmpty());
    Set<String> added = new LinkedHashSet<>(names);
    added.removeAll(subscription.names);
    boolean everything = wildcard && !subscription.wildcard;
    boolean fewer = !names.containsAll(subscription.names);
    subscription.wildcard = wildcard;
    if (fewer || !added.isEmpty()) {
      subscription.names.clear();
      subscription.names.addAll(names);
    }
    if (!wildcard) {
      subscription.held.keySet().retainAll(names);
      subscription.heldBodies.keySet().retainAll(names);
    }
    if (everything || !added.isEmpty()) {
      backend.requested(connection, subscription, new ResourceRequest(everything, added, false));
    }
  }

  // ---- gRPC

  private final class Service extends AggregatedDiscoveryServiceImplBase {
    @Override
    public StreamObserver<DiscoveryRequest> streamAggregatedResources(
        StreamObserver<DiscoveryResponse> responses) {
      return openState(responses);
    }

    @Override
    public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
        StreamObserver<DeltaDiscoveryResponse> responses) {
      return openDelta(responses);
    }
  }

  private final class SecretService extends SecretDiscoveryServiceImplBase {
    @Override
    public StreamObserver<DiscoveryRequest> streamSecrets(
        StreamObserver<DiscoveryResponse> responses) {
      return openState(responses);
    }

    @Override
    public StreamObserver<DeltaDiscoveryRequest> deltaSecrets(
        StreamObserver<DeltaDiscoveryResponse> responses) {
      return openDelta(responses);
    }
  }

  private DiscoveryStream openState(StreamObserver<DiscoveryResponse> responses) {
    DiscoveryStream stream =
        new DiscoveryStream(
            this, (ServerCallStreamObserver<DiscoveryResponse>) responses, PEER.get(), identity);
    open(stream);
    return stream;
  }

  private DeltaDiscoveryStream openDelta(StreamObserver<DeltaDiscoveryResponse> responses) {
    DeltaDiscoveryStream stream =
        new DeltaDiscoveryStream(
            this,
            (ServerCallStreamObserver<DeltaDiscoveryResponse>) responses,
            PEER.get(),
            identity);
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
