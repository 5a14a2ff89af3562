package io.meltemi.proxy.transport;

import org.jspecify.annotations.Nullable;

/**
 * A place where the newest version of one secret is found: written in a configuration, or delivered
 * later and again. Contexts look here at every new connection, so a new secret counts from the next
 * connection on. Any thread.
 */
final class SecretSlot {
  private final String name;
  private final Class<? extends Secret> kind;
  private volatile @Nullable Secret secret;
  private @Nullable RemoteSecret remote;

  /**
   * @param name empty for one that is written in place
   * @param kind the only kind of secret that may come here
   */
  SecretSlot(String name, Class<? extends Secret> kind) {
    this.name = name;
    this.kind = kind;
  }

  static SecretSlot fixed(Secret secret) {
    SecretSlot slot = new SecretSlot("", secret.getClass());
    slot.put(secret);
    return slot;
  }

  /** Its server delivers it; said once, before anyone else sees the slot. */
  void comesBy(RemoteSecret use) {
    remote = use;
  }

  /** Null when no server delivers it. */
  @Nullable RemoteSecret remote() {
    return remote;
  }

  String name() {
    return name;
  }

  /** Null while it was not delivered. */
  @Nullable Secret get() {
    return secret;
  }

  /** False, and without effect, when it is of another kind. */
  boolean put(Secret newSecret) {
    if (!kind.isInstance(newSecret)) {
      return false;
    }
    secret = newSecret;
    return true;
  }
}
