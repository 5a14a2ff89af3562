package io.meltemi.bench.load;

import io.meltemi.bench.process.Child;
import io.meltemi.bench.process.Children;
import io.meltemi.bench.process.JavaProgram;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One of our own generators, in a JVM of its own so that its pauses and its processor time are not
 * ours.
 *
 * @param program simple name of a class of {@code io.meltemi.bench.generator}
 * @param arguments before {@code SECONDS PORT PATH [HEADER...]}
 */
public record Generator(String program, List<String> arguments) implements Load {
  /** Line that a generator prints when its metered part begins. */
  private static final String BEGIN = "begin";

  private static final String END = "end";

  public Generator {
    arguments = List.copyOf(arguments);
  }

  /**
   * HTTP/1.1 at a fixed rate, latency from the intended send time.
   *
   * @param warmUpSeconds at the same rate, before the metered part
   */
  public static Generator openLoop(int connections, double rate, int warmUpSeconds) {
    return new Generator(
        "HttpGenerator",
        List.of(
            Integer.toString(connections), Double.toString(rate), Integer.toString(warmUpSeconds)));
  }

  /** HTTP/1.1 as fast as the answers come, for machines without {@code wrk}. */
  public static Generator closedLoop(int connections) {
    return openLoop(connections, 0, 0);
  }

  /** gRPC streams, each with one message on its way. */
  public static Generator grpcStreams(int connections, int streams) {
    return new Generator(
        "GrpcStreams", List.of(Integer.toString(connections), Integer.toString(streams)));
  }

  /** The command line of a program of {@code io.meltemi.bench.generator}. */
  public static List<String> java(String program, List<String> arguments) {
    return JavaProgram.command(
        List.of("-Xms64m", "-Xmx256m", "-Xmn32m"),
        "io.meltemi.bench.generator." + program,
        arguments);
  }

  @Override
  public LoadResult run(Children children, Target target, int seconds, Meter meter)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(arguments);
    all.add(Integer.toString(seconds));
    all.add(Integer.toString(target.port()));
    all.add(target.path());
    all.addAll(target.headers());
    Map<String, Double> values = new HashMap<>();
    List<String> rest = new ArrayList<>();
    try (Child child = children.pipe(program, java(program, all));
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(child.process().getInputStream(), StandardCharsets.UTF_8))) {
      String line;
      while ((line = lines.readLine()) != null) {
        if (line.equals(BEGIN)) {
          meter.begin();
        } else if (line.equals(END)) {
          meter.end();
        } else if (!take(line, values)) {
          rest.add(line);
        }
      }
      if (child.process().waitFor() != 0 || !values.containsKey("requests")) {
        throw new IOException(program + ": " + String.join("\n", rest) + child.output());
      }
    }
    double errors = values.getOrDefault("errors", 0.0);
    if (errors > 0) {
      throw new IOException(program + ": " + (long) errors + " requests failed");
    }
    return new LoadResult(
        values.getOrDefault("requests", 0.0).longValue(),
        values.getOrDefault("seconds", (double) seconds),
        values);
  }

  /** Takes {@code name=number}; false when the line is something else. */
  static boolean take(String line, Map<String, Double> values) {
    int equals = line.indexOf('=');
    if (equals <= 0) {
      return false;
    }
    try {
      values.put(line.substring(0, equals), Double.parseDouble(line.substring(equals + 1)));
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
