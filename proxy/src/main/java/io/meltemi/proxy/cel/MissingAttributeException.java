package io.meltemi.proxy.cel;

/** Nobody catches it but the library, so it has no stack trace. */
final class MissingAttributeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private MissingAttributeException(String message) {
    super(message, null, false, false);
  }

  static MissingAttributeException of(String name) {
    return new MissingAttributeException("no " + name);
  }
}
