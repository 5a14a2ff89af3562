package io.meltemi.bench.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTest {
  private static final String FIRST =
      "HTTP/1.1 200 OK\r\nserver: envoy\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi";

  private static Answer parse(String text) throws PeerException {
    int body = text.indexOf("\r\n\r\n") + 4;
    return body < 4
        ? Answer.parse(text, new byte[0])
        : Answer.parse(
            text.substring(0, body), text.substring(body).getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  void dateServerAndTimesAreFree() throws PeerException {
    Answer other =
        parse(
            "HTTP/1.1 200 Fine\r\nServer: nginx\r\nDate: today\r\nContent-Type: text/plain\r\n"
                + "Content-Length: 2\r\nx-envoy-upstream-service-time: 7\r\n\r\nhi");

    assertEquals(Optional.empty(), other.differenceFrom(parse(FIRST), true));
  }

  @ParameterizedTest
  @CsvSource({
    "200 OK,503 No,'status 503, not 200'",
    "hi,ho,'another body: 2 bytes, not 2, or other bytes'",
    "text/plain,text/html,'content-type ''text/html'', not ''text/plain'''",
    "'server: envoy','x-more: 1',"
        + "'headers [content-length, content-type, x-more], not [content-length, content-type]'"
  })
  void whatDiffersIsNamed(String from, String to, String difference) throws PeerException {
    assertEquals(
        Optional.of(difference), parse(FIRST.replace(from, to)).differenceFrom(parse(FIRST), true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "curl: (52) Empty reply", "HTTP/1.1 200 OK\r\n", "HTTP/2 \r\n\r\n"})
  void somethingElseIsRefused(String output) {
    assertThrows(PeerException.class, () -> parse(output));
  }

  @Test
  void trailersAreNoHeaders() throws PeerException {
    String head = "HTTP/2 200 \r\ncontent-type: application/grpc\r\n";
    Answer good = Answer.parse(head + "\r\ngrpc-status: 0\r\n\r\n", new byte[] {1});
    Answer early = Answer.parse(head + "grpc-status: 0\r\n\r\n", new byte[] {1});
    Answer bad = Answer.parse(head + "\r\ngrpc-status: 14\r\n", new byte[] {1});

    assertEquals(Optional.empty(), good.trouble());
    assertEquals(Optional.of("trailer grpc-status '', not '0'"), early.differenceFrom(good, false));
    assertEquals(Optional.of("answers grpc-status 14"), bad.trouble());
  }

  @Test
  void http2HasNoReason() throws PeerException {
    assertEquals(204, parse("HTTP/2 204\r\n\r\n").status());
  }
}
