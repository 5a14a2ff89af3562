package io.meltemi.proxy.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BodyDecoderTest {
  /** The body and how it ended. */
  private static String decode(BodyDecoder decoder, String text, int... cuts) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    StringBuilder out = new StringBuilder();
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i < cuts.length ? cuts[i] : bytes.length;
      ByteBuf in = Unpooled.wrappedBuffer(bytes, from, to - from);
      from = to;
      while (true) {
        BodyDecoder.Event event = decoder.next(in);
        if (event == BodyDecoder.Event.MORE) {
          break;
        }
        if (event != BodyDecoder.Event.DATA) {
          int rest = in.readableBytes() + bytes.length - to;
          return out + "|" + event + (event == BodyDecoder.Event.FAILED ? "" : " " + rest);
        }
        int count = decoder.available();
        out.append(in.readCharSequence(count, StandardCharsets.ISO_8859_1));
        decoder.taken(count);
      }
    }
    return out + "|MORE";
  }

  private static String chunked(String text, int... cuts) {
    BodyDecoder decoder = new BodyDecoder();
    decoder.beginChunked();
    return decode(decoder, text, cuts);
  }

  @Test
  void followsLengths() {
    BodyDecoder decoder = new BodyDecoder();
    decoder.beginLength(3);
    assertEquals("abc|END 2", decode(decoder, "abcde"));
    decoder.beginLength(0);
    assertEquals("|END 5", decode(decoder, "abcde"));
    decoder.beginUntilClose();
    assertEquals("abcde|MORE", decode(decoder, "abcde"));
  }

  @Test
  void anySplitOfChunksGivesTheSame() {
    String text = "3\r\nabc\r\n0A;name=\"q;\\\"\";x\r\n0123456789\r\n000\r\nx: y\r\n\r\nrest";
    String whole = chunked(text);
    assertEquals("abc0123456789|TRAILERS 12", whole);
    for (int i = 1; i < text.length(); i++) {
      for (int k = i; k < text.length(); k++) {
        assertEquals(whole, chunked(text, i, k), "cut at " + i + " and " + k);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\r\n",
        "g\r\n",
        "-1\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1\na\r\n",
        "1\r\nab\r\n",
        "1\r\na\n",
        "1\rxa\r\n",
        "1111111111111111\r\n",
        "1;a\0b\r\n",
        "1;a\nb\r\n",
        ";x\r\n",
        "1\r\na\r1\r\n",
      })
  void refuses(String text) {
    assertTrue(chunked(text).endsWith("|FAILED"), text);
  }

  @Test
  void boundsExtensions() {
    assertEquals("a|MORE", chunked("1;" + "e".repeat(250) + "\r\na\r\n"));
    assertEquals("|FAILED", chunked("1;" + "e".repeat(300) + "\r\na\r\n"));
  }

  @Test
  void mutationsNeverBreakTheDecoder() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder("4;a=b\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\n");
      for (int n = random.nextInt(3); n >= 0; n--) {
        text.setCharAt(random.nextInt(text.length()), (char) random.nextInt(256));
      }
      String mutated = text.toString();
      int cut = random.nextInt(mutated.length());
      assertEquals(chunked(mutated), chunked(mutated, cut), mutated);
    }
  }
}
