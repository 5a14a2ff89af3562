package io.meltemi.proxy.http.filter.wasm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.testing.WasmModules;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Modules and lists of headers that are not what they should be. */
class HostileBytesTest {
  private static final int TRIES = 400;

  @Test
  void aDamagedModuleIsRefusedOrLoaded() {
    byte[] whole = WasmModules.assemble("headers");
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < TRIES; i++) {
      byte[] damaged = whole.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      if (random.nextInt(4) == 0) {
        damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
      }
      try {
        assertNotNull(WasmCode.load(damaged));
      } catch (WasmException e) {
        refused++;
      }
    }
    assertTrue(refused > TRIES / 4, refused + " refused");
  }

  @ParameterizedTest
  @CsvSource({
    "'(func (export \"proxy_abi_version_0_1_0\"))',a module for proxy_abi_version_0_1_0",
    "'',a module without a proxy_abi_version_ export",
  })
  void aModuleForAnotherAbiIsRefusedByName(String more, String expected) {
    byte[] module =
        WasmModules.assembleText(more, prelude -> prelude.replace("proxy_abi_version_0_2_1", "x"));
    assertEquals(
        expected, assertThrows(WasmException.class, () -> WasmCode.load(module)).getMessage());
  }

  @Test
  void aMissingImportIsRefusedByName() {
    byte[] module =
        WasmModules.assembleText(
            "", prelude -> "(import \"env\" \"proxy_make_tea\" (func))" + prelude);
    assertEquals(
        "a missing import: env.proxy_make_tea",
        assertThrows(WasmException.class, () -> WasmCode.load(module)).getMessage());
  }

  @Test
  void randomListsOfPairsAreReadOrRefused() {
    HeaderBlock block = new HeaderBlock();
    block.add(HeaderName.METHOD, "GET");
    block.add(HeaderName.of("x-a"), "b");
    byte[] whole = HeaderMaps.write(block);
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length + 8));
      HeaderMaps.read(damaged)
          .ifPresent(
              pairs -> {
                HeaderBlock read = new HeaderBlock();
                HeaderMaps.fill(read, pairs);
                assertEquals(pairs.size(), read.size());
              });
    }
    assertEquals(2, HeaderMaps.read(whole).orElseThrow().size());
    assertTrue(HeaderMaps.read(new byte[] {-1, -1, -1, 127}).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", "a b", "a:b", "a\nb", "a\0", "a(b"})
  void whatIsNoNameIsRefused(String name) {
    assertNull(HeaderMaps.name(name.getBytes(StandardCharsets.ISO_8859_1)));
  }

  @Test
  void namesAreFoldedAndValuesJoined() {
    byte[] name = HeaderMaps.name("X-A".getBytes(StandardCharsets.ISO_8859_1));
    assertNotNull(name);
    HeaderBlock block = new HeaderBlock();
    HeaderMaps.add(block, name, new byte[] {'1'});
    HeaderMaps.add(block, name, new byte[] {'2'});
    assertArrayEquals(new byte[] {'1', ',', '2'}, HeaderMaps.get(block, name));
    HeaderMaps.replace(block, name, new byte[] {'3'});
    assertEquals("x-a: 3\n", block.toString());
    HeaderMaps.remove(block, name);
    assertTrue(block.isEmpty());
    assertTrue(!HeaderMaps.isValue(new byte[] {'a', '\n'}));
  }
}
