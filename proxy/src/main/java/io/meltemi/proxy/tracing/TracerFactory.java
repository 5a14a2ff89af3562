package io.meltemi.proxy.tracing;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;
import java.util.Set;

/** One kind of tracer: parses its configuration. Listed in {@code Extensions}. Any thread. */
public interface TracerFactory {
  /** Type URLs of the messages that configure it. */
  Set<String> typeUrls();

  /** The tracer of a configuration; empty when bad, which is then an error in the scope. */
  Optional<Tracer> parse(Any config, ParseScope scope);
}
