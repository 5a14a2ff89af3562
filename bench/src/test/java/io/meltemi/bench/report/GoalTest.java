package io.meltemi.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoalTest {
  @ParameterizedTest
  @CsvSource({
    "1.49,BELOW_FLOOR",
    "1.5,FLOOR",
    "1.99,FLOOR",
    "2,TARGET",
    "3,MOONSHOT",
    "NaN,BELOW_FLOOR"
  })
  void moreIsBetter(double ratio, Verdict expected) {
    assertEquals(expected, Goal.ratio(1.5, 2, 3).verdict(Metric.REQUESTS_PER_CPU_SECOND, ratio));
  }

  @ParameterizedTest
  @CsvSource({
    "1.21,BELOW_FLOOR",
    "1.2,FLOOR",
    "1.0,TARGET",
    "0.7,MOONSHOT",
    "Infinity,BELOW_FLOOR"
  })
  void lessIsBetter(double ratio, Verdict expected) {
    assertEquals(expected, Goal.ratio(1.2, 1, 0.7).verdict(Metric.P99_MILLIS, ratio));
  }

  @Test
  void someFiguresHaveNoMoonshotOrNoGoal() {
    assertEquals(Verdict.TARGET, Goal.ratio(1.1, 1.3).verdict(Metric.MESSAGES_PER_CPU_SECOND, 9));
    assertEquals(Verdict.NO_FLOOR, Goal.NONE.verdict(Metric.KIB_PER_CONNECTION, 9));
  }

  @Test
  void goalsAsText() {
    assertEquals("1.5× / 2.0×", Goal.ratio(1.5, 2, 3).text());
    assertEquals("0.6 s / 0.35 s", Goal.absolute(0.6, 0.35, 0.15).text());
    assertEquals("–", Goal.NONE.text());
  }
}
