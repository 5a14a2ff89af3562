package io.meltemi.proxy.telemetry.accesslog;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ComparisonFilter;
import io.envoyproxy.envoy.config.accesslog.v3.ExtensionFilter;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.ResponseFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code AccessLogFilter} to {@link LogFilter}. Any thread.
 *
 * @param conditions kinds of extensions by type URL
 */
record LogFilterParser(Map<String, LogConditionFactory> conditions) {
  /** {@code NE} is newer than the published messages. */
  private static final int NOT_EQUAL = 3;

  private static final SupportedFields FIELDS =
      SupportedFields.of(
          AccessLogFilter.class,
          "status_code_filter",
          "duration_filter",
          "not_health_check_filter",
          "traceable_filter",
          "and_filter",
          "or_filter",
          "header_filter",
          "response_flag_filter",
          "grpc_status_filter",
          "extension_filter",
          "log_type_filter");

  LogFilter parse(AccessLogFilter filter, ParseScope scope) {
    FIELDS.check(filter, scope);
    return switch (filter.getFilterSpecifierCase()) {
      case STATUS_CODE_FILTER ->
          compare(
              LogFilter.Compare.Subject.STATUS,
              filter.getStatusCodeFilter().getComparison(),
              scope.field("status_code_filter").field("comparison"));
      case DURATION_FILTER ->
          compare(
              LogFilter.Compare.Subject.DURATION_MS,
              filter.getDurationFilter().getComparison(),
              scope.field("duration_filter").field("comparison"));
      case NOT_HEALTH_CHECK_FILTER -> new LogFilter.NotHealthCheck();
      case AND_FILTER ->
          combined(true, filter.getAndFilter().getFiltersList(), scope.field("and_filter"));
      case OR_FILTER ->
          combined(false, filter.getOrFilter().getFiltersList(), scope.field("or_filter"));
      case RESPONSE_FLAG_FILTER -> flags(filter, scope.field("response_flag_filter"));
      case TRACEABLE_FILTER -> new LogFilter.Traced();
      case HEADER_FILTER ->
          HeaderMatcherParser.parse(
                  filter.getHeaderFilter().getHeader(),
                  scope.field("header_filter").field("header"))
              .<LogFilter>map(LogFilter.Header::new)
              .orElse(new LogFilter.All());
      case GRPC_STATUS_FILTER -> grpcStatus(filter, scope.field("grpc_status_filter"));
      case LOG_TYPE_FILTER -> moment(filter, scope.field("log_type_filter"));
      case EXTENSION_FILTER ->
          extension(filter.getExtensionFilter(), scope.field("extension_filter"));
      case RUNTIME_FILTER, METADATA_FILTER, FILTERSPECIFIER_NOT_SET -> new LogFilter.All();
    };
  }

  private static LogFilter grpcStatus(AccessLogFilter filter, ParseScope scope) {
    long statuses = 0;
    for (int number : filter.getGrpcStatusFilter().getStatusesValueList()) {
      if (number < 0 || number > 16) {
        scope.field("statuses").error(Integer.toString(number), "a status of gRPC");
      } else {
        statuses |= 1L << number;
      }
    }
    return new LogFilter.GrpcStatus(statuses, filter.getGrpcStatusFilter().getExclude());
  }

  private static LogFilter moment(AccessLogFilter filter, ParseScope scope) {
    long types = 0;
    for (int number : filter.getLogTypeFilter().getTypesValueList()) {
      if (number < 0 || number > 13) {
        scope.field("types").error(Integer.toString(number), "a type of access log");
      } else {
        types |= 1L << number;
      }
    }
    return new LogFilter.Moment(types, filter.getLogTypeFilter().getExclude());
  }

  private LogFilter extension(ExtensionFilter filter, ParseScope scope) {
    ParseScope at = scope.field("typed_config");
    LogConditionFactory factory = conditions.get(filter.getTypedConfig().getTypeUrl());
    if (factory == null) {
      at.unsupported(filter.getName() + " " + filter.getTypedConfig().getTypeUrl());
      return new LogFilter.All();
    }
    return factory
        .parse(filter.getTypedConfig(), at)
        .<LogFilter>map(LogFilter.Extension::new)
        .orElse(new LogFilter.All());
  }

  private static LogFilter.Flags flags(AccessLogFilter filter, ParseScope scope) {
    long bits = 0;
    for (String name : filter.getResponseFlagFilter().getFlagsList()) {
      long bit = bit(name);
      if (bit == 0) {
        scope.field("flags").error(name, "a response flag such as NR");
      }
      bits |= bit;
    }
    return new LogFilter.Flags(bits);
  }

  private static LogFilter.Compare compare(
      LogFilter.Compare.Subject subject, ComparisonFilter comparison, ParseScope scope) {
    LogFilter.Compare.Operator operator =
        switch (comparison.getOpValue()) {
          case 0 -> LogFilter.Compare.Operator.EQUAL;
          case 1 -> LogFilter.Compare.Operator.AT_LEAST;
          case 2 -> LogFilter.Compare.Operator.AT_MOST;
          case NOT_EQUAL -> LogFilter.Compare.Operator.OTHER;
          default -> {
            scope.field("op").error("" + comparison.getOpValue(), "EQ, GE, LE or NE");
            yield LogFilter.Compare.Operator.EQUAL;
          }
        };
    return new LogFilter.Compare(subject, operator, comparison.getValue().getDefaultValue());
  }

  private LogFilter combined(boolean all, List<AccessLogFilter> filters, ParseScope scope) {
    List<LogFilter> parsed = new ArrayList<>();
    for (int i = 0; i < filters.size(); i++) {
      parsed.add(parse(filters.get(i), scope.field("filters", i)));
    }
    return new LogFilter.Combined(all, parsed);
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
