package io.meltemi.proxy.telemetry.accesslog;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ComparisonFilter;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.ArrayList;
import java.util.List;

/** Decides whether a stream is logged ({@code config.accesslog.v3.AccessLogFilter}). */
sealed interface LogFilter {
  /** {@code NE} is newer than the published messages. */
  int NOT_EQUAL = 3;

  SupportedFields FIELDS =
      SupportedFields.of(
          AccessLogFilter.class,
          "status_code_filter",
          "duration_filter",
          "not_health_check_filter",
          "and_filter",
          "or_filter",
          "response_flag_filter");

  boolean admits(StreamInfo info);

  /** Every stream. */
  record All() implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return true;
    }
  }

  /** Compares a number of the stream with a limit. */
  record Compare(Subject subject, Operator operator, long limit) implements LogFilter {
    enum Operator {
      EQUAL,
      AT_LEAST,
      AT_MOST,
      OTHER
    }

    enum Subject {
      STATUS,
      DURATION_MS
    }

    @Override
    public boolean admits(StreamInfo info) {
      long value =
          switch (subject) {
            case STATUS -> info.responseCode;
            case DURATION_MS -> (info.endNanos - info.startNanos) / 1_000_000;
          };
      return switch (operator) {
        case EQUAL -> value == limit;
        case AT_LEAST -> value >= limit;
        case AT_MOST -> value <= limit;
        case OTHER -> value != limit;
      };
    }
  }

  /** Streams that are no health checks. */
  record NotHealthCheck() implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return !info.healthCheck;
    }
  }

  /** Streams with one of these flags, or with any flag when there are none given. */
  record Flags(long bits) implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return bits == 0 ? info.responseFlags != 0 : (info.responseFlags & bits) != 0;
    }
  }

  /** All of, or any of. */
  record Combined(boolean all, List<LogFilter> filters) implements LogFilter {
    public Combined {
      filters = List.copyOf(filters);
    }

    @Override
    public boolean admits(StreamInfo info) {
      for (LogFilter filter : filters) {
        if (filter.admits(info) != all) {
          return !all;
        }
      }
      return all;
    }
  }

  static LogFilter parse(AccessLogFilter filter, ParseScope scope) {
    FIELDS.check(filter, scope);
    return switch (filter.getFilterSpecifierCase()) {
      case STATUS_CODE_FILTER ->
          compare(
              Compare.Subject.STATUS,
              filter.getStatusCodeFilter().getComparison(),
              scope.field("status_code_filter").field("comparison"));
      case DURATION_FILTER ->
          compare(
              Compare.Subject.DURATION_MS,
              filter.getDurationFilter().getComparison(),
              scope.field("duration_filter").field("comparison"));
      case NOT_HEALTH_CHECK_FILTER -> new NotHealthCheck();
      case AND_FILTER ->
          combined(true, filter.getAndFilter().getFiltersList(), scope.field("and_filter"));
      case OR_FILTER ->
          combined(false, filter.getOrFilter().getFiltersList(), scope.field("or_filter"));
      case RESPONSE_FLAG_FILTER -> flags(filter, scope.field("response_flag_filter"));
      default -> new All();
    };
  }

  private static Flags flags(AccessLogFilter filter, ParseScope scope) {
    long bits = 0;
    for (String name : filter.getResponseFlagFilter().getFlagsList()) {
      long bit = bit(name);
      if (bit == 0) {
        scope.field("flags").error(name, "a response flag such as NR");
      }
      bits |= bit;
    }
    return new Flags(bits);
  }

  private static Compare compare(
      Compare.Subject subject, ComparisonFilter comparison, ParseScope scope) {
    Compare.Operator operator =
        switch (comparison.getOpValue()) {
          case 0 -> Compare.Operator.EQUAL;
          case 1 -> Compare.Operator.AT_LEAST;
          case 2 -> Compare.Operator.AT_MOST;
          case NOT_EQUAL -> Compare.Operator.OTHER;
          default -> {
            scope.field("op").error("" + comparison.getOpValue(), "EQ, GE, LE or NE");
            yield Compare.Operator.EQUAL;
          }
        };
    return new Compare(subject, operator, comparison.getValue().getDefaultValue());
  }

  private static LogFilter combined(boolean all, List<AccessLogFilter> filters, ParseScope scope) {
    List<LogFilter> parsed = new ArrayList<>();
    for (int i = 0; i < filters.size(); i++) {
      parsed.add(parse(filters.get(i), scope.field("filters", i)));
    }
    return new Combined(all, parsed);
  }

  private static long bit(String shortName) {
    for (ResponseFlag flag : ResponseFlag.values()) {
      if (flag.shortName().equals(shortName)) {
        return flag.bit();
      }
    }
    return 0;
  }
}
