package io.meltemi.proxy.cluster;

import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;
import java.util.function.Consumer;

/** Opens files that lines are written to. Configuration threads. */
public interface EventSinks {
  /** What takes lines without their end, on any thread; empty with an error in the scope. */
  Optional<Consumer<String>> open(String path, ParseScope scope);
}
