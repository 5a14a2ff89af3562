package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.NameSet;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** One type on one connection: what the client wants, holds and answered. Belongs to the loop. */
public final class Subscription {
  static final String WILDCARD = "*";

  private final TypeUrl type;
  NameSet names = NameSet.EMPTY;
  boolean wildcard;

  /** What the client was last sent, in the groups in which it was made. */
  List<ResourceGroup> held = List.of();

  /** What it holds beside: gone but not told so far, or what it said to have from before. */
  ResourceGroup leftOver = ResourceGroup.EMPTY;

  final ArrayDeque<Unanswered> unanswered = new ArrayDeque<>();
  String nonceSent = "";
  String nonceAcked = "";
  String versionSent = "";
  String versionAcked = "";
  Instant sentAt = Instant.EPOCH;
  Optional<Nack> lastNack = Optional.empty();

  /** How long the client took for its last answer. */
  long answerNanos;

  /**
   * A response.
   *
   * @param sentNanos when it went out (monotonic clock)
   * @param before what the client held
   * @param after what it holds if it takes the response
   */
  record Unanswered(
      String nonce,
      String version,
      long sentNanos,
      List<ResourceGroup> before,
      List<ResourceGroup> after) {
    /** What was new to the client; all when nothing was. */
    List<EncodedResource> resources() {
      List<EncodedResource> changed = new ArrayList<>();
      for (int i = 0; i < after.size(); i++) {
        ResourceGroup held = i < before.size() ? before.get(i) : ResourceGroup.EMPTY;
        changed.addAll(after.get(i).since(held).changed());
      }
      if (changed.isEmpty()) {
        after.forEach(group -> changed.addAll(group.resources()));
      }
      return changed;
    }
  }

  Subscription(TypeUrl type) {
    this.type = type;
  }

  public TypeUrl type() {
    return type;
  }

  /** True when the client wants everything there is. */
  public boolean wildcard() {
    return wildcard;
  }

  /** Explicit names wanted. */
  public NameSet names() {
    return names;
  }

  public boolean wants(String name) {
    return wildcard || names.contains(name);
  }

  /** True when the client holds a resource, provided that it took the last response. */
  public boolean holds(String name) {
    for (ResourceGroup group : held) {
      if (group.contains(name)) {
        return true;
      }
    }
    return leftOver.contains(name);
  }

  /** Version of a resource that the client was last sent; empty when it was sent none. */
  public String version(String name) {
    for (ResourceGroup group : held) {
      EncodedResource resource = group.get(name);
      if (resource != null) {
        return resource.version();
      }
    }
    EncodedResource resource = leftOver.get(name);
    return resource == null ? "" : resource.version();
  }

  /** What a client forgets, or doubts by asking for it again. */
  void forget(Collection<String> names) {
    held = held.stream().map(group -> group.without(names)).toList();
    leftOver = leftOver.without(names);
  }

  /** A client that no longer wants everything forgets all that it did not ask for by name. */
  void forgetUnnamed() {
    held = held.stream().map(group -> group.only(names)).toList();
    leftOver = leftOver.only(names);
  }

  /** True while a response has no answer. */
  public boolean awaitsAnswer() {
    return !unanswered.isEmpty();
  }

  /** Nonce of the last response; empty before the first. */
  public String nonceSent() {
    return nonceSent;
  }

  /** Nonce of the last response taken; empty before the first. */
  public String nonceAcked() {
    return nonceAcked;
  }

  public String versionSent() {
    return versionSent;
  }

  public String versionAcked() {
    return versionAcked;
  }

  /** When the last response went out; the epoch before the first. */
  public Instant sentAt() {
    return sentAt;
  }

  /** How long the client took for its last answer. */
  public Duration answerTook() {
    return Duration.ofNanos(answerNanos);
  }

  /** The refusal of a response, until a later one is taken. */
  public Optional<Nack> lastNack() {
    return lastNack;
  }
}
