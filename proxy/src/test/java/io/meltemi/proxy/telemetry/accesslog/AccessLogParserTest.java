package io.meltemi.proxy.telemetry.accesslog;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.stream.v3.StdoutAccessLog;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.testing.FakeTicker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AccessLogParserTest {
  private static final long MINUTE_NANOS = 60_000_000_000L;
  private final Stats stats = new Stats();
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final LogFiles files =
      new LogFiles(
          stats,
          Ticker.system(),
          MINUTE_NANOS,
          new PrintStream(stdout, true, StandardCharsets.UTF_8),
          new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
  private final ParseScope scope = ParseScope.root(Origin.of("test"));
  private final StreamInfo info = new StreamInfo();
  private final FakeTicker ticker = new FakeTicker();

  AccessLogParserTest() {
    HeaderBlock request = new HeaderBlock();
    request.add(HeaderName.METHOD, "GET");
    request.add(HeaderName.of("x-quote"), "a\"b\\c\u0001");
    info.requestHeaders = request;
    info.responseCode = 200;
    ticker.advance(Duration.ofMillis(5));
    info.startNanos = 1;
    info.endNanos = ticker.nanos() + 1;
  }

  @AfterEach
  void close() {
    files.close();
  }

  private io.meltemi.proxy.telemetry.AccessLog parse(String yaml) {
    AccessLog proto =
        (AccessLog)
            new BootstrapReader(
                    MessageTypes.byName(List.of(FileAccessLog.class, StdoutAccessLog.class)))
                .read(AccessLog.newBuilder(), yaml, Origin.of("test"))
                .orElseThrow();
    return new AccessLogParser(files, Formatter.Sources.of(ticker), List.of(), List.of())
        .parse(List.of(proto), scope, "access_log");
  }

  private io.meltemi.proxy.telemetry.AccessLog stdout(String rest) {
    return parse(
        "{name: x, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
            + rest);
  }

  private String logged(io.meltemi.proxy.telemetry.AccessLog log) {
    assertEquals(List.of(), scope.out().finish(() -> true).errors());
    log.log(info);
    files.flush();
    return stdout.toString(StandardCharsets.UTF_8);
  }

  @Test
  void writesEnvoysDefaultFormat() {
    String line = logged(stdout("}}"));
    assertTrue(line.startsWith("[2026-01-01T00:00:00."), line);
    assertTrue(line.endsWith("\"GET - -\" 200 - 0 0 5 - \"-\" \"-\" \"-\" \"-\" \"-\"\n"), line);
  }

  @Test
  void writesJsonWithTypes() {
    assertEquals(
        "{\"a\":200,\"b\":null,\"c\":\"GET 5\",\"d\":{\"e\":[\"a\\\"b\\\\c\\u0001\",1.5,true]}}\n",
        logged(
            stdout(
                ", log_format: {json_format: {d: {e: [\"%REQ(x-quote)%\", 1.5, true]}, c: \"%REQ(:METHOD)% %DURATION%\","
                    + " b: \"%ROUTE_NAME%\", a: \"%RESPONSE_CODE%\"}}}}")));
  }

  @Test
  void appendsToAFileAndSharesIt(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("access.log");
    String yaml =
        "{name: x, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog,"
            + " path: %s, log_format: {text_format_source: {inline_string: \"%s\\n\"}}}}";
    parse(yaml.formatted(file, "one")).log(info);
    parse(yaml.formatted(file, "two")).log(info);
    files.close();
    assertEquals("one\ntwo\n", Files.readString(file));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{status_code_filter: {comparison: {op: GE, value: {default_value: 400}}}} | false",
        "{status_code_filter: {comparison: {op: LE, value: {default_value: 400}}}} | true",
        "{duration_filter: {comparison: {op: GE, value: {default_value: 5}}}} | true",
        "{response_flag_filter: {flags: [NR]}} | true",
        "{response_flag_filter: {flags: [UH]}} | false",
        "{response_flag_filter: {}} | true",
        "{not_health_check_filter: {}} | true",
        "{and_filter: {filters: [{not_health_check_filter: {}}, {response_flag_filter: {flags: [UH]}}]}} | false",
        "{or_filter: {filters: [{not_health_check_filter: {}}, {response_flag_filter: {flags: [UH]}}]}} | true",
      })
  void filters(String filter, boolean admitted) {
    info.set(ResponseFlag.NO_ROUTE_FOUND);
    assertEquals(
        admitted,
        !logged(
                parse(
                    "{name: x, filter: "
                        + filter
                        + ", typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}"))
            .isEmpty());
  }

  @Test
  void refusesByPath() {
    stdout(", log_format: {formatters: [{name: cel}], text_format: \"%CEL(x)%\"}}}");
    parse("{name: grpc, filter: {runtime_filter: {runtime_key: a}}}");
    List<String> paths =
        scope.out().finish(() -> true).errors().stream().map(Violation::path).toList();
    assertEquals(
        List.of(
            "access_log[0].typed_config.log_format.formatters",
            "access_log[0].typed_config.log_format.text_format",
            "access_log[0].filter.runtime_filter",
            "access_log[0]"),
        paths);
  }

  @Test
  void dropsAndCountsWhenTheDiskIsTooSlow() throws Exception {
    CountDownLatch free = new CountDownLatch(1);
    CountDownLatch writing = new CountDownLatch(1);
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            writing.countDown();
            try {
              free.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
        };
    byte[] line = new byte[1 << 20];
    try (LogFile log = new LogFile("slow", slow, MINUTE_NANOS, Ticker.system(), stats)) {
      log.add(line, line.length);
      writing.await();
      for (int i = 0; i < 6; i++) {
        log.add(line, line.length);
      }
      assertEquals(2, stats.counter("filesystem.write_dropped").value());
      free.countDown();
    }
  }

  @Test
  void linesOfManyLoopsAreAllWrittenEachLoopInItsOrder() throws Exception {
    int loops = 4;
    int lines = 20_000;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (LogFile log = new LogFile("many", out, MINUTE_NANOS, Ticker.system(), stats)) {
      List<Thread> threads = new ArrayList<>();
      for (int loop = 0; loop < loops; loop++) {
        int own = loop;
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < lines; i++) {
                        byte[] line = (own + " " + i + "\n").getBytes(StandardCharsets.US_ASCII);
                        log.add(line, line.length);
                      }
                    }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      log.flush();
      int[] next = new int[loops];
      for (String line : out.toString(StandardCharsets.US_ASCII).lines().toList()) {
        int loop = line.charAt(0) - '0';
        assertEquals(next[loop]++, Integer.parseInt(line.substring(2)));
      }
      assertArrayEquals(new int[] {lines, lines, lines, lines}, next);
      assertEquals(0, stats.counter("filesystem.write_dropped").value());
    }
  }
}
