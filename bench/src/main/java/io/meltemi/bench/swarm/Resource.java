package io.meltemi.bench.swarm;

/** A resource within the bytes of a response; used again for the next. */
final class Resource {
  byte[] bytes = {};
  int nameFrom;
  int nameTo;

  /** Where the message itself is, without the wrapper that names its type. */
  int bodyFrom;

  int bodyTo;
}
