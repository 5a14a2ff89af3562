package io.meltemi.proxy.telemetry;

/**
 * A histogram at one moment.
 *
 * @param bounds upper bounds of the buckets, rising; owned by this record
 * @param cumulative how many values were at or below the bound of the same index
 * @param count how many values there were in all
 * @param sum of all values
 */
@SuppressWarnings("ArrayRecordComponent") // read once by one scrape, never compared
public record Distribution(double[] bounds, long[] cumulative, long count, long sum) {

  /**
   * The value below which the given share of all values lie, interpolated within its bucket; NaN
   * when nothing was recorded.
   *
   * @param share 0.0 to 1.0
   */
  public double quantile(double share) {
    if (count == 0) {
      return Double.NaN;
    }
    double rank = share * count;
    double low = 0;
    long below = 0;
    for (int i = 0; i < bounds.length; i++) {
      if (cumulative[i] > below && cumulative[i] >= rank) {
        double within = Math.max(0, rank - below) / (cumulative[i] - below);
        return low + (bounds[i] - low) * within;
      }
      low = bounds[i];
      below = cumulative[i];
    }
    return bounds[bounds.length - 1];
  }
}
