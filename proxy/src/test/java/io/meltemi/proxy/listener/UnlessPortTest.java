package io.meltemi.proxy.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet;
import io.envoyproxy.envoy.type.v3.Int32Range;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

class UnlessPortTest {
  private final Validation.Collector problems = new Validation.Collector();
  private final ParseScope scope = new ParseScope(Origin.of("test"), "p", problems);

  @Test
  void rangesLeaveOutTheirEnd() {
    IntPredicate disabled = UnlessPort.parse(range(80, 82), scope);
    assertFalse(disabled.test(79));
    assertTrue(disabled.test(80));
    assertTrue(disabled.test(81));
    assertFalse(disabled.test(82));
    assertFalse(disabled.test(-1));
  }

  @Test
  void rulesCombine() {
    IntPredicate either =
        UnlessPort.parse(
            ListenerFilterChainMatchPredicate.newBuilder()
                .setOrMatch(MatchSet.newBuilder().addRules(range(1, 2)).addRules(range(5, 6)))
                .build(),
            scope);
    assertTrue(either.test(1));
    assertTrue(either.test(5));
    assertFalse(either.test(3));
    IntPredicate bothAndNot =
        UnlessPort.parse(
            ListenerFilterChainMatchPredicate.newBuilder()
                .setAndMatch(
                    MatchSet.newBuilder()
                        .addRules(range(1, 9))
                        .addRules(
                            ListenerFilterChainMatchPredicate.newBuilder()
                                .setNotMatch(range(5, 6))))
                .build(),
            scope);
    assertTrue(bothAndNot.test(4));
    assertFalse(bothAndNot.test(5));
    assertEquals(List.of(), problems.finish(() -> true).errors());
  }

  @Test
  void nonsenseIsNamedByPath() {
    UnlessPort.parse(range(7, 7), scope);
    UnlessPort.parse(ListenerFilterChainMatchPredicate.getDefaultInstance(), scope);
    UnlessPort.parse(
        ListenerFilterChainMatchPredicate.newBuilder()
            .setOrMatch(MatchSet.newBuilder().addRules(range(1, 2)))
            .build(),
        scope);
    assertEquals(
        List.of("p.destination_port_range", "p", "p.or_match.rules"),
        problems.finish(() -> true).errors().stream().map(Violation::path).toList());
  }

  private static ListenerFilterChainMatchPredicate range(int start, int end) {
    return ListenerFilterChainMatchPredicate.newBuilder()
        .setDestinationPortRange(Int32Range.newBuilder().setStart(start).setEnd(end))
        .build();
  }
}
