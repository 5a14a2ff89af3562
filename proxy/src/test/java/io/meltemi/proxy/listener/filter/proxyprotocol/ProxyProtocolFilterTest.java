package io.meltemi.proxy.listener.filter.proxyprotocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.listener.ListenerFilter.Status;
import io.meltemi.proxy.listener.SocketFixture;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ProxyProtocolFilterTest {
  private static final String V2 = "0d0a0d0a000d0a515549540a";
  private final ProxyProtocolStats stats =
      new ProxyProtocolStats(new Stats().scope("proxy_proto."));

  private ProxyProtocolFilter filter(boolean without) {
    return new ProxyProtocolFilter(new ProxyProtocolFilter.Settings(without, true, true), stats);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({
    "'PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n', 1.2.3.4, 9, 5.6.7.8, 10",
    "'PROXY TCP6 ::1 fd00::2 65535 1\r\n', ::1, 65535, fd00::2, 1",
    "'PROXY UNKNOWN\r\n', 10.0.0.2, 4000, 10.0.0.1, 80",
    "'PROXY UNKNOWN any thing\r\n', 10.0.0.2, 4000, 10.0.0.1, 80"
  })
  void aLineTellsBothEndsHoweverItIsCut(
      String line, String source, int sourcePort, String destination, int destinationPort) {
    byte[] bytes = ascii(line + "GET / HTTP/1.1\r\n");
    for (int length = 1; length <= bytes.length; length++) {
      try (SocketFixture fixture = new SocketFixture()) {
        ProxyProtocolFilter filter = filter(false);
        assertEquals(Status.MORE, filter.onAccept(fixture.socket()));
        Status status = filter.onData(fixture.socket(), Unpooled.wrappedBuffer(bytes, 0, length));
        assertEquals(length < line.length() ? Status.MORE : Status.DONE, status, "at " + length);
        if (status == Status.DONE) {
          assertEquals(new InetSocketAddress(source, sourcePort), fixture.socket().remoteAddress());
          assertEquals(
              new InetSocketAddress(destination, destinationPort), fixture.socket().localAddress());
          assertEquals(destinationPort != 80, fixture.socket().isLocalAddressRestored());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2111000c0102030405060708000900 0a, 1.2.3.4, 9, 5.6.7.8, 10",
    "21110010010203040506070800090 00a04000100, 1.2.3.4, 9, 5.6.7.8, 10",
    "21210024000000000000000000000000000000 01000000000000000000000000000000020009000a, ::1, 9,"
        + " ::2, 10",
    "20000000, 10.0.0.2, 4000, 10.0.0.1, 80",
    "201100020000, 10.0.0.2, 4000, 10.0.0.1, 80"
  })
  void aBinaryHeaderTellsBothEndsHoweverItIsCut(
      String hex, String source, int sourcePort, String destination, int destinationPort) {
    byte[] bytes = HexFormat.of().parseHex(V2 + hex.replace(" ", ""));
    for (int length = 1; length <= bytes.length; length++) {
      try (SocketFixture fixture = new SocketFixture()) {
        Status status =
            filter(true).onData(fixture.socket(), Unpooled.wrappedBuffer(bytes, 0, length));
        assertEquals(length < bytes.length ? Status.MORE : Status.DONE, status, "at " + length);
        if (status == Status.DONE) {
          assertEquals(new InetSocketAddress(source, sourcePort), fixture.socket().remoteAddress());
          assertEquals(
              new InetSocketAddress(destination, destinationPort), fixture.socket().localAddress());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 70000\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 -1\r\n",
        "PROXY TCP4 1.2.3.4 ::1 9 10\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY TCP5 1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY UNKNOWN\n",
        "PROXY \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30"
            + " 31 32 33 34 35 36"
      })
  void aWrongLineCloses(String line) {
    try (SocketFixture fixture = new SocketFixture()) {
      assertEquals(
          Status.CLOSE, filter(true).onData(fixture.socket(), Unpooled.wrappedBuffer(ascii(line))));
      assertEquals(1, stats.v1.error.value());
      assertFalse(fixture.socket().isLocalAddressRestored());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"22110000", "21120004", "21110008", "31110000", "11110000"})
  void aWrongBinaryHeaderCloses(String hex) {
    try (SocketFixture fixture = new SocketFixture()) {
      byte[] bytes = HexFormat.of().parseHex(V2 + hex);
      assertEquals(
          Status.CLOSE, filter(true).onData(fixture.socket(), Unpooled.wrappedBuffer(bytes)));
      assertEquals(1, stats.v2.error.value());
    }
  }

  @Test
  void withoutAHeaderSettingsDecide() {
    try (SocketFixture fixture = new SocketFixture()) {
      byte[] bytes = ascii("GET / HTTP/1.1\r\n");
      assertEquals(
          Status.DONE, filter(true).onData(fixture.socket(), Unpooled.wrappedBuffer(bytes)));
      assertEquals(
          Status.CLOSE, filter(false).onData(fixture.socket(), Unpooled.wrappedBuffer(bytes)));
      assertEquals(1, stats.notFoundAllowed.value());
      assertEquals(1, stats.notFoundDisallowed.value());
    }
  }

  @Test
  void aDisallowedVersionIsNotBelieved() {
    try (SocketFixture fixture = new SocketFixture()) {
      ProxyProtocolFilter filter =
          new ProxyProtocolFilter(new ProxyProtocolFilter.Settings(false, false, true), stats);
      assertEquals(
          Status.CLOSE,
          filter.onData(
              fixture.socket(),
              Unpooled.wrappedBuffer(ascii("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"))));
      assertEquals(1, stats.v1.disallowed.value());
    }
  }

  @Test
  void anyBytesAreDecided() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      byte[] start = random.nextBoolean() ? ascii("PROXY ") : HexFormat.of().parseHex(V2);
      System.arraycopy(start, 0, bytes, 0, Math.min(start.length, bytes.length));
      try (SocketFixture fixture = new SocketFixture()) {
        assertNotEquals(
            null,
            filter(random.nextBoolean()).onData(fixture.socket(), Unpooled.wrappedBuffer(bytes)));
      }
    }
    assertTrue(stats.v1.error.value() > 0 && stats.v2.error.value() > 0);
  }
}
