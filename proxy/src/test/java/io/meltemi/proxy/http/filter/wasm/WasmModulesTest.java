package io.meltemi.proxy.http.filter.wasm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.dylibso.chicory.wasm.Parser;
import io.meltemi.testing.WasmModules;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The modules that tests run are what they claim to be. */
class WasmModulesTest {
  @ParameterizedTest
  @ValueSource(strings = {"headers", "broken", "body", "call", "state"})
  void aModuleIsAssembled(String name) {
    assertTrue(Parser.parse(WasmModules.assemble(name)).exportSection().exportCount() > 4);
  }
}
