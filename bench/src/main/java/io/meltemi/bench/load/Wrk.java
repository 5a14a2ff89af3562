package io.meltemi.bench.load;

import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.Tool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code wrk}: HTTP/1.1 as fast as the answers come.
 *
 * @param connections kept alive, unless a header of the target says otherwise
 */
public record Wrk(int connections) implements Load {
  private static final Pattern REQUESTS =
      Pattern.compile("(\\d+) requests in ([0-9.]+)(us|ms|s|m|h)(?:, ([0-9.]+)([KMGT]?)B read)?");
  private static final Pattern TROUBLE =
      Pattern.compile("Non-2xx or 3xx responses: \\d+|Socket errors: .*");

  @Override
  public LoadResult run(Children children, Target target, int seconds, Meter meter)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Tool.WRK.require().toString(),
                "-t1",
                "-c" + connections,
                "-d" + seconds + "s",
                "--timeout",
                "10s"));
    target.headers().forEach(header -> command.addAll(List.of("-H", header)));
    command.add(target.url());
    meter.begin();
    try (Child wrk = children.start("wrk", command)) {
      wrk.process().waitFor();
      meter.end();
      return parse(wrk.output());
    }
  }

  /**
   * Reads its output.
   *
   * @throws IOException when it has no count, or tells of errors
   */
  static LoadResult parse(String output) throws IOException {
    Matcher requests = REQUESTS.matcher(output);
    Matcher trouble = TROUBLE.matcher(output);
    if (!requests.find()) {
      throw new IOException("wrk printed no count of requests: " + output.strip());
    }
    if (trouble.find()) {
      throw new IOException("wrk: " + trouble.group());
    }
    double unit =
        switch (requests.group(3)) {
          case "us" -> 1e-6;
          case "ms" -> 1e-3;
          case "m" -> 60;
          case "h" -> 3600;
          default -> 1;
        };
    Map<String, Double> values =
        requests.group(4) == null
            ? Map.of()
            : Map.of(
                LoadResult.BYTES,
                Double.parseDouble(requests.group(4))
                    * Math.pow(
                        1024,
                        requests.group(5).isEmpty() ? 0 : "KMGT".indexOf(requests.group(5)) + 1));
    return new LoadResult(
        Long.parseLong(requests.group(1)), Double.parseDouble(requests.group(2)) * unit, values);
  }
}
