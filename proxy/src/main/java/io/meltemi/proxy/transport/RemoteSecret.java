package io.meltemi.proxy.transport;

import java.time.Duration;

/** One use of a secret that a server delivers. Configuration thread. */
public final class RemoteSecret {
  private final RemoteSecrets.Key key;
  private final Duration fetchTimeout;
  private final SecretSlot slot;
  private boolean answered;

  RemoteSecret(RemoteSecrets.Key key, Duration fetchTimeout, SecretSlot slot) {
    this.key = key;
    this.fetchTimeout = fetchTimeout;
    this.slot = slot;
  }

  RemoteSecrets.Key key() {
    return key;
  }

  /** How long to wait for the first answer; zero for ever. */
  Duration fetchTimeout() {
    return fetchTimeout;
  }

  SecretSlot slot() {
    return slot;
  }

  /** Whether it came, or is known not to come soon. */
  public boolean isAnswered() {
    return answered;
  }

  void answered() {
    answered = true;
  }
}
