package io.meltemi.proxy.listener.filter.httpinspector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.proxy.listener.ListenerFilter.Status;
import io.meltemi.proxy.listener.SocketFixture;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HttpInspectorTest {
  @ParameterizedTest
  @CsvSource({
    "'GET / HTTP/1.1\r\n', http/1.1",
    "'M-SEARCH * HTTP/1.1\n', http/1.1",
    "'POST /x HTTP/1.0\r\nHost: x\r\n', http/1.0",
    "'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', h2c",
    "'PROPFIND / HTTP/1.1\r\n', http/1.1"
  })
  void findsHttpHoweverItIsCut(String text, String protocol) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    int lineEnd = protocol.equals("h2c") ? bytes.length : text.indexOf('\n') + 1;
    for (int length = 1; length <= bytes.length; length++) {
      try (SocketFixture fixture = new SocketFixture()) {
        HttpInspector inspector =
            new HttpInspector(new HttpInspectorStats(new Stats().scope("http_inspector.")));
        assertEquals(Status.MORE, inspector.onAccept(fixture.socket()));
        Status status =
            inspector.onData(fixture.socket(), Unpooled.wrappedBuffer(bytes, 0, length));
        assertEquals(length < lineEnd ? Status.MORE : Status.DONE, status, "at " + length);
        assertEquals(
            length < lineEnd ? List.of() : List.of(protocol),
            fixture.socket().applicationProtocols());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'hello'", "'GETX / HTTP/1.1\r\n'", "'GET /\r\n'", "'PRI * HTTP/2.0\r\n\r\nXX'",
    "'GET / HTTP/2.0\r\n'", "'get / HTTP/1.1\r\n'", "'\n'", "' GET / HTTP/1.1\r\n'",
    "'\0\0\0\0'"
  })
  void otherProtocolsAreDecidedWithoutWaiting(String text) {
    try (SocketFixture fixture = new SocketFixture()) {
      HttpInspector inspector =
          new HttpInspector(new HttpInspectorStats(new Stats().scope("http_inspector.")));
      assertEquals(
          Status.DONE,
          inspector.onData(
              fixture.socket(), Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.US_ASCII))));
      assertEquals(List.of(), fixture.socket().applicationProtocols());
    }
  }

  @ParameterizedTest
  @CsvSource({"tls"})
  void staysAwayFromTls(String transport) {
    try (SocketFixture fixture = new SocketFixture()) {
      fixture.socket().transportProtocol(transport);
      HttpInspector inspector =
          new HttpInspector(new HttpInspectorStats(new Stats().scope("http_inspector.")));
      assertEquals(Status.DONE, inspector.onAccept(fixture.socket()));
    }
  }
}
