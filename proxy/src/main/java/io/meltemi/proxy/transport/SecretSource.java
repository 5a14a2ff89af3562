package io.meltemi.proxy.transport;

import io.meltemi.proxy.parse.ApiSource;

/** Whom a secret comes from over gRPC. */
public sealed interface SecretSource {
  /** The aggregated stream of the bootstrap. */
  record Aggregated() implements SecretSource {}

  /** A server with a stream of its own. */
  record Server(ApiSource api) implements SecretSource {}
}
