package io.meltemi.bench.report;

import java.util.Arrays;
import java.util.List;

/**
 * The middle and the ends of a row of values.
 *
 * @param median mean of the two middle ones when their number is even
 * @param low the smallest
 * @param high the largest
 */
public record Spread(double median, double low, double high) {
  /**
   * Sums values up.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Spread of(List<Double> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("no values (expected: at least one)");
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return new Spread(
        (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2,
        sorted[0],
        sorted[sorted.length - 1]);
  }

  /** The ratios of ours to theirs, round by round; rounds that one of them lacks are left out. */
  public static Spread ofRatios(List<Double> ours, List<Double> theirs) {
    int rounds = Math.min(ours.size(), theirs.size());
    Double[] ratios = new Double[rounds];
    Arrays.setAll(ratios, i -> ours.get(i) / theirs.get(i));
    return of(Arrays.asList(ratios));
  }
}
