package io.meltemi.proxy.http.filter.wasm;

/** A module that cannot be loaded, or refuses its configuration. */
final class WasmException extends Exception {
  private static final long serialVersionUID = 1L;

  WasmException(String message) {
    super(message);
  }

  WasmException(String message, Throwable cause) {
    super(message, cause);
  }
}
