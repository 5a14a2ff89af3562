package io.meltemi.proxy.parse;

/** Whom one named resource comes from. */
public sealed interface ResourceSource {
  /** The aggregated stream of the bootstrap. */
  record Aggregated() implements ResourceSource {}

  /** A server with a stream of its own. */
  record Server(ApiSource api) implements ResourceSource {}

  /** A file that is followed. */
  record PathFile(String path) implements ResourceSource {}
}
