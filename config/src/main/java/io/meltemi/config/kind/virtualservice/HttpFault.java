package io.meltemi.config.kind.virtualservice;

import java.time.Duration;
import java.util.Optional;

/** Faults put into requests on purpose. */
public record HttpFault(Optional<Delay> delay, Optional<Abort> abort) {

  /**
   * Waits before going on.
   *
   * @param percent 0 to 100
   */
  public record Delay(Duration fixedDelay, double percent) {}

  /**
   * Answers with an error.
   *
   * @param percent 0 to 100; unset aborts nothing, as in Envoy
   */
  public record Abort(AbortError error, Optional<Double> percent) {}

  /** The error of an abort. */
  public sealed interface AbortError {
    /** 200 to 599. */
    record HttpStatus(int status) implements AbortError {}

    /** The code's upper-case name and number. */
    record GrpcStatus(String name, int code) implements AbortError {}

    /** Not told, so the abort has no effect. */
    record Unset() implements AbortError {}
  }
}
