package io.meltemi.proxy.bootstrap;

/** Text that is no YAML, or YAML beyond what is read here. */
final class YamlException extends Exception {
  private static final long serialVersionUID = 1L;
  private final int line;
  private final int column;

  YamlException(int line, int column, String message) {
    super(message);
    this.line = line;
    this.column = column;
  }

  int line() {
    return line;
  }

  int column() {
    return column;
  }
}
