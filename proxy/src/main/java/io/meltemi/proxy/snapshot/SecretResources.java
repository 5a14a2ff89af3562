package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ResourceSource;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.transport.RemoteSecrets;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Optional;

/** Secrets of servers, with {@code sds.<name>.} stats. Configuration loop only. */
record SecretResources(RemoteSecrets secrets) implements ResourceSubscriptions.Kind {
  @Override
  public TypeUrl type() {
    return TypeUrl.SECRET;
  }

  /** Colons as Envoy replaces them in names of stats. */
  @Override
  public String statPrefix(String name) {
    return "sds." + name.replace("://", "_").replace(":/", "_").replace(':', '_') + ".";
  }

  @Override
  public void asked(StatScope scope) {}

  @Override
  public Optional<Any> placeholder(String name) {
    return Optional.of(MessageTypes.pack(Secret.newBuilder().setName(name).build()));
  }

  @Override
  public Validation<Boolean> deliver(ResourceSource source, ReceivedResource received) {
    return ResourceDecoder.decode(
        received.body(),
        Secret.parser(),
        Origin.of("secret " + received.name()),
        (proto, _) -> secrets.deliver(source, proto));
  }

  @Override
  public void accepted(StatScope scope, boolean changes) {}

  @Override
  public void refused(ResourceSource source, String name, StatScope scope) {}

  /** As in Envoy, what is in use stays so. */
  @Override
  public boolean removed(ResourceSource source, String name, StatScope scope) {
    secrets.absent(source, name);
    return false;
  }

  @Override
  public void missing(ResourceSource source, String name) {
    secrets.missing(source, name);
  }
}
