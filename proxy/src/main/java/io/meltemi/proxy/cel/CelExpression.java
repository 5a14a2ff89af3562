package io.meltemi.proxy.cel;

import dev.cel.common.CelErrorCode;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.Program;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StreamInfo;
import org.jspecify.annotations.Nullable;

/** An expression in force. Immutable; any event loop. */
public final class CelExpression {
  private final Program program;
  private final Ticker ticker;
  private final Counter overBudget;

  CelExpression(Program program, Ticker ticker, Counter overBudget) {
    this.program = program;
    this.ticker = ticker;
    this.overBudget = overBudget;
  }

  /** Whether the value for a stream is true; one that is missing or of another kind is not. */
  public boolean holds(StreamInfo info) {
    return Boolean.TRUE.equals(value(info));
  }

  /**
   * Null or false when there is none: something is missing, or of a kind that an operator cannot
   * take.
   */
  @Nullable Object value(StreamInfo info) {
    try {
      return program.eval(new Attributes(info, ticker));
    } catch (CelEvaluationException e) {
      if (e.getErrorCode() == CelErrorCode.ITERATION_BUDGET_EXCEEDED) {
        overBudget.inc();
      }
      return null;
    }
  }
}
