package io.meltemi.proxy.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.FakeTicker;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TimerWheelTest {
  private final FakeTicker ticker = new FakeTicker();
  private final TimerWheel wheel = new TimerWheel(new EmbeddedChannel().eventLoop(), ticker);
  private final List<String> fired = new ArrayList<>();

  private final class Named extends LoopTimer {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    protected void onTimeout() {
      fired.add(name);
    }
  }

  private void advance(long millis) {
    ticker.advance(Duration.ofMillis(millis));
    wheel.runDue();
  }

  private static long millis(long count) {
    return Duration.ofMillis(count).toNanos();
  }

  @Test
  void firesAtTheTickBehindTheDeadline() {
    Named timer = new Named("a");
    wheel.start(timer, millis(12));
    advance(11);
    assertEquals(List.of(), fired);
    assertTrue(timer.isStarted());
    advance(4);
    assertEquals(List.of("a"), fired);
    assertFalse(timer.isStarted());
    assertEquals(0, wheel.size());
  }

  @Test
  void keepsLongTimersOverManyTurns() {
    Named hour = new Named("hour");
    wheel.start(hour, Duration.ofHours(1).toNanos());
    for (int i = 0; i < 359; i++) {
      advance(10_000);
    }
    assertEquals(List.of(), fired);
    advance(10_005);
    assertEquals(List.of("hour"), fired);
  }

  @Test
  void cancelsAndRestarts() {
    Named a = new Named("a");
    Named b = new Named("b");
    Named c = new Named("c");
    wheel.start(a, millis(10));
    wheel.start(b, millis(10));
    wheel.start(c, millis(10));
    wheel.cancel(b);
    wheel.cancel(b);
    wheel.start(a, millis(50));
    advance(15);
    assertEquals(List.of("c"), fired);
    advance(40);
    assertEquals(List.of("c", "a"), fired);
  }

  @Test
  void catchesUpAfterALongPause() {
    wheel.start(new Named("a"), millis(100));
    wheel.start(new Named("b"), millis(30_000));
    advance(60_000);
    assertEquals(2, fired.size());
  }

  @Test
  void callbacksMayStartTimers() {
    LoopTimer again =
        new LoopTimer() {
          @Override
          protected void onTimeout() {
            fired.add("again");
            if (fired.size() < 3) {
              wheel.start(this, 0);
            }
          }
        };
    wheel.start(again, 0);
    advance(5);
    assertEquals(1, fired.size());
    advance(5);
    advance(5);
    assertEquals(3, fired.size());
    advance(500);
    assertEquals(3, fired.size());
  }
}
