package io.meltemi.bench.report;

/** How a figure stands against its goal. */
public enum Verdict {
  MOONSHOT("holds (moonshot)"),
  TARGET("holds (target)"),
  FLOOR("holds"),
  BELOW_FLOOR("below floor"),
  NO_FLOOR("–"),
  NOT_MEASURED("not measured");

  private final String text;

  Verdict(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
