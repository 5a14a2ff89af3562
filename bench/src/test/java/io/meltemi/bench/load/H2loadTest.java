package io.meltemi.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class H2loadTest {
  private static final String OUTPUT =
      """
      starting benchmark...
      Warm-up started for thread #0.
      progress: 10%% of clients started

      finished in 2.00s, 29400.00 req/s, 32.04MB/s
      requests: 58800 total, 58928 started, 58800 done, 58800 succeeded, %d failed, %d errored, 0 timeout
      status codes: %d 2xx, 0 3xx, %d 4xx, 0 5xx
      traffic: 64.09MB (67203200) total, 1.12MB (1176000) headers (space savings 92.99%%), 57.42MB (60211200) data
      """;

  @Test
  void readsTheCount() throws IOException {
    LoadResult result = H2load.parse(OUTPUT.formatted(0, 0, 58800, 0), 9);

    assertEquals(58800, result.requests());
    assertEquals(2, result.seconds());
    result.checkBodies(1024);
    assertThrows(IOException.class, () -> result.checkBodies(1100));
  }

  @Test
  void takesTheWantedLengthWhenItDoesNotTell() throws IOException {
    String output =
        "requests: 5 total, 5 started, 5 done, 5 succeeded, 0 failed, 0 errored, 0 timeout";

    assertEquals(9, H2load.parse(output, 9).seconds());
  }

  @ParameterizedTest
  @CsvSource({"1,0,58800,0", "0,1,58800,0", "0,0,58799,1", "0,0,0,58800"})
  void errorsAreNotLeftOut(int failed, int errored, int good, int bad) {
    assertThrows(
        IOException.class, () -> H2load.parse(OUTPUT.formatted(failed, errored, good, bad), 2));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Could not connect to host",
        "requests: 0 total, 0 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout"
      })
  void noCountIsAnError(String output) {
    assertThrows(IOException.class, () -> H2load.parse(output, 2));
  }
}
