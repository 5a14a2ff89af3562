package io.meltemi.proxy.telemetry.accesslog;

import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.List;

/** Decides whether a stream is logged ({@code config.accesslog.v3.AccessLogFilter}). */
sealed interface LogFilter {
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

  /** Requests that are traced. */
  record Traced() implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return info.traced;
    }
  }

  /** Requests whose headers match. */
  record Header(HeaderMatcher matcher) implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return info.requestHeaders != null && matcher.matches(info.requestHeaders, MatchTrace.NONE);
    }
  }

  /**
   * Calls that ended so.
   *
   * @param statuses a bit for each of gRPC's
   */
  record GrpcStatus(long statuses, boolean exclude) implements LogFilter {
    private static final int UNKNOWN = 2;

    @Override
    public boolean admits(StreamInfo info) {
      int known = info.grpcStatus();
      int status = known < 0 ? UNKNOWN : known;
      return (status < Long.SIZE && (statuses >>> status & 1) != 0) != exclude;
    }
  }

  /**
   * Records of these moments.
   *
   * @param types numbers of {@code AccessLogType}, a bit for each
   */
  record Moment(long types, boolean exclude) implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return (types >>> info.logType() & 1) != 0 != exclude;
    }
  }

  /** What an extension says. */
  record Extension(LogConditionFactory.LogCondition condition) implements LogFilter {
    @Override
    public boolean admits(StreamInfo info) {
      return condition.admits(info);
    }
  }
}
