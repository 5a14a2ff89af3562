package io.meltemi.proxy.telemetry.accesslog;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.AccessLog;
import java.util.Optional;
import java.util.Set;

/** One kind of access log beside files. Listed in {@code Extensions}. Any thread. */
public interface LogSinkFactory {
  /** Type URLs of the messages that configure it. */
  Set<String> typeUrls();

  /** The log of a configuration; empty when bad, which is then an error in the scope. */
  Optional<AccessLog> parse(Any config, ParseScope scope);
}
