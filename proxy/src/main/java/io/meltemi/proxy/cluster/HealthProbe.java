package io.meltemi.proxy.cluster;

import java.util.function.Consumer;

/** Asks one host, one question at a time. Any thread. */
public interface HealthProbe extends AutoCloseable {
  /** What an answer says. */
  enum Result {
    PASSED,
    /** Well, but to be used only for want of better. */
    DEGRADED,
    /** The host answered, and is not well. */
    FAILED,
    /** As {@link #FAILED}, but it may be passing. */
    FAILED_ONCE,
    /** There was no answer. */
    UNREACHABLE
  }

  /** Asks; the answer comes once, on any thread, unless {@link #cancel} comes first. */
  void ask(Consumer<Result> answer);

  /** No answer is wanted any more. */
  void cancel();

  /** Gives up what the probe holds. */
  @Override
  void close();
}
