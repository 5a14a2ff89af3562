package io.meltemi.bench.load;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;

/**
 * What a load achieved while it was metered.
 *
 * @param requests answered with success
 * @param seconds metered
 * @param values more figures, by the generator's names; empty for most
 */
public record LoadResult(long requests, double seconds, Map<String, Double> values) {
  /** Name of the figure that counts the bytes of all answers, as near as the generator tells. */
  static final String BYTES = "bytes";

  /** The generators round: 1.05MB may be 1.045. */
  private static final double NEAR = 0.98;

  public LoadResult {
    values = Map.copyOf(values);
  }

  /**
   * Fails when the answers were too short to be the expected ones: a status alone is soon given.
   *
   * @param bodyBytes of each answer
   */
  public void checkBodies(int bodyBytes) throws IOException {
    Double bytes = values.get(BYTES);
    if (bytes != null && bytes < NEAR * bodyBytes * requests) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%d answers had %.0f bytes (expected: at least %d each)",
              requests,
              bytes,
              bodyBytes));
    }
  }
}
