package io.meltemi.samples.bookinfo;

import java.time.Duration;

/** What came of one call to another service. */
sealed interface Answer {

  /** Time from sending to the end of the answer, or to giving up. */
  Duration took();

  /**
   * A response, whatever its status.
   *
   * @param version the answering app's version, empty when it did not say
   * @param pod the answering pod, empty when it did not say
   */
  record Response(int status, String body, String version, String pod, Duration took)
      implements Answer {}

  /**
   * No response.
   *
   * @param cause for a person to read
   */
  record Failure(String cause, Duration took) implements Answer {}

  /** True for a response with status 200. */
  default boolean ok() {
    return this instanceof Response(int status, _, _, _, _) && status == 200;
  }

  /** One line about what went wrong, such as {@code HTTP 503: no healthy upstream}. */
  default String problem() {
    return switch (this) {
      case Response(int status, String body, _, _, _) -> {
        String line = body.strip().lines().findFirst().orElse("");
        yield "HTTP " + status + (line.isEmpty() ? "" : ": " + line);
      }
      case Failure(String cause, _) -> cause;
    };
  }
}
