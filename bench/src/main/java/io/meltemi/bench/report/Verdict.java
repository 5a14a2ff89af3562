package io.meltemi.bench.report;

/** How a figure stands against its goal, from best to worst. */
public enum Verdict {
  MOONSHOT("holds (moonshot)"),
  TARGET("holds (target)"),
  FLOOR("holds"),
  NO_FLOOR("–"),
  BELOW_FLOOR("below floor"),
  NOT_MEASURED("not measured");

  private final String text;

  Verdict(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
