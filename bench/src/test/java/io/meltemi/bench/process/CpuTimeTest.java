package io.meltemi.bench.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuTimeTest {
  private static final String AFTER_NAME =
      " S 1 2 3 0 -1 4194560 500 0 0 0 123 456 7 8 20 0 1 0 99 1000 200";

  @Test
  void readsUserAndKernelTime() {
    CpuTime time = CpuTime.parse("4711 (envoy)" + AFTER_NAME);

    assertEquals(new CpuTime(1.23, 4.56), time);
    assertEquals(5.79, time.total(), 1e-9);
    assertEquals(4.56 / 5.79, time.kernelShare(), 1e-9);
  }

  @ParameterizedTest
  @ValueSource(strings = {"(x) (y)", "a b c", ") ", "((("})
  void namesMayHoldAnything(String name) {
    assertEquals(new CpuTime(1.23, 4.56), CpuTime.parse("4711 (" + name + ")" + AFTER_NAME));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ")", "4711 (x)", "4711 (x) S 1 2 3", "no parentheses at all"})
  void somethingElseIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> CpuTime.parse(text));
  }

  @Test
  void childrenThatEndedCountWhereTheyAreAskedFor() {
    String stat = "1 (java) S 1 1 1 0 -1 0 0 0 0 0 100 200 30 40 20 0 1";

    assertEquals(new CpuTime(1, 2), CpuTime.parse(stat));
    assertEquals(new CpuTime(1.3, 2.4), CpuTime.withReaped(stat));
  }

  @Test
  void theMachinesTimeIsThatOfItsProcesses() {
    assertEquals(
        new CpuTime(1.5, 2), CpuTime.ofMachine("cpu  100 50 200 9999 1 2 3 4 0 0\ncpu0 1 1 1 1\n"));
    assertThrows(IllegalArgumentException.class, () -> CpuTime.ofMachine("intr 1 2 3 4"));
    assertThrows(IllegalArgumentException.class, () -> CpuTime.ofMachine(""));
  }

  @Test
  void sumsAndDifferences() {
    CpuTime difference = new CpuTime(3, 5).minus(new CpuTime(1, 2)).plus(new CpuTime(1, 1));

    assertEquals(new CpuTime(3, 4), difference);
    assertEquals(0, CpuTime.ZERO.kernelShare());
  }
}
