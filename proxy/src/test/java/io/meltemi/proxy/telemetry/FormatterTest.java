package io.meltemi.proxy.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.testing.FakeTicker;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FormatterTest {
  private final FakeTicker ticker = new FakeTicker();
  private final StreamInfo info = new StreamInfo();

  FormatterTest() throws UnknownHostException {
    ticker.advance(Duration.ofSeconds(1));
    HeaderBlock request = new HeaderBlock();
    request.add(HeaderName.METHOD, "GET");
    request.add(HeaderName.PATH, "/a?b=c");
    request.add(HeaderName.of("x-long"), "0123456789");
    info.requestHeaders = request;
    info.responseCode = 503;
    info.set(ResponseFlag.UPSTREAM_CONNECTION_FAILURE);
    info.set(ResponseFlag.UPSTREAM_RETRY_LIMIT_EXCEEDED);
    info.startNanos = ticker.nanos();
    ticker.advance(Duration.ofMillis(1234));
    info.endNanos = ticker.nanos();
    info.bytesSent = 42;
    info.protocol = "HTTP/1.1";
    info.dynamicMetadata.add("ns", Map.of("text", "old"));
    info.dynamicMetadata.add(
        "ns", Map.of("text", "a\"b", "map", Map.of("k", List.of(1.0, true, 0.5))));
    info.upstreamCluster = "outbound|80||a";
    info.upstreamRemoteAddress =
        new InetSocketAddress(InetAddress.getAllByName("10.0.0.255")[0], 8080);
    info.downstreamLocalAddress = new InetSocketAddress(InetAddress.getAllByName("fd00::1")[0], 80);
  }

  private String format(String format) {
    FormatOutput out = new FormatOutput();
    Formatter.parse(format, "-", ticker, Origin.of("test"), "f").orElseThrow().format(info, out);
    return out.toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "%REQ(:METHOD)% %REQ(X-NONE?:PATH)% | GET /a?b=c",
        "%REQ(X-NONE)%%RESP(x)% | --",
        "%REQ(x-long):4% | 0123",
        "%REQ_WITHOUT_QUERY(:PATH)% | /a",
        "%DYNAMIC_METADATA(ns:text)% %DYNAMIC_METADATA(ns:none)% %DYNAMIC_METADATA(none)% | a\"b - -",
        "%DYNAMIC_METADATA(ns)% | {\"map\":{\"k\":[1,true,0.5]},\"text\":\"a\\\"b\"}",
        "%DYNAMIC_METADATA(ns:map:k)% | [1,true,0.5]",
        "%DYNAMIC_METADATA(ns:text):1% | a",
        "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% | 503 UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded",
        "%START_TIME% | 2026-01-01T00:00:01.000Z",
        "%START_TIME(%Y/%m/%d %H:%M:%S.%6f %s %%)% | 2026/01/01 00:00:01.000000 1767225601 %",
        "%START_TIME(%F %T %b %a %j)% | 2026-01-01 00:00:01 Jan Thu 001",
        "%DURATION% %REQUEST_DURATION% | 1234 -",
        "%BYTES_SENT%b 100%% | 42b 100%",
        "%UPSTREAM_HOST% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT% | 10.0.0.255:8080 10.0.0.255 8080",
        "%UPSTREAM_HOST_NAME% | 10.0.0.255:8080",
        "%DOWNSTREAM_LOCAL_ADDRESS% | [fd00:0:0:0:0:0:0:1]:80",
        "%PROTOCOL% %ROUTE_NAME% %UPSTREAM_CLUSTER% | HTTP/1.1 - outbound_80__a",
      })
  void writesOperators(String format, String expected) {
    assertEquals(expected.replace("outbound_80__a", "outbound|80||a"), format(format));
  }

  @Test
  void writesIstiosDefaultFormat() {
    String line =
        format(
            "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\""
                + " %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"
                + " %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\""
                + " %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"
                + " \"%REQ(X-FORWARDED-FOR)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW%"
                + " %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS%"
                + " %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n");
    assertEquals(
        "[2026-01-01T00:00:01.000Z] \"GET /a?b=c HTTP/1.1\" 503 UF,URX - - \"-\" 0 42 1234 - \"-\""
            + " \"10.0.0.255:8080\" outbound|80||a - [fd00:0:0:0:0:0:0:1]:80 - - -\n",
        line);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "%NONSENSE%",
        "%REQ(a b)%",
        "%REQ()%",
        "%REQ(a?b?c)%",
        "%REQ(x):y%",
        "%START_TIME(%Q)%",
        "100%",
        "%REQ(x%",
        "%DYNAMIC_METADATA(a:)%"
      })
  void refusesWhatItCannotWrite(String format) {
    Validation<Formatter> result = Formatter.parse(format, "-", ticker, Origin.of("test"), "f");
    assertFalse(result.isValid(), format);
    assertEquals("f", result.errors().getFirst().path());
  }

  @Test
  void knowsConstants() {
    assertTrue(Formatter.parse("a%%b", "", ticker, Origin.of("t"), "").orElseThrow().isConstant());
    assertFalse(
        Formatter.parse("a%PROTOCOL%", "", ticker, Origin.of("t"), "").orElseThrow().isConstant());
  }
}
