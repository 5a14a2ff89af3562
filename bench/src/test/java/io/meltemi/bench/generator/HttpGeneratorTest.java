package io.meltemi.bench.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpGeneratorTest {
  @Test
  void aRequestHasOneHost() {
    assertEquals(
        "GET /a HTTP/1.1\r\nhost: 127.0.0.1:80\r\nx: 1\r\n\r\n", text(80, "/a", List.of("x: 1")));
    assertEquals("GET / HTTP/1.1\r\nHost: b\r\n\r\n", text(80, "/", List.of("Host: b")));
  }

  private static String text(int port, String path, List<String> headers) {
    return new String(HttpGenerator.request(port, path, headers), StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"content-length: 12", "Content-Length:12", "CONTENT-LENGTH:  12 "})
  void findsTheLengthOfAnAnswer(String header) throws IOException {
    byte[] head = bytes("HTTP/1.1 200 OK\r\nx-content-length: 9\r\n" + header + "\r\n\r\nrest");
    int end = HttpGenerator.Connection.endOfHead(head, 0, head.length);

    assertEquals(head.length - 4, end);
    assertEquals(12, HttpGenerator.Connection.contentLength(head, end));
  }

  @Test
  void anUnfinishedHeadHasNoEnd() {
    byte[] head = bytes("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r");

    assertEquals(-1, HttpGenerator.Connection.endOfHead(head, 0, head.length));
    assertEquals(-1, HttpGenerator.Connection.endOfHead(new byte[0], 0, 0));
  }

  @Test
  void anAnswerWithoutLengthIsRefused() {
    byte[] head = bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");

    assertThrows(
        IOException.class, () -> HttpGenerator.Connection.contentLength(head, head.length));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
