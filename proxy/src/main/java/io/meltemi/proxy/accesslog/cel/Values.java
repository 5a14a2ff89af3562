package io.meltemi.proxy.accesslog.cel;

import io.meltemi.proxy.telemetry.StreamInfo;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What operators make of values. Any thread. */
final class Values {
  private static final Pattern DURATION_PART =
      Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(h|ms|us|ns|m|s)");

  private Values() {}

  static boolean truth(Object value) throws Failure {
    if (value instanceof Boolean truth) {
      return truth;
    }
    throw new Failure();
  }

  static Object member(Object of, Object key, StreamInfo info) throws Failure {
    Object found =
        switch (of) {
          case Attributes attributes ->
              key instanceof String name ? attributes.get(name, info) : null;
          case Map<?, ?> map -> map.get(key);
          case List<?> list ->
              key instanceof Long index && index >= 0 && index < list.size()
                  ? list.get(index.intValue())
                  : null;
          default -> null;
        };
    if (found == null) {
      throw new Failure();
    }
    return found;
  }

  static boolean isIn(Object value, Object all, StreamInfo info) throws Failure {
    return switch (all) {
      case List<?> list -> list.stream().anyMatch(one -> isEqual(one, value));
      case Map<?, ?> map -> map.containsKey(value);
      case Attributes attributes ->
          value instanceof String name && attributes.get(name, info) != null;
      default -> throw new Failure();
    };
  }

  static boolean isEqual(Object a, Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      return compare(x, y) == 0;
    }
    return Objects.equals(a, b);
  }

  private static int compare(Number a, Number b) {
    return a instanceof Long x && b instanceof Long y
        ? Long.compare(x, y)
        : Double.compare(a.doubleValue(), b.doubleValue());
  }

  static int compare(Object a, Object b) throws Failure {
    if (a instanceof Number x && b instanceof Number y) {
      return compare(x, y);
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    if (a instanceof Duration x && b instanceof Duration y) {
      return x.compareTo(y);
    }
    if (a instanceof Instant x && b instanceof Instant y) {
      return x.compareTo(y);
    }
    if (a instanceof Boolean x && b instanceof Boolean y) {
      return x.compareTo(y);
    }
    throw new Failure();
  }

  static Object arithmetic(char operator, Object a, Object b) throws Failure {
    try {
      if (a instanceof Long x && b instanceof Long y) {
        return switch (operator) {
          case '+' -> Math.addExact(x, y);
          case '-' -> Math.subtractExact(x, y);
          case '*' -> Math.multiplyExact(x, y);
          case '/' -> Math.divideExact(x, y);
          default -> x % y;
        };
      }
      if (a instanceof Number x && b instanceof Number y && operator != '%') {
        double p = x.doubleValue();
        double q = y.doubleValue();
        return switch (operator) {
          case '+' -> p + q;
          case '-' -> p - q;
          case '*' -> p * q;
          default -> p / q;
        };
      }
      if (operator == '+' && a instanceof String x && b instanceof String y) {
        return x + y;
      }
      if (a instanceof Instant x && b instanceof Duration y && operator != '*') {
        return operator == '+' ? x.plus(y) : x.minus(y);
      }
      if (a instanceof Duration x && b instanceof Duration y && operator != '*') {
        return operator == '+' ? x.plus(y) : x.minus(y);
      }
    } catch (ArithmeticException | DateTimeException e) {
      throw new Failure();
    }
    throw new Failure();
  }

  static Object size(Object of) throws Failure {
    return switch (of) {
      case String text -> (long) text.codePointCount(0, text.length());
      case List<?> list -> (long) list.size();
      case Map<?, ?> map -> (long) map.size();
      default -> throw new Failure();
    };
  }

  static Object integer(Object from) throws Failure {
    try {
      return switch (from) {
        case Long same -> same;
        case Double real -> real.longValue();
        case String text -> Long.parseLong(text);
        case Instant time -> time.getEpochSecond();
        default -> throw new Failure();
      };
    } catch (NumberFormatException e) {
      throw new Failure();
    }
  }

  static Object real(Object from) throws Failure {
    try {
      return switch (from) {
        case Number number -> number.doubleValue();
        case String text -> Double.parseDouble(text);
        default -> throw new Failure();
      };
    } catch (NumberFormatException e) {
      throw new Failure();
    }
  }

  static Object text(Object from) throws Failure {
    return switch (from) {
      case String same -> same;
      case Long number -> number.toString();
      case Double number -> number.toString();
      case Boolean truth -> truth.toString();
      case Instant time -> time.toString();
      default -> throw new Failure();
    };
  }

  /** Such as {@code 1h30m} or {@code -1.5s}. */
  static Duration duration(Object from) throws Failure {
    if (!(from instanceof String text) || text.length() > 64) {
      throw new Failure();
    }
    boolean negative = text.startsWith("-");
    Matcher parts = DURATION_PART.matcher(negative ? text.substring(1) : text);
    int end = 0;
    double nanos = 0;
    while (parts.find() && parts.start() == end) {
      end = parts.end();
      double unit =
          switch (parts.group(2)) {
            case "h" -> 3600e9;
            case "m" -> 60e9;
            case "s" -> 1e9;
            case "ms" -> 1e6;
            case "us" -> 1e3;
            default -> 1;
          };
      nanos += Double.parseDouble(parts.group(1)) * unit;
    }
    if (end == 0 || end != text.length() - (negative ? 1 : 0) || nanos > 9e18) {
      throw new Failure();
    }
    return Duration.ofNanos(negative ? -(long) nanos : (long) nanos);
  }

  static Instant timestamp(Object from) throws Failure {
    try {
      if (from instanceof String text) {
        return Instant.parse(text);
      }
      if (from instanceof Long seconds) {
        return Instant.ofEpochSecond(seconds);
      }
    } catch (DateTimeException e) {
      throw new Failure();
    }
    throw new Failure();
  }
}
