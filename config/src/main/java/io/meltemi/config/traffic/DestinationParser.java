package io.meltemi.config.traffic;

import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.OptionalInt;

/** Reads destinations and their weights. */
public final class DestinationParser {
  private DestinationParser() {}

  public static Destination parse(ObjectReader reader) {
    String host = reader.string("host");
    if (host.isEmpty()) {
      reader.require("host", "the name of a service");
      if (reader.has("host")) {
        reader.error("host", "\"\"", "the name of a service");
      }
    } else if (host.equals("*") || !Names.isWildcardDomain(host)) {
      reader.error("host", '"' + host + '"', "the name of a service, such as reviews");
    }
    String subset = reader.string("subset");
    if (!subset.isEmpty() && !Names.isLabelWord(subset)) {
      reader.error("subset", '"' + subset + '"', "letters, digits and inner '-'");
    }
    OptionalInt port =
        reader.object("port", DestinationParser::portNumber).orElse(OptionalInt.empty());
    return new Destination(host, subset, port);
  }

  private static OptionalInt portNumber(ObjectReader reader) {
    return reader.integer("number", 1, 65535);
  }

  /** Checks the weights of several destinations: their sum must not be zero. */
  public static void checkWeights(ObjectReader reader, String field, List<Integer> weights) {
    long sum = weights.stream().mapToLong(Integer::longValue).sum();
    if (weights.size() > 1 && sum == 0) {
      reader.error(field, "weights that sum up to 0", "at least one weight above 0");
    }
    if (sum > 0xFFFF_FFFFL) {
      reader.error(field, "weights that sum up to " + sum, "a sum of at most 4294967295");
    }
  }

  /** A share in percent: 0, or at least 0.0001 and at most 100. */
  public static java.util.Optional<Double> percent(ObjectReader reader, String field) {
    return reader.object(
        field,
        percent -> {
          double value = percent.number("value", 0, 100).orElse(0.0);
          if (value > 0 && value < 0.0001) {
            percent.error("value", percent.written("value"), "0, or at least 0.0001");
          }
          return value;
        });
  }
}
