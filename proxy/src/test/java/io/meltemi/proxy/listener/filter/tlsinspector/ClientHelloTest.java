package io.meltemi.proxy.listener.filter.tlsinspector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.meltemi.proxy.listener.filter.tlsinspector.ClientHello.Outcome;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ClientHelloTest {
  private static final ClientHello EXPECTED =
      new ClientHello("www.example.com", List.of("istio", "h2"));

  /** A real hello, as the JDK's own TLS writes it. */
  private static byte[] hello() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, null, null);
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName("WWW.example.com")));
    parameters.setApplicationProtocols(new String[] {"istio", "h2"});
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  private static Outcome read(byte[] bytes, int length) {
    return ClientHello.read(Unpooled.wrappedBuffer(bytes, 0, length));
  }

  @Test
  void readsARealHelloAndEveryPartOfItIsIncomplete() throws Exception {
    byte[] bytes = hello();
    for (int length = 0; length < bytes.length; length++) {
      assertInstanceOf(Outcome.Incomplete.class, read(bytes, length), "at " + length);
    }
    assertEquals(new Outcome.Found(EXPECTED), read(bytes, bytes.length));
    byte[] more = Arrays.copyOf(bytes, bytes.length + 10);
    assertEquals(new Outcome.Found(EXPECTED), read(more, more.length));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 50, 300})
  void readsAHelloInSeveralRecords(int size) throws Exception {
    byte[] records = split(hello(), size);
    for (int length = 0; length < records.length; length++) {
      assertInstanceOf(Outcome.Incomplete.class, read(records, length), "at " + length);
    }
    assertEquals(new Outcome.Found(EXPECTED), read(records, records.length));
  }

  private static byte[] split(byte[] record, int size) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 5; at < record.length; at += size) {
      int length = Math.min(size, record.length - at);
      out.writeBytes(new byte[] {22, 3, 1, (byte) (length >> 8), (byte) length});
      out.write(record, at, length);
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"GET / HTTP/1.1\r\n", "\u0000", "\u0015\u0003\u0001", "\u0016\u0002", "\n"})
  void otherProtocolsAreToldApartAtOnce(String text) {
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertInstanceOf(Outcome.NotTls.class, read(bytes, bytes.length));
  }

  @Test
  void malformedRecordsAndMessagesAreNotTls() throws Exception {
    // an empty record, a record beyond the limit, a server hello
    for (byte[] bytes :
        List.of(
            new byte[] {22, 3, 1, 0, 0},
            new byte[] {22, 3, 1, 0x7F, 0, 1},
            new byte[] {22, 3, 1, 0, 4, 2, 0, 0, 0})) {
      assertInstanceOf(Outcome.NotTls.class, read(bytes, bytes.length));
    }
    byte[] bytes = hello();
    // the session id claims to be longer than the message
    bytes[5 + 4 + 34] = (byte) 255;
    bytes[5 + 4 + 34 + 33] = (byte) 255;
    assertInstanceOf(Outcome.NotTls.class, read(bytes, bytes.length));
  }

  @Test
  void tooLargeAHelloIsKnownFromItsHeader() {
    byte[] bytes = {22, 3, 1, 64, 0, 1, 0, 0x40, 1};
    assertInstanceOf(Outcome.TooLarge.class, read(bytes, bytes.length));
    byte[] allowed = {22, 3, 1, 64, 0, 1, 0, 0x40, 0};
    assertInstanceOf(Outcome.Incomplete.class, read(allowed, allowed.length));
  }

  @Test
  void helloWithoutExtensionsHasNeitherNameNorProtocols() {
    byte[] body = new byte[2 + 32 + 1 + 2 + 2 + 1 + 1];
    body[36] = 2;
    body[39] = 1;
    byte[] bytes = new byte[9 + body.length];
    bytes[0] = 22;
    bytes[1] = 3;
    bytes[4] = (byte) (4 + body.length);
    bytes[5] = 1;
    bytes[8] = (byte) body.length;
    System.arraycopy(body, 0, bytes, 9, body.length);
    assertEquals(new Outcome.Found(new ClientHello("", List.of())), read(bytes, bytes.length));
  }

  @Test
  void damagedHellosNeverThrow() throws Exception {
    byte[] good = hello();
    Random random = new Random(7);
    int found = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = good.clone();
      for (int j = 0; j <= i % 4; j++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Outcome outcome = read(bytes, 1 + random.nextInt(bytes.length));
      assertNotNull(outcome);
      found += outcome instanceof Outcome.Found ? 1 : 0;
    }
    // most damaged ones are cut off as well
    assertEquals(true, found < 10_000);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      if (bytes.length > 6 && i % 2 == 0) {
        bytes[0] = 22;
        bytes[1] = 3;
        bytes[3] = 0;
        bytes[5] = 1;
      }
      assertNotNull(read(bytes, bytes.length));
    }
  }
}
