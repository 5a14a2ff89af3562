package io.meltemi.proxy.matcher;

import java.util.ArrayList;
import java.util.List;

/**
 * The derivation of a decision: what was tried, which predicate failed, what won. A matcher runs
 * the same code traced or not and writes only where {@link #isRecording()} holds, so {@link #NONE}
 * costs one field read. Not thread-safe; one per evaluation.
 */
public final class MatchTrace {
  /** Records nothing. */
  public static final MatchTrace NONE = new MatchTrace(false);

  /**
   * One line of the derivation.
   *
   * @param depth nesting, 0 for the outermost
   * @param subject what was evaluated, such as {@code virtual_host reviews}
   * @param outcome what came of it
   * @param detail the predicate and the value it saw; may be empty
   */
  public record Step(int depth, String subject, Outcome outcome, String detail) {
    @Override
    public String toString() {
      return "  ".repeat(depth)
          + subject
          + ": "
          + outcome.text
          + (detail.isEmpty() ? "" : " (" + detail + ")");
    }
  }

  /** What came of one step. */
  public enum Outcome {
    MATCHED("matched"),
    FAILED("no match"),
    ENTERED("trying");

    private final String text;

    Outcome(String text) {
      this.text = text;
    }
  }

  private final boolean recording;
  private final List<Step> steps;
  private int depth;

  private MatchTrace(boolean recording) {
    this.recording = recording;
    this.steps = recording ? new ArrayList<>() : List.of();
  }

  /** A trace that keeps every step. */
  public static MatchTrace recording() {
    return new MatchTrace(true);
  }

  /** False for {@link #NONE}: then nothing may be built for the trace. */
  public boolean isRecording() {
    return recording;
  }

  /** Starts a nested evaluation; {@link #exit} ends it. */
  public void enter(String subject, String detail) {
    step(subject, Outcome.ENTERED, detail);
    depth++;
  }

  /** Ends the evaluation begun last. */
  public void exit() {
    depth--;
  }

  public void matched(String subject, String detail) {
    step(subject, Outcome.MATCHED, detail);
  }

  public void failed(String subject, String detail) {
    step(subject, Outcome.FAILED, detail);
  }

  /** Writes matched or failed, as the result says, and returns the result. */
  public boolean result(boolean matched, String subject, String detail) {
    step(subject, matched ? Outcome.MATCHED : Outcome.FAILED, detail);
    return matched;
  }

  private void step(String subject, Outcome outcome, String detail) {
    if (recording) {
      steps.add(new Step(depth, subject, outcome, detail));
    }
  }

  /** The steps so far, in order of evaluation. */
  public List<Step> steps() {
    return List.copyOf(steps);
  }

  /** One step a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Step step : steps) {
      text.append(step).append('\n');
    }
    return text.toString();
  }
}
