package io.meltemi.proxy.http;

import io.meltemi.proxy.parse.ApiSource;

/** Whom the configuration of a filter comes from. */
public sealed interface FilterConfigSource {
  /** The aggregated stream of the bootstrap. */
  record Aggregated() implements FilterConfigSource {}

  /** A server with a stream of its own. */
  record Server(ApiSource api) implements FilterConfigSource {}

  /** A file that is followed. */
  record PathFile(String path) implements FilterConfigSource {}
}
