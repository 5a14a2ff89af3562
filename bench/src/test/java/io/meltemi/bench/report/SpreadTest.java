package io.meltemi.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void theMiddleOfOddAndEvenNumbers() {
    assertEquals(new Spread(3, 1, 9), Spread.of(List.of(9.0, 1.0, 3.0)));
    assertEquals(new Spread(2.5, 1, 9), Spread.of(List.of(9.0, 1.0, 3.0, 2.0)));
    assertEquals(new Spread(7, 7, 7), Spread.of(List.of(7.0)));
    assertThrows(IllegalArgumentException.class, () -> Spread.of(List.of()));
  }

  @Test
  void ratiosAreOfRoundsThatBelongTogether() {
    Spread ratio = Spread.ofRatios(List.of(10.0, 40.0, 30.0), List.of(5.0, 10.0, 10.0));

    assertEquals(new Spread(3, 2, 4), ratio);
  }

  @Test
  void aRoundThatOneLacksIsLeftOut() {
    assertEquals(new Spread(2, 2, 2), Spread.ofRatios(List.of(10.0, 40.0), List.of(5.0)));
  }
}
