package io.meltemi.proxy.cel;

import com.google.api.expr.v1alpha1.Expr;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Stats;
import org.jspecify.annotations.Nullable;

/**
 * Makes expressions of texts and of parsed trees. Bounded are a text's length, a tree's depth and,
 * while one is evaluated, the rounds of its macros; {@code cel.over_budget} counts what ran out of
 * rounds. The library is loaded for the first expression. Any thread.
 */
public final class CelExpressions {
  static final int LENGTH_MAX = 32_768;
  static final int DEPTH_MAX = 100;
  static final int ROUNDS_MAX = 1_000;

  private final Ticker ticker;
  private final Stats stats;
  private @Nullable Engine engine;

  /**
   * @param ticker of {@code request.time}
   */
  public CelExpressions(Ticker ticker, Stats stats) {
    this.ticker = ticker;
    this.stats = stats;
  }

  /** An expression that is written down. */
  public CelExpression parse(String text) throws BadExpressionException {
    return engine().parse(text);
  }

  /** An expression that was parsed elsewhere. */
  public CelExpression of(Expr tree) throws BadExpressionException {
    return engine().of(tree);
  }

  private synchronized Engine engine() {
    Engine made = engine;
    if (made == null) {
      made = new Engine(ticker, stats.counter("cel.over_budget"));
      engine = made;
    }
    return made;
  }
}
