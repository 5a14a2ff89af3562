package io.meltemi.proxy.transport;

import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import java.util.Optional;

/**
 * Secrets of filters, for the chain or for routes. One that a server delivers is asked for from the
 * moment its configuration is parsed until nothing keeps it any more: what waits for routes does
 * not wait for their secrets, as in Envoy. Configuration thread.
 */
public final class GenericSecrets {
  private final Secrets secrets;
  private final SecretUses uses;

  public GenericSecrets(Secrets secrets) {
    this.secrets = secrets;
    this.uses = new SecretUses(secrets);
  }

  /** The secret that a configuration names; empty when bad, which is then an error in the scope. */
  public Optional<GenericSecret> use(SdsSecretConfig proto, ParseScope scope) {
    Optional<SecretSlot> slot = uses.slot(proto, Secret.Generic.class, scope);
    if (slot.isEmpty()) {
      return Optional.empty();
    }
    GenericSecret secret = new GenericSecret(slot.get());
    RemoteSecret remote = slot.get().remote();
    if (remote != null) {
      secrets.remote().hold(remote, List.of(remote));
      secrets.dropWhenUnused(remote, secret);
    }
    return Optional.of(secret);
  }
}
