package io.meltemi.bench.scenario;

/**
 * How long and how often.
 *
 * @param rounds measured rounds of each peer, at least 1
 * @param seconds length of a round, at least 1
 * @param warmUpSeconds load of ours before it is looked at whether it is warm; 0 is no warm-up at
 *     all
 * @param connections keep-alive connections of the load, unless a scenario says otherwise
 */
public record Settings(int rounds, int seconds, int warmUpSeconds, int connections) {
  public static final Settings DEFAULT = new Settings(5, 2, 6, 32);

  public Settings {
    if (rounds < 1 || seconds < 1 || warmUpSeconds < 0 || connections < 1) {
      throw new IllegalArgumentException(
          "rounds "
              + rounds
              + ", seconds "
              + seconds
              + ", warm-up "
              + warmUpSeconds
              + ", connections "
              + connections
              + " (expected: 1 or more, warm-up 0 or more)");
    }
  }
}
