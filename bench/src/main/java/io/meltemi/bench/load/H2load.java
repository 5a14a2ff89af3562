package io.meltemi.bench.load;

import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code h2load}: HTTP/2 as fast as the answers come.
 *
 * @param connections kept alive
 * @param streams at once on each connection
 * @param body sent with each request, which makes it a POST; empty for GET
 */
public record H2load(int connections, int streams, Optional<Path> body) implements Load {
  private static final Pattern FINISHED = Pattern.compile("finished in ([0-9.]+)(us|ms|s|m)");
  private static final Pattern REQUESTS =
      Pattern.compile(
          "requests: \\d+ total, \\d+ started, (\\d+) done, (\\d+) succeeded, (\\d+) failed, (\\d+) errored, (\\d+) timeout");
  private static final Pattern DATA = Pattern.compile("\\((\\d+)\\) data");
  private static final Pattern STATUS =
      Pattern.compile("status codes: \\d+ 2xx, (\\d+) 3xx, (\\d+) 4xx, (\\d+) 5xx");

  @Override
  public LoadResult run(Children children, Target target, int seconds, Meter meter)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Tool.H2LOAD.require().toString(),
                "-t1",
                "-c" + connections,
                "-m" + streams,
                "-D" + seconds,
                target.http2() ? "-ph2c" : "--h1"));
    if (target.scheme().equals("https") && target.http2()) {
      command.remove("-ph2c");
    }
    target.headers().forEach(header -> command.addAll(List.of("-H", header)));
    body.ifPresent(file -> command.addAll(List.of("-d", file.toString())));
    command.add(target.url());
    meter.begin();
    try (Child h2load = children.start("h2load", command)) {
      h2load.process().waitFor();
      meter.end();
      return parse(h2load.output(), seconds);
    }
  }

  /**
   * Reads its output.
   *
   * @param seconds what it was asked for; used when it does not tell
   * @throws IOException when it has no count, or tells of errors
   */
  static LoadResult parse(String output, int seconds) throws IOException {
    Matcher requests = REQUESTS.matcher(output);
    if (!requests.find()) {
      throw new IOException("h2load printed no count of requests: " + output.strip());
    }
    long troubled =
        Long.parseLong(requests.group(3))
            + Long.parseLong(requests.group(4))
            + Long.parseLong(requests.group(5));
    if (troubled > 0) {
      throw new IOException("h2load: " + requests.group());
    }
    Matcher status = STATUS.matcher(output);
    if (status.find() && !(status.group(1) + status.group(2) + status.group(3)).matches("0+")) {
      throw new IOException("h2load: " + status.group());
    }
    long succeeded = Long.parseLong(requests.group(2));
    if (succeeded == 0) {
      throw new IOException("h2load: no request succeeded");
    }
    Matcher finished = FINISHED.matcher(output);
    double taken = seconds;
    if (finished.find()) {
      double unit =
          switch (finished.group(2)) {
            case "us" -> 1e-6;
            case "ms" -> 1e-3;
            case "m" -> 60;
            default -> 1;
          };
      taken = Double.parseDouble(finished.group(1)) * unit;
    }
    Matcher data = DATA.matcher(output);
    return new LoadResult(
        succeeded,
        taken,
        data.find() ? Map.of(LoadResult.BYTES, Double.parseDouble(data.group(1))) : Map.of());
  }
}
