package io.meltemi.proxy.telemetry;

import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A compiled format string with Envoy's command operators, such as {@code %REQ(:path)%}. Immutable;
 * any thread; formatting allocates nothing on its own. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators">command
 * operators</a>.
 */
public final class Formatter {
  private static final int PARTS_MAX = 256;

  /**
   * What operators take from outside of a stream.
   *
   * @param ticker wall clock of {@code %START_TIME%}
   * @param environment of the process; where it is empty {@code %ENVIRONMENT%} is refused
   */
  public record Sources(Ticker ticker, Map<String, String> environment) {
    public Sources {
      environment = Map.copyOf(environment);
    }

    public static Sources of(Ticker ticker) {
      return new Sources(ticker, Map.of());
    }
  }

  private final FormatOperator[] parts;
  private final byte[] missing;

  private Formatter(List<FormatOperator> parts, byte[] missing) {
    this.parts = parts.toArray(new FormatOperator[0]);
    this.missing = missing;
  }

  /**
   * Compiles a format.
   *
   * @param missing what is written for a value that is not there: {@code -} in log lines, nothing
   *     in headers
   * @return every unknown operator and bad parameter as an error
   */
  public static Validation<Formatter> parse(
      String format, String missing, Ticker ticker, Origin origin, String path) {
    return parse(format, missing, Sources.of(ticker), origin, path);
  }

  /** As above, with more that operators may ask for. */
  public static Validation<Formatter> parse(
      String format, String missing, Sources sources, Origin origin, String path) {
    Validation.Collector problems = new Validation.Collector();
    List<FormatOperator> parts = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    int at = 0;
    while (at < format.length()) {
      char c = format.charAt(at);
      if (c != '%') {
        text.append(c);
        at++;
      } else if (at + 1 < format.length() && format.charAt(at + 1) == '%') {
        text.append('%');
        at += 2;
      } else {
        int end = end(format, at);
        if (end < 0) {
          problems.error(origin, path, format.substring(at), "an operator that ends with %");
          break;
        }
        if (!text.isEmpty()) {
          parts.add(FormatOperators.text(text.toString()));
          text.setLength(0);
        }
        try {
          parts.add(FormatOperators.parse(format.substring(at + 1, end), sources));
        } catch (FormatOperators.Unsupported e) {
          problems.error(origin, path, format.substring(at, end + 1), e.expected());
        }
        at = end + 1;
      }
    }
    if (!text.isEmpty()) {
      parts.add(FormatOperators.text(text.toString()));
    }
    if (parts.size() > PARTS_MAX) {
      problems.error(origin, path, parts.size() + " parts", "at most " + PARTS_MAX);
    }
    return problems.finish(
        () -> new Formatter(parts, missing.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** The index of the percent sign that ends the operator; parentheses may hold one. */
  private static int end(String format, int start) {
    int depth = 0;
    for (int i = start + 1; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (c == '%' && depth <= 0) {
        return i;
      }
    }
    return -1;
  }

  /** True when the outcome depends on no stream. */
  public boolean isConstant() {
    for (FormatOperator part : parts) {
      if (!part.isConstant()) {
        return false;
      }
    }
    return true;
  }

  /** True when the format is one operator whose value is a number (JSON logs keep its type). */
  public boolean isNumber() {
    return parts.length == 1 && parts[0].isNumber();
  }

  /** True when the format is nothing but one operator. */
  public boolean isSingle() {
    return parts.length == 1 && !parts[0].isConstant();
  }

  /** Writes the formatted value behind what the output holds. */
  public void format(StreamInfo info, FormatOutput out) {
    for (FormatOperator part : parts) {
      if (!part.write(info, out)) {
        out.add(missing);
      }
    }
  }

  /**
   * As {@link #format}, but false when the single operator has no value; nothing is written then.
   */
  public boolean formatSingle(StreamInfo info, FormatOutput out) {
    return parts[0].write(info, out);
  }
}
