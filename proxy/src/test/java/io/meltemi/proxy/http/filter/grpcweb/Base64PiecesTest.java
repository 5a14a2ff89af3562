package io.meltemi.proxy.http.filter.grpcweb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class Base64PiecesTest {
  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  @Test
  void piecesOfAnySizeDecodeToTheSame() {
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      String coded = Base64.getEncoder().encodeToString(bytes);
      QuadDecoder decoder = new QuadDecoder();
      ByteBuf out = Unpooled.buffer();
      int at = 0;
      while (at < coded.length()) {
        int to = Math.min(coded.length(), at + 1 + random.nextInt(7));
        assertTrue(decoder.decode(text(coded.substring(at, to)), out), coded);
        at = to;
      }
      assertFalse(decoder.staysOpen(0));
      assertEquals(Unpooled.wrappedBuffer(bytes), out);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "YWJ*",
        "Y===",
        "=AAA",
        "A=AA",
        "YW=A",
        "YWK=",
        "YX==",
        "YWI=YWI=",
        "\u00ffAAA",
        "YW J"
      })
  void whatIsNoBase64IsRefused(String text) {
    assertFalse(new QuadDecoder().decode(text(text), Unpooled.buffer()));
  }

  @Test
  void anyBytesAreDecodedAsTheJdkDoesOrRefused() {
    Random random = new Random(11);
    String alphabet = "ABab09+/=*\n\u0000\u0080";
    for (int i = 0; i < 20_000; i++) {
      StringBuilder quad = new StringBuilder();
      for (int k = 0; k < 4; k++) {
        quad.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      ByteBuf out = Unpooled.buffer();
      if (new QuadDecoder().decode(text(quad.toString()), out)) {
        byte[] expected = Base64.getDecoder().decode(quad.toString());
        assertEquals(Unpooled.wrappedBuffer(expected), out);
        assertEquals(quad.toString(), Base64.getEncoder().encodeToString(expected));
      }
    }
  }

  @Test
  void everyFrameIsEncodedOnItsOwn() {
    Random random = new Random(3);
    for (int i = 0; i < 300; i++) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      StringBuilder expected = new StringBuilder();
      for (int frames = random.nextInt(4); frames >= 0; frames--) {
        byte[] body = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(30)];
        random.nextBytes(body);
        byte[] frame = new byte[5 + body.length];
        frame[4] = (byte) body.length;
        System.arraycopy(body, 0, frame, 5, body.length);
        all.writeBytes(frame);
        expected.append(Base64.getEncoder().encodeToString(frame));
      }
      byte[] bytes = all.toByteArray();
      FrameEncoder encoder = new FrameEncoder();
      ByteBuf out = Unpooled.buffer();
      int at = 0;
      while (at < bytes.length) {
        int count = Math.min(bytes.length - at, 1 + random.nextInt(9));
        int before = out.readableBytes();
        encoder.encode(Unpooled.wrappedBuffer(bytes, at, count), out);
        assertTrue(out.readableBytes() - before <= FrameEncoder.sizeMax(count));
        at += count;
      }
      assertEquals(expected.toString(), out.toString(StandardCharsets.US_ASCII));
    }
  }

  @Test
  void aFrameThatBreaksOffIsEndedWithPadding() {
    FrameEncoder encoder = new FrameEncoder();
    ByteBuf out = Unpooled.buffer();
    encoder.encode(Unpooled.wrappedBuffer(new byte[] {0, 0, 0, 0, 9, 'a', 'b'}), out);
    encoder.finish(out);
    assertEquals("AAAAAAlhYg==", out.toString(StandardCharsets.US_ASCII));
    // a length of four gigabytes allocates nothing
    encoder.encode(Unpooled.wrappedBuffer(new byte[] {0, -1, -1, -1, -1, 1}), out.clear());
    assertEquals("AP////8B", out.toString(StandardCharsets.US_ASCII));
  }
}
