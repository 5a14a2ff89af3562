package io.meltemi.common.validation;

/**
 * Where a value was written, so that an error can name the line a person must edit.
 *
 * @param location a file path, or {@code cluster/namespace/name} of a Kubernetes object, or a
 *     {@code flag --name}; never empty
 * @param line 1-based line in the file, 0 when the location has no lines
 * @param column 1-based column, 0 when unknown
 */
public record Origin(String location, int line, int column) {
  /** What was made up by the program itself, such as a default. */
  public static final Origin BUILT_IN = new Origin("built-in", 0, 0);

  public Origin {
    if (location.isEmpty()) {
      throw new IllegalArgumentException("location is empty (expected: a file or an object)");
    }
    if (line < 0 || column < 0) {
      throw new IllegalArgumentException(
          "line and column: " + line + ":" + column + " (expected: >= 0)");
    }
  }

  public static Origin of(String location) {
    return new Origin(location, 0, 0);
  }

  /** The same location at another line. */
  public Origin at(int newLine, int newColumn) {
    return new Origin(location, newLine, newColumn);
  }

  /** {@code file:line:column} as far as known. */
  @Override
  public String toString() {
    if (line == 0) {
      return location;
    }
    return column == 0 ? location + ":" + line : location + ":" + line + ":" + column;
  }
}
