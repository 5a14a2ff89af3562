package io.meltemi.proxy.http.filter.wasm;

import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.Export;
import com.dylibso.chicory.wasm.types.ExternalType;
import com.dylibso.chicory.wasm.types.FunctionImport;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.Import;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** A module, read and compiled once. Immutable; any thread. */
final class WasmCode {
  private static final Set<String> ABIS =
      Set.of("proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1");
  private static final String ABI = "proxy_abi_version_";

  private final WasmModule module;
  private final Function<Instance, Machine> machines;
  private final Set<String> functions;
  private final List<Needed> needed;

  /** A function of the host that the module uses. */
  record Needed(String module, String name, FunctionType type) {}

  private WasmCode(
      WasmModule module,
      Function<Instance, Machine> machines,
      Set<String> functions,
      List<Needed> needed) {
    this.module = module;
    this.machines = machines;
    this.functions = Set.copyOf(functions);
    this.needed = List.copyOf(needed);
  }

  /**
   * Reads and compiles a module; takes its time.
   *
   * @throws WasmException when it is none, or not one for a proxy
   */
  static WasmCode load(byte[] bytes) throws WasmException {
    try {
      WasmModule module = Parser.parse(bytes);
      Set<String> functions = new HashSet<>();
      for (int i = 0; i < module.exportSection().exportCount(); i++) {
        Export export = module.exportSection().getExport(i);
        if (export.exportType() == ExternalType.FUNCTION) {
          functions.add(export.name());
        }
      }
      checkAbi(functions);
      List<Needed> needed = needed(module);
      if (module.memorySection().isEmpty()) {
        throw new WasmException("a module without memory");
      }
      return new WasmCode(
          module,
          MachineFactoryCompiler.builder(module)
              .withInterpreterFallback(InterpreterFallback.SILENT)
              .compile(),
          functions,
          needed);
    } catch (RuntimeException | StackOverflowError e) {
      throw new WasmException("no WebAssembly module: " + e.getMessage(), e);
    }
  }

  private static void checkAbi(Set<String> functions) throws WasmException {
    if (functions.stream().noneMatch(ABIS::contains)) {
      throw new WasmException(
          functions.stream()
              .filter(name -> name.startsWith(ABI))
              .findFirst()
              .map(name -> "a module for " + name)
              .orElse("a module without a " + ABI + " export"));
    }
    if (!functions.contains("malloc") && !functions.contains("proxy_on_memory_allocate")) {
      throw new WasmException("a module without malloc or proxy_on_memory_allocate");
    }
  }

  private static List<Needed> needed(WasmModule module) throws WasmException {
    List<Needed> needed = new ArrayList<>();
    for (int i = 0; i < module.importSection().importCount(); i++) {
      Import wanted = module.importSection().getImport(i);
      if (!(wanted instanceof FunctionImport function)) {
        throw new WasmException("an import of no function: " + name(wanted));
      }
      FunctionType type = module.typeSection().getType(function.typeIndex());
      if (!HostFunctions.isKnown(wanted.module(), wanted.name(), type)) {
        throw new WasmException("a missing import: " + name(wanted));
      }
      needed.add(new Needed(wanted.module(), wanted.name(), type));
    }
    return needed;
  }

  private static String name(Import wanted) {
    return wanted.module() + "." + wanted.name();
  }

  WasmModule module() {
    return module;
  }

  Function<Instance, Machine> machines() {
    return machines;
  }

  List<Needed> needed() {
    return needed;
  }

  boolean exports(String function) {
    return functions.contains(function);
  }

  /** How much memory a machine begins with and may grow to, in pages of 64 KiB. */
  MemoryLimits memory(int pagesMax) throws WasmException {
    MemoryLimits own = module.memorySection().orElseThrow().getMemory(0).limits();
    if (own.initialPages() > pagesMax) {
      throw new WasmException("a module of " + own.initialPages() + " pages of memory");
    }
    return new MemoryLimits(own.initialPages(), Math.min(own.maximumPages(), pagesMax));
  }
}
