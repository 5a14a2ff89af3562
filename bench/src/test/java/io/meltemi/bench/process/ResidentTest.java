package io.meltemi.bench.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResidentTest {
  @Test
  void readsWhatIsAndWhatWas() {
    assertEquals(
        new Resident(2, 3),
        Resident.parse(List.of("Name:\tjava", "VmHWM:\t    3072 kB", "VmRSS:\t    2048 kB")));
  }

  @Test
  void aProcessThatEndedHasNone() {
    assertThrows(IllegalArgumentException.class, () -> Resident.parse(List.of("Name:\tjava")));
  }
}
