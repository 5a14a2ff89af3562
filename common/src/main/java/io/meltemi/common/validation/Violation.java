package io.meltemi.common.validation;

/**
 * One thing wrong with, or doubtful in, an input.
 *
 * @param origin where the offending value stands
 * @param path field path from the document's root, such as {@code spec.http[0].route[1].weight};
 *     empty for the document itself
 * @param found the offending value as written, or a short description of it; may be empty
 * @param expected what would have been accepted, or what happens now for a warning
 */
public record Violation(Origin origin, String path, String found, String expected) {
  private static final int FOUND_CHARS_MAX = 120;

  public Violation {
    if (found.length() > FOUND_CHARS_MAX) {
      found = found.substring(0, FOUND_CHARS_MAX) + "…";
    }
  }

  /** {@code file:line: path: found "x" (expected: y)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder().append(origin).append(": ");
    if (!path.isEmpty()) {
      text.append(path).append(": ");
    }
    if (!found.isEmpty()) {
      text.append("found ").append(found).append(' ');
    }
    return text.append("(expected: ").append(expected).append(')').toString();
  }
}
