package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Status;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A client's stream, whichever variant it speaks: who it is, what it wants and what it holds.
 * Belongs to the loop.
 */
public final class DiscoveryConnection {
  private final DiscoveryServer server;
  private final Wire wire;
  private final long number;
  private final String peer;
  private final Node node;
  private final Instant connectedAt;
  final Map<TypeUrl, Subscription> subscriptions = new LinkedHashMap<>();
  private boolean open = true;

  DiscoveryConnection(
      DiscoveryServer server, Wire wire, long number, String peer, Node node, Instant connectedAt) {
    this.server = server;
    this.wire = wire;
    this.number = number;
    this.peer = peer;
    this.node = node;
    this.connectedAt = connectedAt;
  }

  /** Counts connections from 1 since the server's start. */
  public long number() {
    return number;
  }

  /** Address of the client. */
  public String peer() {
    return peer;
  }

  /** As the client described itself in its first message. */
  public Node node() {
    return node;
  }

  public Instant connectedAt() {
    return connectedAt;
  }

  /** True for the delta variant, false for state of the world. */
  public boolean delta() {
    return wire.delta();
  }

  public boolean isOpen() {
    return open;
  }

  /** False while the client is slow to read; nothing but answers should be sent then. */
  public boolean isReady() {
    return open && wire.isReady();
  }

  /**
   * False while too much is under way to all clients together; nothing but answers should be sent
   * to anybody then. The backend is told when there is room again.
   */
  public boolean hasRoom() {
    return server.hasRoom();
  }

  public Optional<Subscription> subscription(TypeUrl type) {
    return Optional.ofNullable(subscriptions.get(type));
  }

  /** All subscriptions in the order in which they were made. */
  public Collection<Subscription> subscriptions() {
    return Collections.unmodifiableCollection(subscriptions.values());
  }

  /** Ends the stream; the client will come back. */
  public void close(Status status) {
    if (open) {
      open = false;
      wire.close(status);
    }
  }

  void closedByPeer() {
    open = false;
  }

  /** Sends what of an update the client does not hold; nothing when it is not subscribed. */
  public Sent send(TypeUrl type, DiscoveryUpdate update) {
    Subscription subscription = subscriptions.get(type);
    if (!open || subscription == null) {
      return Sent.NOTHING;
    }
    if (holdsAll(subscription, update)) {
      return Sent.nothing(update.amount());
    }
    long start = server.ticker().nanos();
    Difference difference = Difference.of(subscription, update);
    boolean whole = !wire.delta() && type.completeInEveryResponse();
    List<EncodedResource> kept =
        update.removals() ? List.of() : held(subscription, difference.removed());
    boolean say =
        update.answer()
            || !difference.upserts().isEmpty()
            || (update.removals() && !difference.removed().isEmpty() && (whole || wire.delta()));
    long compared = server.ticker().nanos();
    Sent.Amounts amounts = new Sent.Amounts(Amount.NONE, Amount.NONE, update.amount());
    List<String> told = update.removals() ? difference.removed() : List.of();
    if (say) {
      List<EncodedResource> body = difference.upserts();
      if (whole) {
        body = new ArrayList<>();
        for (ResourceGroup group : update.groups()) {
          body.addAll(group.resources());
        }
        body.addAll(kept);
      }
      transmit(subscription, update, body, told);
      amounts = amounts(update, difference, kept, whole);
      server.counters().responseBytes.add(amounts.all().bytes());
    }
    subscription.held = update.groups();
    subscription.leftOver = ResourceGroup.of(kept);
    return new Sent(
        say,
        difference.changed(),
        told,
        kept.stream().map(EncodedResource::name).toList(),
        amounts,
        new Sent.Times(compared - start, server.ticker().nanos() - compared));
  }

  private static Sent.Amounts amounts(
      DiscoveryUpdate update, Difference difference, List<EncodedResource> kept, boolean whole) {
    Amount all = whole ? update.amount().plus(Amount.of(kept)) : difference.toSend();
    return new Sent.Amounts(
        all,
        all.minus(difference.news()),
        whole ? Amount.NONE : update.amount().minus(difference.toSend()));
  }

  /** True when the client holds the very groups, as it does in most updates. */
  private static boolean holdsAll(Subscription subscription, DiscoveryUpdate update) {
    if (update.answer()
        || !update.asked().isEmpty()
        || !update.forced().isEmpty()
        || !subscription.leftOver.isEmpty()
        || update.groups().size() != subscription.held.size()) {
      return false;
    }
    for (int i = 0; i < update.groups().size(); i++) {
      if (update.groups().get(i) != subscription.held.get(i)) {
        return false;
      }
    }
    return true;
  }

  private static List<EncodedResource> held(Subscription subscription, List<String> names) {
    List<EncodedResource> found = new ArrayList<>();
    for (String name : names) {
      @Nullable EncodedResource held = subscription.leftOver.get(name);
      for (ResourceGroup group : subscription.held) {
        if (held == null) {
          held = group.get(name);
        }
      }
      if (held != null) {
        found.add(held);
      }
    }
    return found;
  }

  private void transmit(
      Subscription subscription,
      DiscoveryUpdate update,
      List<EncodedResource> body,
      List<String> removed) {
    String version = update.version();
    String nonce = server.newNonce(version);
    subscription.nonceSent = nonce;
    subscription.versionSent = version;
    subscription.sentAt = server.ticker().now();
    subscription.unanswered.add(
        new Subscription.Unanswered(
            nonce, version, server.ticker().nanos(), subscription.held, update.groups()));
    if (subscription.unanswered.size() > server.settings().unansweredMax()) {
      subscription.unanswered.removeFirst();
      server.counters().unansweredDropped.increment();
    }
    wire.transmit(subscription.type(), version, nonce, body, removed);
    server.counters().responses.increment();
  }
}
