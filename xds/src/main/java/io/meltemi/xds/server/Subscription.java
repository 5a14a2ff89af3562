package io.meltemi.xds.server;

import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One type on one connection: what the client wants, holds and answered. Belongs to the loop. */
public final class Subscription {
  static final String WILDCARD = "*";

  private final TypeUrl type;
  final Set<String> names = new LinkedHashSet<>();
  boolean wildcard;

  /** Version of each resource the client was last sent (or said to have), by name. */
  final Map<String, String> held = new HashMap<>();

  /**
   * The same with bodies, where a response must repeat what is kept for a moment: of the types that
   * are complete in every response, in the state-of-the-world variant only.
   */
  final Map<String, EncodedResource> heldBodies = new HashMap<>();

  final ArrayDeque<Unanswered> unanswered = new ArrayDeque<>();
  String nonceSent = "";
  String nonceAcked = "";
  String versionSent = "";
  String versionAcked = "";
  Instant sentAt = Instant.EPOCH;
  Optional<Nack> lastNack = Optional.empty();

  record Unanswered(String nonce, String version) {}

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
  public Set<String> names() {
    return Collections.unmodifiableSet(names);
  }

  public boolean wants(String name) {
    return wildcard || names.contains(name);
  }

  /** Names and versions the client holds, provided that it took the last response. */
  public Map<String, String> held() {
    return Collections.unmodifiableMap(held);
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

  /** The refusal of a response, until a later one is taken. */
  public Optional<Nack> lastNack() {
    return lastNack;
  }
}
