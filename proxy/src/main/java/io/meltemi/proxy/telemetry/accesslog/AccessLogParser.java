package io.meltemi.proxy.telemetry.accesslog;

import com.google.protobuf.Any;
import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StderrAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StdoutAccessLog;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes access logs out of their configuration ({@code config.accesslog.v3.AccessLog}).
 * Configuration threads; opens the files it names.
 */
public final class AccessLogParser {
  /** Envoy's format for a logger that has none. */
  static final String DEFAULT_FORMAT =
      "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\""
          + " %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION%"
          + " %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\""
          + " \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\""
          + " \"%UPSTREAM_HOST%\"\n";

  private static final SupportedFields LOGGER =
      SupportedFields.of(
          io.envoyproxy.envoy.config.accesslog.v3.AccessLog.class,
          "name",
          "filter",
          "typed_config");
  private static final SupportedFields FILE =
      SupportedFields.of(
          FileAccessLog.class, "path", "format", "json_format", "typed_json_format", "log_format");
  private static final SupportedFields STDOUT =
      SupportedFields.of(StdoutAccessLog.class, "log_format");
  private static final SupportedFields STDERR =
      SupportedFields.of(StderrAccessLog.class, "log_format");
  private static final SupportedFields FORMAT =
      SupportedFields.of(
          SubstitutionFormatString.class,
          "text_format",
          "text_format_source",
          "json_format",
          "omit_empty_values",
          "json_format_options");

  private final LogFiles files;
  private final Formatter.Sources sources;
  private final Map<String, LogSinkFactory> sinks = new HashMap<>();
  private final Map<String, LogConditionFactory> conditions = new HashMap<>();

  /**
   * @param sinks kinds of logs beside files
   * @param conditions kinds of filters beside those of the API itself
   */
  public AccessLogParser(
      LogFiles files,
      Formatter.Sources sources,
      List<LogSinkFactory> sinks,
      List<LogConditionFactory> conditions) {
    this.files = files;
    this.sources = sources;
    sinks.forEach(sink -> sink.typeUrls().forEach(url -> this.sinks.put(url, sink)));
    conditions.forEach(
        condition -> condition.typeUrls().forEach(url -> this.conditions.put(url, condition)));
  }

  /**
   * Parses the loggers of one listener, connection manager or TCP proxy.
   *
   * @param scope the message that holds the list
   * @param field name of the list, such as {@code access_log}
   * @return one log that feeds all; not to be used when the scope has collected errors
   */
  public AccessLog parse(
      List<io.envoyproxy.envoy.config.accesslog.v3.AccessLog> configs,
      ParseScope scope,
      String field) {
    List<AccessLog> logs = new ArrayList<>();
    for (int i = 0; i < configs.size(); i++) {
      parseOne(configs.get(i), scope.field(field, i)).ifPresent(logs::add);
    }
    AccessLog[] all = logs.toArray(new AccessLog[0]);
    return switch (all.length) {
      case 0 -> _ -> {};
      case 1 -> all[0];
      default ->
          info -> {
            for (AccessLog log : all) {
              log.log(info);
            }
          };
    };
  }

  private Optional<AccessLog> parseOne(
      io.envoyproxy.envoy.config.accesslog.v3.AccessLog config, ParseScope scope) {
    LOGGER.check(config, scope);
    LogFilter filter =
        new LogFilterParser(conditions).parse(config.getFilter(), scope.field("filter"));
    LogSinkFactory other = sinks.get(config.getTypedConfig().getTypeUrl());
    if (other != null) {
      return other
          .parse(config.getTypedConfig(), scope.field("typed_config"))
          .map(log -> filter instanceof LogFilter.All ? log : new FilteredLog(log, filter));
    }
    Optional<Sink> sink = sink(config.getTypedConfig(), config.getName(), scope);
    if (sink.isEmpty()) {
      return Optional.empty();
    }
    String path = sink.get().file();
    try {
      return Optional.of(new FileLog(files.open(path), sink.get().format(), filter));
    } catch (IOException e) {
      scope.field("typed_config").field("path").error(path, "a file that can be written: " + e);
      return Optional.empty();
    }
  }

  private record Sink(String file, LineFormat format) {}

  private Optional<Sink> sink(Any config, String name, ParseScope scope) {
    ParseScope typed = scope.field("typed_config");
    if (MessageTypes.holds(config, FileAccessLog.class)) {
      return typed.unpack(config, FileAccessLog.class, FILE).flatMap(file -> file(file, typed));
    }
    if (MessageTypes.holds(config, StdoutAccessLog.class)) {
      return typed
          .unpack(config, StdoutAccessLog.class, STDOUT)
          .flatMap(out -> stream("/dev/stdout", out.hasLogFormat(), out.getLogFormat(), typed));
    }
    if (MessageTypes.holds(config, StderrAccessLog.class)) {
      return typed
          .unpack(config, StderrAccessLog.class, STDERR)
          .flatMap(err -> stream("/dev/stderr", err.hasLogFormat(), err.getLogFormat(), typed));
    }
    scope.unsupported(name + " " + config.getTypeUrl());
    return Optional.empty();
  }

  @SuppressWarnings("deprecation") // many bootstraps still use the old format fields
  private Optional<Sink> file(FileAccessLog file, ParseScope scope) {
    if (file.getPath().isEmpty()) {
      scope.field("path").error("", "a file path");
    }
    Optional<LineFormat> format =
        switch (file.getAccessLogFormatCase()) {
          case FORMAT -> text(file.getFormat(), "-", scope.field("format"));
          case JSON_FORMAT -> json(file.getJsonFormat(), scope.field("json_format"));
          case TYPED_JSON_FORMAT ->
              json(file.getTypedJsonFormat(), scope.field("typed_json_format"));
          case LOG_FORMAT -> format(file.getLogFormat(), scope.field("log_format"));
          case ACCESSLOGFORMAT_NOT_SET -> text(DEFAULT_FORMAT, "-", scope);
        };
    return format.map(made -> new Sink(file.getPath(), made));
  }

  private Optional<Sink> stream(
      String file, boolean hasFormat, SubstitutionFormatString logFormat, ParseScope scope) {
    Optional<LineFormat> format =
        hasFormat ? format(logFormat, scope.field("log_format")) : text(DEFAULT_FORMAT, "-", scope);
    return format.map(made -> new Sink(file, made));
  }

  @SuppressWarnings("deprecation") // many bootstraps still use text_format
  private Optional<LineFormat> format(SubstitutionFormatString format, ParseScope scope) {
    FORMAT.check(format, scope);
    String missing = format.getOmitEmptyValues() ? "" : "-";
    return switch (format.getFormatCase()) {
      case TEXT_FORMAT -> text(format.getTextFormat(), missing, scope.field("text_format"));
      case TEXT_FORMAT_SOURCE -> {
        ParseScope source = scope.field("text_format_source");
        if (!format.getTextFormatSource().hasInlineString()) {
          source.unsupported(format.getTextFormatSource().getSpecifierCase().name());
          yield Optional.empty();
        }
        yield text(format.getTextFormatSource().getInlineString(), missing, source);
      }
      case JSON_FORMAT -> json(format.getJsonFormat(), scope.field("json_format"));
      case FORMAT_NOT_SET -> {
        scope.error("no format", "text_format, text_format_source or json_format");
        yield Optional.empty();
      }
    };
  }

  private Optional<LineFormat> text(String format, String missing, ParseScope scope) {
    Validation<Formatter> formatter =
        Formatter.parse(format, missing, sources, scope.origin(), scope.path());
    scope.out().absorb(formatter);
    return formatter instanceof Validation.Valid<Formatter> valid
        ? Optional.of(valid.value()::format)
        : Optional.empty();
  }

  private Optional<LineFormat> json(Struct format, ParseScope scope) {
    Validation<LineFormat> parsed = JsonFormat.parse(format, sources, scope.origin(), scope.path());
    scope.out().absorb(parsed);
    return parsed instanceof Validation.Valid<LineFormat> valid
        ? Optional.of(valid.value())
        : Optional.empty();
  }

  private record FilteredLog(AccessLog log, LogFilter filter) implements AccessLog {
    @Override
    public void log(StreamInfo info) {
      if (filter.admits(info)) {
        log.log(info);
      }
    }
  }

  private static final class FileLog implements AccessLog {
    private final LogFile file;
    private final LineFormat format;
    private final LogFilter filter;
    private final ThreadLocal<FormatOutput> line = ThreadLocal.withInitial(FormatOutput::new);

    FileLog(LogFile file, LineFormat format, LogFilter filter) {
      this.file = file;
      this.format = format;
      this.filter = filter;
    }

    @Override
    public void log(StreamInfo info) {
      if (!filter.admits(info)) {
        return;
      }
      FormatOutput out = line.get();
      out.clear();
      format.write(info, out);
      file.add(out.array(), out.length());
    }
  }
}
