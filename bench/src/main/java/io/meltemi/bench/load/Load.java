package io.meltemi.bench.load;

import io.meltemi.bench.process.Children;
import java.io.IOException;

/** A way to keep a target busy. */
public interface Load {
  /**
   * Loads a target.
   *
   * @param children where the generator is started
   * @param seconds length of the metered part, at least 1
   * @param meter told when the metered part begins and ends
   * @throws IOException when a program is missing, or an answer was no success
   */
  LoadResult run(Children children, Target target, int seconds, Meter meter)
      throws IOException, InterruptedException;

  /** Reads figures at the two ends of the metered part. */
  interface Meter {
    void begin() throws IOException;

    void end() throws IOException;
  }

  /** A meter that reads nothing. */
  Meter UNMETERED =
      new Meter() {
        @Override
        public void begin() {}

        @Override
        public void end() {}
      };
}
