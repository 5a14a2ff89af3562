package io.meltemi.config.store;

import io.meltemi.common.validation.Violation;

/**
 * Something a person should mend.
 *
 * @param resource {@code Kind namespace/name}; empty when a whole file is meant
 */
public record Problem(Severity severity, String resource, Violation violation) {
  public enum Severity {
    /** What was written is not in force; the last good version is, if there was one. */
    ERROR,
    /** What was written is in force, perhaps not as meant. */
    WARNING
  }

  /** {@code error: file:line: path: found "x" (expected: y)}. */
  @Override
  public String toString() {
    return (severity == Severity.ERROR ? "error: " : "warning: ")
        + violation
        + (resource.isEmpty() ? "" : " in " + resource);
  }
}
