package io.meltemi.proxy.http.filter.wasm;

import com.dylibso.chicory.runtime.ExportFunction;
import org.jspecify.annotations.Nullable;

/** One function that a module may export. */
final class Exported {
  /** Null when the module does not have it, or may not use it. */
  final @Nullable ExportFunction function;

  final String name;

  Exported(WasmVm vm, String name) {
    this.name = name;
    this.function = vm.export(name);
  }

  boolean isPresent() {
    return function != null;
  }

  /** Those of the plugin as a whole. */
  record Callbacks(Exported create, Exported start, Exported configure, Streams streams) {
    static Callbacks of(WasmVm vm) {
      return new Callbacks(
          new Exported(vm, "proxy_on_context_create"),
          new Exported(vm, "proxy_on_vm_start"),
          new Exported(vm, "proxy_on_configure"),
          Streams.of(vm));
    }
  }

  /** Those of streams. */
  record Streams(
      Exported requestHeaders,
      Exported requestBody,
      Exported requestTrailers,
      Exported responseHeaders,
      Exported responseBody,
      Exported responseTrailers,
      Exported done,
      Exported log,
      Exported delete) {
    private static Streams of(WasmVm vm) {
      return new Streams(
          new Exported(vm, "proxy_on_request_headers"),
          new Exported(vm, "proxy_on_request_body"),
          new Exported(vm, "proxy_on_request_trailers"),
          new Exported(vm, "proxy_on_response_headers"),
          new Exported(vm, "proxy_on_response_body"),
          new Exported(vm, "proxy_on_response_trailers"),
          new Exported(vm, "proxy_on_done"),
          new Exported(vm, "proxy_on_log"),
          new Exported(vm, "proxy_on_delete"));
    }
  }
}
