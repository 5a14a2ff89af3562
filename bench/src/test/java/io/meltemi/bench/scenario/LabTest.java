package io.meltemi.bench.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LabTest {
  @Test
  void aRefusalIsToldWithoutWhereTheFileWas() {
    assertEquals(
        "not served yet: 3-MELTEMI.yaml:6:12: a.b: found x (expected: y)",
        Lab.refusal(
            "meltemi proxy: /tmp/run/3-MELTEMI.yaml cannot be served:\n"
                + "/tmp/run/3-MELTEMI.yaml:6:12: a.b: found x (expected: y)\n"));
    assertEquals("not served yet: boom", Lab.refusal("boom\n"));
  }
}
