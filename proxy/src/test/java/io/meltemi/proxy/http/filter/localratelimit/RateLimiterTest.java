package io.meltemi.proxy.http.filter.localratelimit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.http.filter.localratelimit.RateLimiter.Limit;
import io.meltemi.proxy.http.filter.localratelimit.RateLimiter.Rate;
import io.meltemi.proxy.http.filter.localratelimit.RateLimiter.Rules;
import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.route.RateLimitDescriptor.Entry;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Stats;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class RateLimiterTest {
  private static final long SECOND = 1_000_000_000L;
  private final Counter dropped = new Stats().scope("").counter("dropped");

  private static List<RateLimitDescriptor> of(OptionalLong hits, String... keyValues) {
    List<Entry> entries = new java.util.ArrayList<>();
    for (int i = 0; i < keyValues.length; i += 2) {
      entries.add(new Entry(keyValues[i], keyValues[i + 1]));
    }
    return List.of(
        new RateLimitDescriptor(
            entries, Optional.empty(), hits, RateLimitDescriptor.LimitHeaders.OF_FILTER));
  }

  private static List<RateLimitDescriptor> of(String... keyValues) {
    return of(OptionalLong.empty(), keyValues);
  }

  private RateLimiter limiter(boolean alwaysDefault, int dynamicMax, Limit... limits) {
    return new RateLimiter(
        new Rules(Optional.of(new Rate(3, 1)), List.of(limits), alwaysDefault, dynamicMax),
        dropped,
        0);
  }

  private static TokenBucket bucket(RateLimiter limiter, String... keyValues) {
    return java.util.Objects.requireNonNull(limiter.ask(of(keyValues), 0).bucket());
  }

  @Test
  void theSlowestBucketIsAskedFirst() {
    RateLimiter limiter =
        limiter(
            false,
            1,
            new Limit(List.of(new Entry("a", "1")), new Rate(5, 5), false),
            new Limit(List.of(new Entry("b", "1")), new Rate(2, 1), false));
    List<RateLimitDescriptor> both = new java.util.ArrayList<>(of("a", "1"));
    both.addAll(of("b", "1"));
    assertTrue(limiter.ask(both, 0).allowed());
    assertTrue(limiter.ask(both, 0).allowed());
    RateLimiter.Answer third = limiter.ask(both, 0);
    assertFalse(third.allowed());
    assertNotNull(third.bucket());
    assertEquals(2, third.bucket().tokensMax());
    // the faster one was not asked
    assertEquals(3, bucket(limiter, "a", "1").remaining(0) + 1);
  }

  @Test
  void theDefaultCountsForAllOrForTheRest() {
    Limit a = new Limit(List.of(new Entry("a", "1")), new Rate(9, 9), false);
    RateLimiter always = limiter(true, 1, a);
    for (int i = 0; i < 3; i++) {
      assertEquals(9, bucket(always, "a", "1").tokensMax());
    }
    assertEquals(3, bucket(always, "a", "1").tokensMax());
    RateLimiter rest = limiter(false, 1, a);
    for (int i = 0; i < 4; i++) {
      assertTrue(rest.ask(of("a", "1"), 0).allowed());
    }
    assertEquals(2, bucket(rest, "a", "2").remaining(0));
  }

  @Test
  void hitsCountMoreOrNothing() {
    RateLimiter limiter =
        limiter(false, 1, new Limit(List.of(new Entry("a", "1")), new Rate(4, 1), false));
    assertTrue(limiter.ask(of(OptionalLong.of(3), "a", "1"), 0).allowed());
    assertFalse(limiter.ask(of(OptionalLong.of(2), "a", "1"), 0).allowed());
    assertTrue(limiter.ask(of(OptionalLong.of(0), "a", "1"), 0).allowed());
    assertTrue(limiter.ask(of(OptionalLong.of(1), "a", "1"), 0).allowed());
    assertFalse(limiter.ask(of(OptionalLong.of(1), "a", "1"), SECOND / 2).allowed());
    assertTrue(limiter.ask(of(OptionalLong.of(1), "a", "1"), SECOND).allowed());
  }

  @Test
  void anEntryWithoutValueGivesEachValueItsOwnBucketUpToALimit() {
    RateLimiter limiter =
        limiter(
            false,
            2,
            new Limit(List.of(new Entry("user", ""), new Entry("a", "1")), new Rate(1, 1), false));
    assertTrue(limiter.ask(of("user", "joe", "a", "1"), 0).allowed());
    assertTrue(limiter.ask(of("user", "ann", "a", "1"), 0).allowed());
    assertFalse(limiter.ask(of("user", "joe", "a", "1"), 0).allowed());
    assertEquals(0, dropped.value());
    // the third drops the one used longest ago
    assertTrue(limiter.ask(of("user", "eve", "a", "1"), 0).allowed());
    assertEquals(1, dropped.value());
    assertFalse(limiter.ask(of("user", "joe", "a", "1"), 0).allowed());
    assertTrue(limiter.ask(of("user", "ann", "a", "1"), 0).allowed());
    // another shape is the default's
    assertEquals(3, bucket(limiter, "user", "joe").tokensMax());
  }

  @Test
  void withoutADefaultTheRestIsUnlimited() {
    RateLimiter limiter =
        new RateLimiter(new Rules(Optional.empty(), List.of(), true, 1), dropped, 0);
    assertSame(RateLimiter.Answer.UNLIMITED, limiter.ask(List.of(), 0));
  }

  @Test
  void aShadowOnlyLooksOn() {
    RateLimiter limiter =
        limiter(false, 1, new Limit(List.of(new Entry("a", "1")), new Rate(1, 1), true));
    List<RateLimitDescriptor> asked = of("a", "1");
    assertTrue(limiter.ask(asked, 0).allowed());
    RateLimiter.Answer beyond = limiter.ask(asked, 0);
    assertFalse(beyond.allowed());
    assertTrue(beyond.isShadow());
  }
}
