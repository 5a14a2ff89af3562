package io.meltemi.proxy.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HeadParserTest {
  private static final HeadLimits LIMITS = new HeadLimits(1024, 20);

  /** Everything that a parse comes to, as text. */
  private static String outcome(
      HeadParser parser, HeaderBlock block, boolean request, String text, int... cuts) {
    if (request) {
      parser.beginRequest(block);
    } else {
      parser.beginResponse(block);
    }
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    HeadParser.Result result = HeadParser.Result.MORE;
    int from = 0;
    int rest = 0;
    for (int i = 0; i <= cuts.length && result == HeadParser.Result.MORE; i++) {
      int to = i < cuts.length ? cuts[i] : bytes.length;
      ByteBuf in = Unpooled.wrappedBuffer(bytes, from, to - from);
      result = parser.parse(in);
      rest = bytes.length - to + in.readableBytes();
      from = to;
    }
    return switch (result) {
      case MORE -> "more";
      case FAILED -> "failed";
      case DONE ->
          block
              + "|rest="
              + rest
              + " head="
              + parser.headBytes()
              + " length="
              + parser.contentLength()
              + " chunked="
              + parser.isChunked()
              + " alive="
              + parser.keepsAlive()
              + " expect="
              + parser.expectsContinue()
              + " upgrade="
              + parser.isUpgrade();
    };
  }

  private static String request(String text, int... cuts) {
    return outcome(
        new HeadParser(LIMITS, NameFormat.LOWER_CASE), new HeaderBlock(), true, text, cuts);
  }

  private static CodecError error(String text) {
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    parser.beginRequest(new HeaderBlock());
    ByteBuf in = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    assertEquals(HeadParser.Result.FAILED, parser.parse(in), text);
    return parser.error();
  }

  @Test
  void parsesRequest() {
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    HeaderBlock block = new HeaderBlock();
    parser.beginRequest(block);
    ByteBuf in =
        Unpooled.copiedBuffer(
            "POST /p?q HTTP/1.1\r\nHOST: Example.org:80\r\nX-One:  a b \r\nContent-Length: 12\r\n"
                + "X-Empty:\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n\r\nrest",
            StandardCharsets.ISO_8859_1);
    assertEquals(HeadParser.Result.DONE, parser.parse(in));
    assertEquals("rest", in.toString(StandardCharsets.US_ASCII));
    assertEquals("POST", block.get(HeaderName.METHOD));
    assertEquals("/p?q", block.get(HeaderName.PATH));
    assertEquals("Example.org:80", block.get(HeaderName.AUTHORITY));
    assertEquals("http", block.get(HeaderName.SCHEME));
    assertEquals("a b", block.get(HeaderName.of("x-one")));
    assertEquals("", block.get(HeaderName.of("x-empty")));
    assertNull(block.get(HeaderName.of("host")));
    assertNull(block.get(HeaderName.CONNECTION));
    assertNull(block.get(HeaderName.KEEP_ALIVE));
    assertEquals(12, parser.contentLength());
    assertTrue(parser.keepsAlive());
  }

  @Test
  void takesAuthorityFromTheTarget() {
    HeaderBlock block = new HeaderBlock();
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    for (String[] one :
        List.of(
            new String[] {"http://a.b:8080/x?y", "a.b:8080", "/x?y", "http"},
            new String[] {"HTTPS://a.b", "a.b", "/", "https"},
            new String[] {"http://[::1]:80?q", "[::1]:80", "/?q", "http"})) {
      parser.beginRequest(block);
      ByteBuf in =
          Unpooled.copiedBuffer(
              "GET " + one[0] + " HTTP/1.1\r\nHost: other\r\nx: y\r\n\r\n!",
              StandardCharsets.ISO_8859_1);
      assertEquals(HeadParser.Result.DONE, parser.parse(in));
      assertEquals(one[1], block.get(HeaderName.AUTHORITY));
      assertEquals(one[2], block.get(HeaderName.PATH));
      assertEquals(one[3], block.get(HeaderName.SCHEME));
      assertEquals("y", block.get(HeaderName.of("x")));
      assertEquals(1, in.readableBytes());
    }
  }

  @Test
  void removesWhatConnectionNames() {
    HeaderBlock block = new HeaderBlock();
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    parser.beginRequest(block);
    parser.parse(
        Unpooled.copiedBuffer(
            "GET / HTTP/1.1\r\nX-Hop: 1\r\nhost: a\r\nconnection: close, X-hop\r\nx-hop: 2\r\n"
                + "upgrade: websocket\r\nTE: gzip\r\n\r\n",
            StandardCharsets.ISO_8859_1));
    assertFalse(block.contains(HeaderName.of("x-hop")));
    assertFalse(block.contains(HeaderName.CONNECTION));
    assertFalse(block.contains(HeaderName.UPGRADE));
    assertFalse(block.contains(HeaderName.TE));
    assertFalse(parser.keepsAlive());
    assertEquals(
        CodecError.BAD_CONNECTION_HEADER,
        error("GET / HTTP/1.1\r\nhost: a\r\nconnection: x-forwarded-for\r\n\r\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET / HTTP/1.1~~|MISSING_HOST",
        "GET / HTTP/1.1~Host:~~|MISSING_HOST",
        "GET / HTTP/1.1~Host: a b~~|BAD_HOST",
        "GET / HTTP/1.1~Host: a/b~~|BAD_HOST",
        "GET / HTTP/1.1~Host: u@a~~|BAD_HOST",
        "GET / HTTP/1.1~Host: a~Host: b~~|DUPLICATE_HOST",
        "GET / HTTP/2.0~Host: a~~|BAD_VERSION",
        "GET / HTTP/1.2~Host: a~~|BAD_VERSION",
        "GET / http/1.1~Host: a~~|BAD_VERSION",
        "GET /~|BAD_VERSION",
        "GET  / HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET / HTTP/1.1 ~Host: a~~|BAD_START_LINE",
        "G{T / HTTP/1.1~Host: a~~|BAD_METHOD",
        "GET a HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET * HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET /a#b HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET ftp://a/ HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET http:// HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET http://u@a/ HTTP/1.1~Host: a~~|BAD_TARGET",
        "GET / HTTP/1.1~Host : a~~|BAD_HEADER_NAME",
        "GET / HTTP/1.1~: a~~|BAD_HEADER_NAME",
        "GET / HTTP/1.1~x~~|BAD_HEADER_NAME",
        "GET / HTTP/1.1~Host: a~x: y~ z~~|OBSOLETE_FOLDING",
        "POST / HTTP/1.1~Host: a~Content-Length: 1~Content-Length: 1~~|DUPLICATE_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: 1, 1~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: +1~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: -1~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: 0x1~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length:~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: 9999999999999999999~~|BAD_CONTENT_LENGTH",
        "POST / HTTP/1.1~Host: a~Content-Length: 1~Transfer-Encoding: chunked~~"
            + "|LENGTH_AND_TRANSFER_ENCODING",
        "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Transfer-Encoding: chunked~~"
            + "|BAD_TRANSFER_ENCODING",
        "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked, chunked~~|UNKNOWN_TRANSFER_ENCODING",
        "POST / HTTP/1.1~Host: a~Transfer-Encoding: identity~~|UNKNOWN_TRANSFER_ENCODING",
        "POST / HTTP/1.1~Host: a~Transfer-Encoding: xchunked~~|UNKNOWN_TRANSFER_ENCODING",
        "POST / HTTP/1.0~Host: a~Transfer-Encoding: chunked~~|BAD_TRANSFER_ENCODING",
      })
  void refuses(String text, CodecError expected) {
    assertEquals(expected, error(text.replace("~", "\r\n")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx: a\177b\r\n\r\n",
        "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nx\u00e9: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      })
  void refusesBytes(String text) {
    assertEquals("failed", request(text));
  }

  @Test
  void holdsLimits() {
    assertEquals(
        CodecError.HEAD_TOO_LARGE,
        error("GET / HTTP/1.1\r\nhost: a\r\nx: " + "y".repeat(1100) + "\r\n\r\n"));
    assertEquals(CodecError.HEAD_TOO_LARGE, error("GET /" + "y".repeat(1100)));
    assertEquals(
        CodecError.TOO_MANY_HEADERS,
        error("GET / HTTP/1.1\r\nhost: a\r\n" + "x: y\r\n".repeat(20) + "\r\n"));
    assertTrue(
        request("GET / HTTP/1.1\r\nhost: a\r\n" + "x: y\r\n".repeat(19) + "\r\n")
            .contains("|rest=0"));
  }

  @Test
  void anySplitGivesTheSame() {
    for (String text :
        List.of(
            "GET /path?query HTTP/1.1\r\nHost: a.b\r\nUser-Agent: some agent/1.0 (x; y)\r\n"
                + "accept: */*\r\ntab: a\tb\r\nConnection: x-gone, close\r\nx-gone: 1\r\n\r\nBODY",
            "\r\nPOST http://h:1?z HTTP/1.1\r\nhost:\r\nTransfer-Encoding: CHUNKED\r\n"
                + "Expect: 100-continue\r\nTE: trailers\r\n\r\n5\r\n",
            "GET https://h/ HTTP/1.1\r\nhost: q\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nbad header: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n")) {
      String whole = request(text);
      for (int i = 1; i < text.length(); i++) {
        assertEquals(whole, request(text, i), "cut at " + i);
        for (int k = i + 1; k < text.length(); k++) {
          assertEquals(whole, request(text, i, k), "cut at " + i + " and " + k);
        }
      }
      int[] single = new int[text.length() - 1];
      for (int i = 0; i < single.length; i++) {
        single[i] = i + 1;
      }
      assertEquals(whole, request(text, single), "byte by byte");
    }
  }

  @Test
  void parsesResponses() {
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    HeaderBlock block = new HeaderBlock();
    for (String line :
        List.of("HTTP/1.1 204 No Content", "HTTP/1.1 204 ", "HTTP/1.1 204", "HTTP/1.0 204 x")) {
      String result = outcome(parser, block, false, line + "\r\nServer: x\r\nHost: y\r\n\r\n");
      assertTrue(result.startsWith(":status: 204\nserver: x\nhost: y\n"), result);
      assertEquals(204, parser.status());
    }
    for (String line :
        List.of(
            "HTTP/1.1  200 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 099 OK",
            "HTTP/1.1 600 OK",
            "HTTP/1.1 2x0 OK",
            "HTTP/2 200 OK",
            "ICY 200 OK")) {
      assertEquals("failed", outcome(parser, block, false, line + "\r\n\r\n"), line);
    }
  }

  @Test
  void mutationsNeverBreakTheParser() {
    Random random = new Random(7);
    String[] seeds = {
      "GET /path?query HTTP/1.1\r\nHost: a.b\r\nContent-Length: 5\r\nConnection: a, b\r\n\r\nBODY",
      "POST http://h/p HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    HeadParser parser = new HeadParser(LIMITS, NameFormat.LOWER_CASE);
    HeaderBlock block = new HeaderBlock();
    int done = 0;
    for (int i = 0; i < 60_000; i++) {
      StringBuilder text = new StringBuilder(seeds[i % seeds.length]);
      for (int n = random.nextInt(4); n >= 0; n--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, (char) random.nextInt(256));
          case 1 -> text.insert(at, ":\r\n \t,/%\0h".charAt(random.nextInt(10)));
          default -> text.deleteCharAt(at);
        }
      }
      // an unfinished line may be judged early or late, so every text ends its lines
      String mutated = text + "\r\n\r\n";
      int cut = 1 + random.nextInt(mutated.length() - 1);
      String whole = outcome(parser, block, true, mutated);
      assertEquals(whole, outcome(parser, block, true, mutated, cut), mutated);
      done += whole.contains("|rest=") ? 1 : 0;
    }
    assertTrue(done > 1000 && done < 60_000, "accepted: " + done);
  }
}
