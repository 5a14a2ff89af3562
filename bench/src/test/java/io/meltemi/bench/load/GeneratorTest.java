package io.meltemi.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GeneratorTest {
  @Test
  void takesFiguresAndNothingElse() {
    Map<String, Double> values = new HashMap<>();

    assertTrue(Generator.take("p99=1.25", values));
    assertFalse(Generator.take("p50=fast", values));
    assertFalse(Generator.take("=1", values));
    assertFalse(Generator.take("java.io.IOException: the connection was closed", values));
    assertEquals(Map.of("p99", 1.25), values);
  }
}
