package io.meltemi.proxy.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first bytes of a connection between two workloads. */
final class PeerExchangeTest {
  private static final Node NODE =
      Node.newBuilder()
          .setId("sidecar~10.0.0.1~web-1.apps~apps.svc.cluster.local")
          .setMetadata(
              Struct.newBuilder()
                  .putFields("NAME", text("web-1"))
                  .putFields("NAMESPACE", text("apps"))
                  .putFields("SECRET", text("not told"))
                  .putFields(
                      "LABELS",
                      Value.newBuilder()
                          .setStructValue(
                              Struct.newBuilder()
                                  .putFields("app", text("web"))
                                  .putFields("other", text("not told")))
                          .build()))
          .build();

  private final Stats stats = new Stats();
  private final Peers peers = Peers.of(NODE, stats);

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private EmbeddedChannel channel() {
    return new EmbeddedChannel(new PeerExchange(peers.own(), peers.stats()));
  }

  private long count(String name) {
    return stats.scope("metadata_exchange.").counter(name).value();
  }

  private static String readAll(EmbeddedChannel channel) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf next = channel.readInbound(); next != null; next = channel.readInbound()) {
      byte[] bytes = new byte[next.readableBytes()];
      next.readBytes(bytes);
      all.writeBytes(bytes);
      next.release();
    }
    return all.toString(StandardCharsets.ISO_8859_1);
  }

  @Test
  void itsOwnMetadataComesFirst() throws Exception {
    EmbeddedChannel channel = channel();
    ByteBuf sent = channel.readOutbound();
    assertEquals(0x3D230467, sent.readInt());
    byte[] body = new byte[sent.readInt()];
    sent.readBytes(body);
    assertTrue(!sent.isReadable());
    sent.release();
    Struct told = Any.parseFrom(body).unpack(Struct.class);
    assertEquals(NODE.getId(), told.getFieldsOrThrow("x-envoy-peer-metadata-id").getStringValue());
    Struct metadata = told.getFieldsOrThrow("x-envoy-peer-metadata").getStructValue();
    assertEquals("web-1", metadata.getFieldsOrThrow("NAME").getStringValue());
    assertEquals(
        "{app=string_value: \"web\"\n}",
        metadata.getFieldsOrThrow("LABELS").getStructValue().getFieldsMap().toString());
    assertTrue(!metadata.containsFields("SECRET"));
    assertEquals(metadata, Struct.parseFrom(Base64.getDecoder().decode(peers.own().header())));
    channel.finish();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 8, 9, 1000})
  void thePeersMetadataIsTakenAwayHoweverItIsCut(int piece) {
    byte[] metadata = "any bytes".getBytes(StandardCharsets.US_ASCII);
    byte[] all =
        ByteBuffer.allocate(8 + metadata.length + 5)
            .putInt(0x3D230467)
            .putInt(metadata.length)
            .put(metadata)
            .put("hello".getBytes(StandardCharsets.US_ASCII))
            .array();
    EmbeddedChannel channel = channel();
    for (int at = 0; at < all.length; at += piece) {
      channel.writeInbound(Unpooled.copiedBuffer(all, at, Math.min(piece, all.length - at)));
    }
    assertEquals("hello", readAll(channel));
    channel.writeInbound(Unpooled.copiedBuffer("more", StandardCharsets.US_ASCII));
    assertEquals("more", readAll(channel));
    assertEquals(1, count("metadata_added"));
    channel.finishAndReleaseAll();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"GET / HTTP/1.1", "=#", "=#\u0004g\u007f\u0000\u0000\u0000rest", "=#\u0004h"})
  void aPeerThatSendsNoneIsServedAllTheSame(String bytes) {
    EmbeddedChannel channel = channel();
    channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    channel.close();
    assertEquals(bytes, readAll(channel));
    assertEquals(0, count("metadata_added"));
    channel.finishAndReleaseAll();
  }

  @Test
  void noBytesBreakIt() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 2_000; i++) {
      byte[] bytes = new byte[random.nextInt(64)];
      random.nextBytes(bytes);
      EmbeddedChannel channel = channel();
      if (random.nextBoolean()) {
        channel.writeInbound(Unpooled.buffer().writeInt(0x3D230467));
      }
      channel.writeInbound(Unpooled.copiedBuffer(bytes));
      channel.checkException();
      channel.finishAndReleaseAll();
    }
    assertEquals(2_000, count("alpn_protocol_found"));
  }

  @Test
  void whoIsWaitingForBytesGoesOnWaiting() {
    EmbeddedChannel channel = channel();
    channel.writeInbound(Unpooled.buffer().writeInt(0x3D230467).writeInt(4));
    assertNull(channel.readInbound());
    channel.writeInbound(Unpooled.buffer().writeInt(1));
    assertNull(channel.readInbound());
    assertEquals(1, count("metadata_added"));
    channel.finishAndReleaseAll();
  }
}
