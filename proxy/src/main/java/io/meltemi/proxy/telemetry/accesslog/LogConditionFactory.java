package io.meltemi.proxy.telemetry.accesslog;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.Optional;
import java.util.Set;

/** One kind of filter of access logs. Listed in {@code Extensions}. Any thread. */
public interface LogConditionFactory {
  /** Decides whether a stream is logged. Any event loop. */
  interface LogCondition {
    boolean admits(StreamInfo info);
  }

  /** Type URLs of the messages that configure it. */
  Set<String> typeUrls();

  /** The condition of a configuration; empty when bad, which is then an error in the scope. */
  Optional<LogCondition> parse(Any config, ParseScope scope);
}
