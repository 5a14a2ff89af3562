package io.meltemi.bench.load;

import java.util.Map;

/**
 * What a load achieved while it was metered.
 *
 * @param requests answered with success
 * @param seconds metered
 * @param values more figures, by the generator's names; empty for most
 */
public record LoadResult(long requests, double seconds, Map<String, Double> values) {
  public LoadResult {
    values = Map.copyOf(values);
  }
}
