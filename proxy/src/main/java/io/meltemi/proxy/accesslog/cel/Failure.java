package io.meltemi.proxy.accesslog.cel;

/**
 * An expression has no value: something is missing, or of a kind that an operator cannot take.
 * Nobody reads more into it than that a stream is not logged, so it has no stack trace.
 */
final class Failure extends Exception {
  private static final long serialVersionUID = 1L;

  Failure() {
    super("no value", null, false, false);
  }
}
