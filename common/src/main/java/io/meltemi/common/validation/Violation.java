package io.meltemi.common.validation;

/**
 * One thing wrong with, or doubtful in, an input.
 *
 * @param origin where the offending value stands
 * @param path field path from the document's root, such as {@code spec.http[0].route[1].weight};
 *     empty for the document itself
 * @param found the offending value as written, or a short description of it; may be empty;
 *     shortened, control characters written as backslash, u and four digits
 * @param expected what would have been accepted, or what happens now for a warning
 */
public record Violation(Origin origin, String path, String found, String expected) {
  private static final int FOUND_CHARS_MAX = 120;

  public Violation {
    if (found.length() > FOUND_CHARS_MAX) {
      found = found.substring(0, FOUND_CHARS_MAX) + "…";
    }
    if (found.chars().anyMatch(Violation::isControl)) {
      found = printable(found);
    }
  }

  private static boolean isControl(int c) {
    return c < ' ' || (c >= 0x7f && c < 0xa0);
  }

  /** What a terminal cannot take for a command. */
  private static String printable(String text) {
    StringBuilder printable = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isControl(c)) {
        printable.append(String.format("\\u%04x", (int) c));
      } else {
        printable.append(c);
      }
    }
    return printable.toString();
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
