package io.meltemi.bench.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class OpenLoopScheduleTest {
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1000 * MILLI;

  @Test
  void requestsAreDueAtTheRate() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(SECOND, 100, SECOND, 2 * SECOND);

    assertEquals(-1, schedule.take(SECOND - 1));
    assertEquals(SECOND, schedule.take(SECOND));
    assertEquals(-1, schedule.take(SECOND + 10 * MILLI - 1));
    assertEquals(SECOND + 10 * MILLI, schedule.nextDueNanos(SECOND));
    assertEquals(SECOND + 10 * MILLI, schedule.take(SECOND + 15 * MILLI));
  }

  @Test
  void aStallIsPaidByEveryRequestThatWasDueDuringIt() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(0, 1000, 0, SECOND);
    long first = schedule.take(0);
    long stallEnds = 100 * MILLI;
    schedule.answered(first, stallEnds);
    // one connection: the rest leaves after the stall, each answered at once
    for (long due; (due = schedule.take(stallEnds)) >= 0; ) {
      schedule.answered(due, stallEnds);
    }

    assertEquals(101, schedule.latencies().getTotalCount());
    assertEquals(50, schedule.latencies().getValueAtPercentile(50) / (double) MILLI, 0.1);
    assertEquals(99, schedule.latencies().getValueAtPercentile(99) / (double) MILLI, 0.1);
    assertEquals(100, schedule.latencies().getMaxValue() / (double) MILLI, 0.1);
  }

  @Test
  void theWarmUpIsNotRecorded() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(0, 1000, SECOND, 2 * SECOND);

    schedule.answered(SECOND - 1, 5 * SECOND);
    schedule.answered(SECOND, SECOND + MILLI);

    assertEquals(1, schedule.latencies().getTotalCount());
    assertEquals(1, schedule.latencies().getMaxValue() / (double) MILLI, 0.01);
  }

  @Test
  void noneIsDueAfterTheEndAndWhatWasNeverSentIsCounted() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(0, 10, 0, SECOND);

    for (int i = 0; i < 7; i++) {
      assertEquals(i * 100L * MILLI, schedule.take(i * 100L * MILLI));
    }
    assertEquals(3, schedule.neverSent());
    for (int i = 7; i < 10; i++) {
      assertEquals(i * 100L * MILLI, schedule.take(2 * SECOND));
    }
    assertEquals(Long.MAX_VALUE, schedule.nextDueNanos(2 * SECOND));
    assertEquals(-1, schedule.take(2 * SECOND));
    assertEquals(0, schedule.neverSent());
  }

  @Test
  void withoutARateTheNextOneIsAlwaysDue() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(0, 0, 0, SECOND);

    assertEquals(5, schedule.take(5));
    assertEquals(5, schedule.take(5));
    assertEquals(-1, schedule.take(SECOND));
    assertEquals(0, schedule.neverSent());
  }

  @Test
  void oddLatenciesStayInRange() {
    OpenLoopSchedule schedule = new OpenLoopSchedule(0, 1000, 0, SECOND);

    schedule.answered(10, 5);
    schedule.answered(0, 1000 * SECOND);

    assertEquals(2, schedule.latencies().getTotalCount());
  }
}
