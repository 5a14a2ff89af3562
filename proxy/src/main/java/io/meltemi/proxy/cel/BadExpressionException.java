package io.meltemi.proxy.cel;

/** A text or a tree that is no expression of this proxy. */
public final class BadExpressionException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String expected;

  BadExpressionException(String expected) {
    super(expected);
    this.expected = expected;
  }

  /** What would be one, or what is wrong. */
  public String expected() {
    return expected;
  }
}
