package io.meltemi.embedded.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.testing.FakeTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final FakeTicker ticker = new FakeTicker();
  private final Backoff backoff = new Backoff(ProcessSettings.DEFAULT, ticker);

  @Test
  void doublesUpToItsBound() {
    long[] expected = {1, 2, 4, 8, 16, 30, 30};
    for (long seconds : expected) {
      assertEquals(Duration.ofSeconds(seconds), backoff.ended());
    }
  }

  @Test
  void startsAnewOnlyAfterTheProcessWasStable() {
    assertEquals(Duration.ofSeconds(1), backoff.ended());
    backoff.ready();
    ticker.advance(Duration.ofSeconds(29));
    assertEquals(Duration.ofSeconds(2), backoff.ended());
    backoff.ready();
    ticker.advance(Duration.ofSeconds(30));
    assertEquals(Duration.ofSeconds(1), backoff.ended());
    assertEquals(Duration.ofSeconds(2), backoff.ended());
  }
}
