package io.meltemi.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrkTest {
  @Test
  void readsTheCount() throws IOException {
    LoadResult result =
        Wrk.parse(
            """
            Running 2s test @ http://127.0.0.1:4000/
              1 threads and 32 connections
              Thread Stats   Avg      Stdev     Max   +/- Stdev
                Latency     1.05ms    0.95ms  22.41ms   96.12%
                Req/Sec    29.33k     2.11k   31.02k    80.00%
              58671 requests in 2.01s, 70.10MB read
            Requests/sec:  29189.55
            Transfer/sec:     34.88MB
            """);

    assertEquals(new LoadResult(58671, 2.01, Map.of("bytes", 70.10 * 1024 * 1024)), result);
  }

  @Test
  void answersThatAreTooShortAreAnError() throws IOException {
    LoadResult result = Wrk.parse("  100 requests in 1.00s, 110.00KB read");

    result.checkBodies(1024);

    assertThrows(IOException.class, () -> result.checkBodies(1200));
    assertEquals(7, Wrk.parse("  1 requests in 1.00s, 7.00B read").values().get("bytes"));
  }

  @Test
  void readsLongRunsInMinutes() throws IOException {
    assertEquals(90, Wrk.parse("  7 requests in 1.50m, 1.0KB read").seconds(), 1e-9);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Non-2xx or 3xx responses: 12",
        "Socket errors: connect 0, read 3, write 0, timeout 0"
      })
  void errorsAreNotLeftOut(String line) {
    String output = "  100 requests in 1.00s, 1.0KB read\n  " + line + "\n";

    IOException e = assertThrows(IOException.class, () -> Wrk.parse(output));

    assertEquals("wrk: " + line, e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "unable to connect to 127.0.0.1:1 Connection refused", "requests in 2.00s"})
  void noCountIsAnError(String output) {
    IOException e = assertThrows(IOException.class, () -> Wrk.parse(output));

    assertEquals("wrk printed no count of requests: " + output, e.getMessage());
  }
}
