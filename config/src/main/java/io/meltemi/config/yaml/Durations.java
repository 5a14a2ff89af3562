package io.meltemi.config.yaml;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as Go and proto JSON write them. */
final class Durations {
  private static final Pattern PART =
      Pattern.compile("([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h)");
  private static final BigInteger NANOS_MAX = BigInteger.valueOf(Long.MAX_VALUE);

  private Durations() {}

  /** Reads {@code 1h2m3.5s}, {@code 10ms}, {@code 0}; empty when it is none, or too long. */
  static Optional<Duration> parse(String text) {
    if (text.length() > 64) {
      return Optional.empty();
    }
    boolean negative = text.startsWith("-");
    String rest = negative || text.startsWith("+") ? text.substring(1) : text;
    if (rest.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher matcher = PART.matcher(rest);
    int position = 0;
    while (position < rest.length() && matcher.find() && matcher.start() == position) {
      nanos = nanos.add(new BigDecimal(matcher.group(1)).multiply(unit(matcher.group(2))));
      position = matcher.end();
    }
    BigInteger whole = nanos.toBigInteger();
    if (position == 0 || position != rest.length() || whole.compareTo(NANOS_MAX) > 0) {
      return Optional.empty();
    }
    return Optional.of(Duration.ofNanos(negative ? -whole.longValue() : whole.longValue()));
  }

  private static BigDecimal unit(String unit) {
    return BigDecimal.valueOf(
        switch (unit) {
          case "ns" -> 1L;
          case "us", "µs" -> 1_000L;
          case "ms" -> 1_000_000L;
          case "s" -> 1_000_000_000L;
          case "m" -> 60_000_000_000L;
          default -> 3_600_000_000_000L;
        });
  }
}
