package io.meltemi.proxy.matcher;

/**
 * A share of all cases, as Envoy's {@code FractionalPercent}.
 *
 * @param numerator 0 or more; at or above the denominator it means always
 * @param denominator 100, 10 000 or 1 000 000
 */
public record Fraction(long numerator, long denominator) {
  public static final Fraction ALWAYS = new Fraction(100, 100);
  public static final Fraction NEVER = new Fraction(0, 100);

  public Fraction {
    if (numerator < 0 || denominator <= 0) {
      throw new IllegalArgumentException(
          "fraction: " + numerator + "/" + denominator + " (expected: >= 0 and > 0)");
    }
  }

  /** Whether a case with these random bits falls into the share; the same bits decide alike. */
  public boolean includes(long random) {
    return Long.remainderUnsigned(random, denominator) < numerator;
  }

  @Override
  public String toString() {
    return numerator + "/" + denominator;
  }
}
