package io.meltemi.proxy.accesslog.cel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.accesslog.cel.ExpressionParser.Unreadable;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.testing.FakeTicker;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What CEL says of one request, and what is no expression. */
final class ExpressionTest {
  private final FakeTicker ticker = new FakeTicker();

  private StreamInfo stream() {
    StreamInfo info = new StreamInfo();
    HeaderBlock request = new HeaderBlock();
    request.add(HeaderName.METHOD, "GET");
    request.add(HeaderName.PATH, "/apis/v1beta3/x?q=1");
    request.add(HeaderName.AUTHORITY, "shop.test");
    request.add(HeaderName.of("x-team"), "blue");
    info.requestHeaders = request;
    info.responseHeaders = new HeaderBlock();
    info.responseCode = 404;
    info.responseFlags = 2;
    info.bytesReceived = 10;
    info.startNanos = 1_000_000_000L;
    info.endNanos = 3_500_000_000L;
    info.upstreamCluster = "a";
    info.downstreamRemoteAddress = new InetSocketAddress("10.1.2.3", 4567);
    info.dynamicMetadata.add("ns", Map.of("k", "v", "n", 1.0));
    return info;
  }

  private Object value(String text) throws Unreadable {
    try {
      return ExpressionParser.parse(text, ticker).value(stream());
    } catch (Failure e) {
      return "failure";
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "response.code >= 400 ; true",
        "response.code >= 400 && response.code < 404 ; false",
        "request.url_path.contains('v1beta3') ; true",
        "request.query == 'q=1' && request.path.endsWith(\"q=1\") ; true",
        "request.method in ['GET', 'HEAD'] ; true",
        "request.headers['x-team'] == 'blue' ; true",
        "'x-none' in request.headers ; false",
        "has(request.headers.none) ; false",
        "has(request.headers['x-team']) || true ; true",
        "request.headers['none'] == 'x' ; failure",
        "request.headers['none'] == 'x' || response.code == 404 ; true",
        "response.code == 404 || request.headers['none'] == 'x' ; true",
        "request.headers['none'] == 'x' && response.code == 200 ; false",
        "request.duration > duration('2s') && request.duration < duration('1m') ; true",
        "response.flags != 0 ; true",
        "request.size + 5 * 2 == 20 ; true",
        "-request.size < 0 ; true",
        "!(response.code == 404) ; false",
        "response.code == 404 ? 'a' : 'b' ; a",
        "source.address == '10.1.2.3:4567' && source.port == 4567 ; true",
        "xds.cluster_name == 'a' ; true",
        "metadata.filter_metadata['ns']['k'] == 'v' ; true",
        "metadata.filter_metadata.ns.n == 1 ; true",
        "request.host.matches('^shop\\\\..*$') ; true",
        "matches(request.host, 'nope') ; false",
        "size([1, 2, 3]) == 3 && {'a': 1}['a'] == 1 ; true",
        "string(response.code) + 'x' == \"404x\" ; true",
        "int('7') / 2 == 3 && 7 % 4 == 3 ; true",
        "1.5 + 1 > 2 && 0x10 == 16 ; true",
        "response.code / 0 == 1 ; failure",
        "9223372036854775807 + 1 > 0 ; failure",
        "r'\\\\n' == '\\\\\\\\n' ; true",
        "connection.mtls ; false",
        "filter_state['x'] == 'y' ; failure",
        "timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z') ; true",
      })
  void evaluates(String text, String expected) throws Unreadable {
    assertEquals(expected, value(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "response.code >=",
        "(response.code",
        "nope == 1",
        "request.path.lowerAscii() == 'x'",
        "[1, 2].all(x, x > 0)",
        "request.path.matches(request.host)",
        "request.path.matches('(')",
        "'open",
        "1 2",
        "has(1)",
        "'\\q'",
        "99999999999999999999",
        "size(1, 2)",
      })
  void refuses(String text) {
    Unreadable refused = assertThrows(Unreadable.class, () -> ExpressionParser.parse(text, ticker));
    assertTrue(String.valueOf(refused.getMessage()).contains("character"), refused::getMessage);
  }

  @Test
  void boundsItsDepth() {
    for (String open : new String[] {"(", "!", "-", "[", "size("}) {
      assertThrows(Unreadable.class, () -> ExpressionParser.parse(open.repeat(5000), ticker));
    }
  }

  /** Any text either is read, and then has a value or none, or is refused. */
  @Test
  void survivesNoise() {
    String[] words = {
      "request",
      ".path",
      "[",
      "]",
      "(",
      ")",
      "'a'",
      "1",
      "==",
      "&&",
      "||",
      "?",
      ":",
      "!",
      "-",
      "in",
      " ",
      ",",
      "{",
      "}",
      "has(",
      "response.code",
      "'",
      "\\",
      "/",
      "%",
      ".5e"
    };
    Random random = new Random(7);
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int k = random.nextInt(10); k >= 0; k--) {
        text.append(words[random.nextInt(words.length)]);
      }
      try {
        value(text.toString());
        read++;
      } catch (Unreadable e) {
        assertTrue(e.getMessage() != null);
      }
    }
    assertTrue(read > 100, "read " + read);
  }
}
