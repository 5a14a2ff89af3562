package io.meltemi.proxy.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HpackTest {
  private static final HeadLimits LIMITS = HeadLimits.DEFAULT;

  private final HpackDecoder decoder = new HpackDecoder(4096);
  private final HeaderBlock block = new HeaderBlock();

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  private String decode(String hex) {
    byte[] bytes = hex(hex);
    block.clear();
    assertTrue(decoder.decode(bytes, 0, bytes.length, block, LIMITS), hex);
    return block.toString();
  }

  private boolean decodes(String hex) {
    byte[] bytes = hex(hex);
    block.clear();
    return decoder.decode(bytes, 0, bytes.length, block, LIMITS);
  }

  /** The dynamic table, newest first. */
  private String table() {
    HpackDynamicTable table = decoder.table();
    StringBuilder text = new StringBuilder();
    for (int i = table.next() - 1; table.isAlive(i); i--) {
      int length = table.nameLength(i) + 2 + table.valueLength(i);
      text.append(new String(table.array(), table.start(i), length, StandardCharsets.ISO_8859_1))
          .append('\n');
    }
    return text.append(table.size()).toString();
  }

  // RFC 7541 appendix C.2
  @Test
  void decodesSingleFields() {
    assertEquals(
        "custom-key: custom-header\n",
        decode("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"));
    assertEquals("custom-key: custom-header\n55", table());
    assertEquals(":path: /sample/path\n", decode("040c 2f73 616d 706c 652f 7061 7468"));
    assertEquals("password: secret\n", decode("1008 7061 7373 776f 7264 0673 6563 7265 74"));
    assertEquals(":method: GET\n", decode("82"));
    assertEquals("custom-key: custom-header\n55", table());
  }

  private static final String FIRST =
      ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n";

  // RFC 7541 appendices C.3 and C.4
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void decodesRequests(boolean huffman) {
    assertEquals(
        FIRST,
        decode(
            huffman
                ? "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"
                : "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"));
    assertEquals(":authority: www.example.com\n57", table());
    assertEquals(
        FIRST + "cache-control: no-cache\n",
        decode(huffman ? "8286 84be 5886 a8eb 1064 9cbf" : "8286 84be 5808 6e6f 2d63 6163 6865"));
    assertEquals("cache-control: no-cache\n:authority: www.example.com\n110", table());
    assertEquals(
        ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n"
            + "custom-key: custom-value\n",
        decode(
            huffman
                ? "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"
                : "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"));
    assertEquals(
        "custom-key: custom-value\ncache-control: no-cache\n:authority: www.example.com\n164",
        table());
  }

  // RFC 7541 appendices C.5 and C.6: a table of 256 bytes
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void decodesResponses(boolean huffman) {
    decoder.table().capacity(256);
    assertEquals(
        ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
            + "location: https://www.example.com\n",
        decode(
            huffman
                ? "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6"
                    + "2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3"
                : "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133"
                    + "2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861"
                    + "6d70 6c65 2e63 6f6d"));
    String rest =
        "cache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
            + "location: https://www.example.com\n";
    assertEquals(
        ":status: 307\n" + rest, decode(huffman ? "4883 640e ffc1 c0bf" : "4803 3330 37c1 c0bf"));
    assertEquals(
        ":status: 307\nlocation: https://www.example.com\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
            + "cache-control: private\n222",
        table());
    assertEquals(
        ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n"
            + "location: https://www.example.com\ncontent-encoding: gzip\n"
            + "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n",
        decode(
            huffman
                ? "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab"
                    + "77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5"
                    + "291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07"
                : "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d"
                    + "54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f"
                    + "5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572"
                    + "7369 6f6e 3d31"));
    assertEquals(
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
            + "content-encoding: gzip\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n215",
        table());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80", // index 0
        "be", // an empty dynamic table
        "ffffffffff7f", // an index without end
        "ff80808080808080808001", // an integer of many zeros
        "4001", // a name that is not there
        "40016102", // a value that is not there
        "400161", // no value
        "40", // no name
        "7e0161", // name by an index that is not there
        "0085ffffffffff00", // the end of string within a string
        "0082ffff00", // padding longer than seven bits
        "00811800", // padding of zeros
        "823f", // a table update behind a field
        "3fe21f", // a table larger than was allowed
        "202020", // three updates
        "3f", // an update without an end
      })
  void refusesBrokenCode(String hex) {
    assertFalse(decodes(hex));
  }

  @Test
  void takesTableUpdatesAtTheStart() {
    decode("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572");
    assertEquals(":method: GET\n", decode("20 3fe11f 82"));
    assertEquals("0", table());
    assertEquals(4096, decoder.table().capacity());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "40 0141 0162", // upper case
        "40 00 0162", // no name
        "40 0120 0162", // a space in the name
        "40 023a3a 0162", // a colon within the name
        "40 0161 020a62", // a line feed
        "40 0161 020062", // a zero
        "40 0161 027f62", // DEL
        "40 0161 022062", // white space in front
        "40 0161 026209", // white space behind
      })
  void noticesWhatMustNotBeInAField(String hex) {
    decode(hex);
    assertTrue(decoder.isMalformed());
    decode("be");
    assertTrue(decoder.isMalformed(), "from the table too");
    decode("82");
    assertFalse(decoder.isMalformed());
  }

  @Test
  void longValuesAreCheckedToTheirEnds() {
    for (int length = 1; length < 40; length++) {
      for (int at = 0; at < length; at++) {
        byte[] in = new byte[length + 4];
        Arrays.fill(in, (byte) 'v');
        in[0] = 0;
        in[1] = 1;
        in[2] = 'n';
        in[3] = (byte) length;
        in[4 + at] = '\r';
        block.clear();
        assertTrue(decoder.decode(in, 0, in.length, block, LIMITS));
        assertTrue(decoder.isMalformed(), length + " " + at);
        in[4 + at] = (byte) 0xe9;
        block.clear();
        assertTrue(decoder.decode(in, 0, in.length, block, LIMITS));
        assertFalse(decoder.isMalformed(), length + " " + at);
      }
    }
  }

  @Test
  void stopsKeepingBeyondTheLimitsButKeepsTheTable() {
    // one large entry, referred to again and again
    byte[] in = new byte[4 + 3000 + 2 + 5000];
    in[0] = 0x40;
    in[1] = 1;
    in[2] = 'a';
    in[3] = 0x7f;
    int length = 3000 - 127;
    in[4] = (byte) ((length & 0x7f) | 0x80);
    in[5] = (byte) (length >>> 7);
    Arrays.fill(in, 6, 6 + 3000, (byte) 'x');
    Arrays.fill(in, 6 + 3000, in.length, (byte) 0xbe);
    assertTrue(decoder.decode(in, 0, in.length, block, LIMITS));
    assertTrue(decoder.isTooLarge());
    assertTrue(block.rawLength() <= LIMITS.bytesMax() + 3100);
    assertEquals(1, decoder.table().count());
    byte[] many = new byte[200];
    Arrays.fill(many, (byte) 0x82);
    block.clear();
    assertTrue(decoder.decode(many, 0, many.length, block, LIMITS));
    assertTrue(decoder.isTooLarge());
    assertTrue(block.size() <= LIMITS.headersMax() + 6);
  }

  @Test
  void entriesAreInTextForm() {
    decode("8286 84be".replace("be", "") + "400a 6375 7374 6f6d 2d6b 6579 0161 be 5003 6262 62");
    assertEquals(
        ":method: GET\n:scheme: http\n:path: /\ncustom-key: a\ncustom-key: a\n"
            + "accept-encoding: bbb\n",
        block.toString());
    for (int i = 3; i < block.size(); i++) {
      assertTrue(block.isContiguous(i));
    }
    assertEquals(4, block.findNext(HeaderName.of("custom-key"), 3));
  }

  private static String random(Random random, String alphabet, int min, int max) {
    StringBuilder text = new StringBuilder();
    for (int i = min + random.nextInt(max - min + 1); i > 0; i--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }

  /** Whatever is encoded comes back, over many blocks and changing tables. */
  @ParameterizedTest
  @ValueSource(ints = {0, 64, 300, 4096, 16_384})
  void encodedBlocksComeBack(int tableBytes) {
    Random random = new Random(tableBytes);
    HpackEncoder encoder = new HpackEncoder(tableBytes);
    HpackDecoder reader = new HpackDecoder(Math.max(4096, tableBytes));
    encoder.peerTableBytesMax(tableBytes);
    List<String> values = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      values.add(
          random(random, "abcdefgh ijk-/:;,=%_?&ABCDEF0123456789\u00e9\u00ff~", 0, 60).strip());
    }
    String[] names = {
      "content-type",
      "x-request-id",
      "server",
      "date",
      "authorization",
      "cookie",
      "x-a",
      "via",
      "content-length",
      "some-very-long-name-of-a-header-field"
    };
    long plain = 0;
    long coded = 0;
    for (int round = 0; round < 3000; round++) {
      HeaderBlock source = new HeaderBlock();
      source.add(HeaderName.METHOD, random.nextInt(4) == 0 ? "PUT" : "GET");
      source.add(HeaderName.PATH, random.nextInt(4) == 0 ? "/" : "/" + values.get(3).strip());
      source.add(HeaderName.SCHEME, random.nextInt(4) == 0 ? "grpc" : "https");
      source.add(HeaderName.AUTHORITY, "a.example:" + random.nextInt(5));
      for (int i = random.nextInt(12); i > 0; i--) {
        String value =
            random.nextInt(6) == 0
                ? random(random, "0123456789abcdef-", 1, 40)
                : values.get(random.nextInt(values.size()));
        source.add(HeaderName.of(names[random.nextInt(names.length)]), value);
      }
      if (random.nextInt(100) == 0) {
        encoder.peerTableBytesMax(random.nextInt(tableBytes + 1));
      }
      encoder.begin();
      encoder.request(source);
      block.clear();
      assertTrue(
          reader.decode(encoder.array(), 0, encoder.length(), block, LIMITS), "round " + round);
      assertFalse(reader.isMalformed());
      assertEquals(source.toString(), block.toString());
      assertEquals(encoder.table().size(), reader.table().size());
      assertTrue(reader.table().size() <= tableBytes);
      plain += source.rawLength();
      coded += encoder.length();
    }
    assertTrue(tableBytes < 4096 || coded * 2 < plain, coded + " of " + plain);
  }

  @Test
  void whatIsForOneHopIsNotEncoded() {
    HpackEncoder encoder = new HpackEncoder(4096);
    HeaderBlock source = new HeaderBlock();
    for (String name :
        List.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "upgrade",
            "transfer-encoding",
            "host")) {
      source.add(HeaderName.of(name), "x");
    }
    source.add(HeaderName.TE, "trailers");
    encoder.begin();
    encoder.fields(source);
    assertTrue(decoder.decode(encoder.array(), 0, encoder.length(), block, LIMITS));
    assertEquals("te: trailers\n", block.toString());
  }

  @Test
  void secretsAreNeverIndexed() {
    HpackEncoder encoder = new HpackEncoder(4096);
    HeaderBlock source = new HeaderBlock();
    source.add(HeaderName.of("authorization"), "Bearer x");
    for (int i = 0; i < 3; i++) {
      encoder.begin();
      encoder.fields(source);
      assertEquals(0x1f, encoder.array()[0]);
    }
    assertEquals(0, encoder.table().count());
  }

  @Test
  void statuses() {
    HpackEncoder encoder = new HpackEncoder(4096);
    for (int status = 100; status < 600; status++) {
      encoder.begin();
      encoder.status(status);
      block.clear();
      assertTrue(decoder.decode(encoder.array(), 0, encoder.length(), block, LIMITS));
      assertEquals(":status: " + status + "\n", block.toString());
    }
  }

  @Test
  void everyByteSurvivesTheHuffmanCode() {
    byte[] all = new byte[256];
    for (int i = 0; i < 256; i++) {
      all[i] = (byte) i;
    }
    Random random = new Random(7);
    for (int round = 0; round < 2000; round++) {
      int from = random.nextInt(256);
      int to = from + random.nextInt(257 - from);
      byte[] coded = new byte[2000];
      int end = Huffman.encode(all, from, to, coded, 0);
      assertEquals(Huffman.encodedLength(all, from, to), end);
      byte[] back = new byte[Huffman.decodedMax(end) + 1];
      int length = Huffman.decode(coded, 0, end, back, 0);
      assertEquals(to - from, length);
      assertTrue(Arrays.equals(all, from, to, back, 0, length));
    }
  }

  /** Nothing that comes makes the decoder throw or write outside of its arrays. */
  @Test
  void survivesAnyBytes() {
    Random random = new Random(11);
    int good = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] in = new byte[random.nextInt(80)];
      random.nextBytes(in);
      HpackDecoder fresh = round % 100 == 0 ? new HpackDecoder(4096) : decoder;
      block.clear();
      if (fresh.decode(in, 0, in.length, block, LIMITS)) {
        good++;
      }
    }
    assertTrue(good > 0);
  }
}
