package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.Set;

/**
 * What a {@code PluginConfig} says apart from the code.
 *
 * @param runtime of the VM as configured; statistics are named after it
 * @param environment of the module's WASI
 * @param capabilities the functions that a module may use; empty for all
 */
record PluginSettings(
    Names names,
    String runtime,
    ByteString vmConfiguration,
    ByteString configuration,
    Map<String, String> environment,
    Failure failure,
    Set<String> capabilities) {
  PluginSettings {
    environment = Map.copyOf(environment);
    capabilities = Set.copyOf(capabilities);
  }

  /**
   * @param plugin for logs
   * @param rootId which of a module's filters
   * @param vmId whose shared data a module sees
   */
  record Names(String plugin, String rootId, String vmId) {}

  /** What becomes of requests while a module cannot run. */
  enum Policy {
    CLOSED,
    OPEN,
    RELOAD
  }

  /**
   * @param reloadNanos the pause between a failure and a new machine
   */
  record Failure(Policy policy, long reloadNanos) {}

  boolean mayUse(String function) {
    return capabilities.isEmpty() || capabilities.contains(function);
  }
}
