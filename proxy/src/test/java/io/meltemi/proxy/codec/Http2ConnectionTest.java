package io.meltemi.proxy.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.testing.FakeTicker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class Http2ConnectionTest {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final String SETTINGS = "000000 04 00 00000000";

  /** GET, http, /, test on stream 1. */
  private static final String GET = "000009 01 05 00000001 828684 41 04 74657374";

  private static final String POST = "000009 01 04 00000001 838684 41 04 74657374";

  private static Http2Peer begun() {
    return begun(Http2Settings.DEFAULT);
  }

  private static Http2Peer begun(Http2Settings settings) {
    Http2Peer server = new Http2Peer(Http2Connection.Role.SERVER, settings);
    server.read(PREFACE).readHex(SETTINGS);
    server.written();
    return server;
  }

  private static Http2Settings with(Http2Settings.Floods floods) {
    Http2Settings d = Http2Settings.DEFAULT;
    return new Http2Settings(
        d.hpackTableBytes(),
        d.concurrentStreamsMax(),
        d.streamWindowBytes(),
        d.connectionWindowBytes(),
        d.resetsMalformed(),
        false,
        floods,
        d.keepAlive());
  }

  private static void send(Http2Stream stream, String text, boolean end) {
    ByteBuf data = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    stream.sendData(data, end);
    data.release();
  }

  @Test
  void bothRolesUnderstandEachOther() {
    Http2Peer server = Http2Peer.server();
    Http2Peer client = Http2Peer.client();
    server.onHead(
        stream -> {
          HeaderBlock interim = new HeaderBlock();
          interim.add(HeaderName.of("link"), "x");
          stream.sendResponse(103, interim, false);
          HeaderBlock head = new HeaderBlock();
          head.add(HeaderName.STATUS, "200");
          head.add(HeaderName.CONTENT_TYPE, "text/plain");
          stream.sendResponse(200, head, false);
          send(stream, "hello", false);
          HeaderBlock trailers = new HeaderBlock();
          trailers.add(HeaderName.of("grpc-status"), "0");
          stream.sendTrailers(trailers);
        });
    Http2Peer.TestStream call = client.open();
    call.sendRequest(Http2Peer.request("POST", "/a"), false);
    send(call, "body", true);
    Http2Peer.exchange(client, server);
    assertEquals("hello", call.body.toString());
    assertEquals(
        List.of("1 interim 103", "1 head 200", "1 trailers grpc-status: 0", "1 closed"),
        client.heard);
    assertEquals(":status: 200\ncontent-type: text/plain\n", call.head.toString());
    assertEquals(List.of("1 head", "1 end", "1 closed"), server.heard);
    assertEquals("body", server.streams.getFirst().body.toString());
    assertEquals(0, client.connection.streams());
    assertEquals(0, server.connection.streams());
  }

  /** Many streams with bodies of any size, over windows of any size, in pieces of any size. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void randomTrafficArrivesWhole(int seed) {
    Random random = new Random(seed);
    Http2Settings settings =
        new Http2Settings(
            random.nextBoolean() ? 4096 : random.nextInt(200),
            40,
            65_535 + random.nextInt(100_000),
            65_535 + random.nextInt(100_000),
            true,
            false,
            Http2Settings.Floods.DEFAULT,
            Http2Settings.KeepAlive.NONE);
    Http2Peer server = new Http2Peer(Http2Connection.Role.SERVER, settings);
    Http2Peer client = new Http2Peer(Http2Connection.Role.CLIENT, settings);
    // each answers a body with one of the same bytes, once the request is complete
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    List<Http2Peer.TestStream> calls = new ArrayList<>();
    List<String> bodies = new ArrayList<>();
    Http2Peer.exchange(client, server);
    for (int round = 0; round < 60; round++) {
      if (client.connection.canOpen()) {
        Http2Peer.TestStream call = client.open();
        String body = String.valueOf((char) ('a' + round % 26)).repeat(random.nextInt(90_000));
        call.sendRequest(Http2Peer.request("POST", "/" + round), false);
        int cut = random.nextInt(body.length() + 1);
        send(call, body.substring(0, cut), false);
        send(call, body.substring(cut), true);
        calls.add(call);
        bodies.add(body);
      }
      deliver(client, server, random);
      for (Http2Peer.TestStream stream : List.copyOf(server.streams)) {
        if (stream.ended && !stream.isClosed()) {
          send(stream, stream.body.toString(), true);
          server.streams.remove(stream);
        }
      }
      deliver(server, client, random);
    }
    for (int i = 0; i < 200; i++) {
      deliver(client, server, random);
      for (Http2Peer.TestStream stream : List.copyOf(server.streams)) {
        if (stream.ended && !stream.isClosed()) {
          send(stream, stream.body.toString(), true);
          server.streams.remove(stream);
        }
      }
      deliver(server, client, random);
    }
    assertTrue(calls.size() > 30);
    for (int i = 0; i < calls.size(); i++) {
      assertEquals(bodies.get(i), calls.get(i).body.toString());
      assertTrue(calls.get(i).isClosed());
    }
    assertEquals(0, server.connection.streams());
    assertEquals(0, server.stats.scope("http2.").gauge("pending_send_bytes").value());
    assertEquals(0, client.stats.scope("http2.").gauge("streams_active").value());
  }

  private static void deliver(Http2Peer from, Http2Peer to, Random random) {
    byte[] bytes = from.written();
    int at = 0;
    while (at < bytes.length) {
      int count = Math.min(bytes.length - at, 1 + random.nextInt(20_000));
      to.read(Arrays.copyOfRange(bytes, at, at + count));
      at += count;
    }
  }

  @Test
  void anySplitGivesTheSame() {
    byte[] all =
        HexFormat.of()
            .parseHex(
                (HexFormat.of().formatHex(PREFACE)
                        + SETTINGS
                        + POST
                        // padded data, trailers with priority in two pieces
                        + "000008 00 08 00000001 03 61626364 000000"
                        + "000007 01 21 00000001 0000000010 4001"
                        + "000003 09 04 00000001 610162"
                        + "000008 06 00 00000000 0102030405060708")
                    .replace(" ", ""));
    for (int cut = 0; cut <= all.length; cut++) {
      Http2Peer server = Http2Peer.server();
      server.read(Arrays.copyOf(all, cut)).read(Arrays.copyOfRange(all, cut, all.length));
      assertEquals(List.of("1 head", "1 trailers a: b"), server.heard, "cut " + cut);
      assertEquals("abcd", server.streams.getFirst().body.toString());
      List<String> frames = Http2Peer.frames(server.written());
      assertEquals("PING 0 f1 8", frames.getLast());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PROTOCOL_ERROR|000000 00 01 00000000", // DATA on stream 0
        "PROTOCOL_ERROR|000000 00 01 00000001", // DATA on an idle stream
        "PROTOCOL_ERROR|000001 01 05 00000000 82", // HEADERS on stream 0
        "PROTOCOL_ERROR|000001 01 05 00000002 82", // of the server's
        "PROTOCOL_ERROR|000000 09 04 00000001", // CONTINUATION of nothing
        "PROTOCOL_ERROR|000001 01 00 00000001 82 000008 06 00 00000000 0102030405060708",
        "PROTOCOL_ERROR|000001 01 00 00000001 82 000000 09 04 00000003",
        "PROTOCOL_ERROR|000002 01 0d 00000001 05 82", // more padding than there is
        "FRAME_SIZE_ERROR|000000 01 0d 00000001", // no pad length
        "FRAME_SIZE_ERROR|000003 01 25 00000001 000000", // no whole priority
        "FRAME_SIZE_ERROR|000004 02 00 00000001 00000000",
        "FRAME_SIZE_ERROR|000003 03 00 00000001 000000",
        "PROTOCOL_ERROR|000004 03 00 00000000 00000000",
        "PROTOCOL_ERROR|000004 03 00 00000001 00000000", // RST of an idle stream
        "FRAME_SIZE_ERROR|000005 04 00 00000000 0000000000",
        "FRAME_SIZE_ERROR|000006 04 01 00000000 000300000001", // an ACK with settings
        "PROTOCOL_ERROR|000000 04 00 00000001",
        "PROTOCOL_ERROR|000006 04 00 00000000 000200000002", // ENABLE_PUSH 2
        "FLOW_CONTROL_ERROR|000006 04 00 00000000 000480000000",
        "PROTOCOL_ERROR|000006 04 00 00000000 000500000001", // MAX_FRAME_SIZE 1
        "PROTOCOL_ERROR|000006 04 00 00000000 000501000000",
        "PROTOCOL_ERROR|000004 05 04 00000001 00000002", // a push from a client
        "FRAME_SIZE_ERROR|000007 06 00 00000000 01020304050607",
        "PROTOCOL_ERROR|000008 06 00 00000001 0102030405060708",
        "FRAME_SIZE_ERROR|000004 07 00 00000000 00000000",
        "PROTOCOL_ERROR|000008 07 00 00000001 0000000000000000",
        "FRAME_SIZE_ERROR|000003 08 00 00000000 000001",
        "PROTOCOL_ERROR|000004 08 00 00000000 00000000",
        "FLOW_CONTROL_ERROR|000004 08 00 00000000 7fffffff",
        "PROTOCOL_ERROR|000004 08 00 00000001 00000001", // on an idle stream
        "FRAME_SIZE_ERROR|004001 00 00 00000001", // longer than allowed
        "COMPRESSION_ERROR|000001 01 05 00000001 80",
        "COMPRESSION_ERROR|000001 01 05 00000001 be",
      })
  void whoBreaksTheFramingLosesTheConnection(String text) {
    Http2Peer server = begun();
    server.readHex(text.substring(text.indexOf('|') + 1));
    String error = text.substring(0, text.indexOf('|'));
    assertTrue(server.heard.getLast().startsWith("failed " + error), server.heard.toString());
    assertTrue(server.connection.isOver());
    List<String> frames = Http2Peer.frames(server.written());
    assertTrue(frames.getLast().startsWith("GOAWAY "), frames.toString());
    assertTrue(frames.getLast().endsWith(" " + error), frames.toString());
    server.readHex(GET);
    assertEquals(0, server.written().length);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PROTOCOL_ERROR|000009 01 05 00000001 8286 40 01 61 01 62 8484", // :path behind a field
        "PROTOCOL_ERROR|000002 01 05 00000001 8286", // no path
        "PROTOCOL_ERROR|000002 01 05 00000001 8284", // no scheme
        "PROTOCOL_ERROR|000002 01 05 00000001 8684", // no method
        "PROTOCOL_ERROR|000004 01 05 00000001 82828684", // two methods
        "PROTOCOL_ERROR|000004 01 05 00000001 88828684", // a status
        "PROTOCOL_ERROR|000005 01 05 00000001 8286 0400 84", // an empty path and another
        "PROTOCOL_ERROR|000004 01 05 00000001 8286 0400", // an empty path
        "PROTOCOL_ERROR|000006 01 05 00000001 8286 04 02 2f20", // a space in the path
        "PROTOCOL_ERROR|000006 01 05 00000001 8286 04 02 6162", // a path that is not absolute
        "PROTOCOL_ERROR|000007 01 05 00000001 828684 5c 02 2d31", // content-length -1
        "PROTOCOL_ERROR|000006 01 05 00000001 828684 5c 01 31", // a length and no body
        "PROTOCOL_ERROR|00000a 01 05 00000001 828684 41 05 6140622f63", // an authority with @ and /
        "PROTOCOL_ERROR|00000e 01 25 00000001 0000000110 828684 41 04 74657374",
        "STREAM_CLOSED|" + GET + "000001 00 01 00000001 61",
        "STREAM_CLOSED|" + GET + "000009 01 05 00000001 828684 41 04 74657374",
        "PROTOCOL_ERROR|" + POST + "000009 01 04 00000001 828684 41 04 74657374",
        "PROTOCOL_ERROR|" + POST + "000005 01 05 00000001 82 00 01 61 00", // pseudo in trailers
        "PROTOCOL_ERROR|" + POST + "000004 08 00 00000001 00000000",
        "FLOW_CONTROL_ERROR|" + POST + "000004 08 00 00000001 7fffffff",
        "PROTOCOL_ERROR|" + POST + "000005 02 00 00000001 0000000110", // depends on itself
        "PROTOCOL_ERROR|00000c 01 04 00000001 838684 41 04 74657374 5c 01 32"
            + "000001 00 01 00000001 61", // less than content-length
        "PROTOCOL_ERROR|00000c 01 04 00000001 838684 41 04 74657374 5c 01 32"
            + "000003 00 00 00000001 616263", // more
      })
  void whatIsWrongOnAStreamEndsTheStream(String text) {
    Http2Peer server = begun();
    server.readHex(text.substring(text.indexOf('|') + 1));
    String error = text.substring(0, text.indexOf('|'));
    assertEquals(
        List.of("RST 1 " + error), Http2Peer.frames(server.written()), server.heard.toString());
    assertFalse(server.connection.isOver());
    assertEquals(0, server.connection.streams());
    server.readHex("000009 01 05 00000003 828684 41 04 74657374");
    assertEquals("3 head end", server.heard.getLast());
  }

  @Test
  void malformedMessagesCanEndTheConnection() {
    Http2Settings d = Http2Settings.DEFAULT;
    Http2Peer server =
        begun(
            new Http2Settings(
                d.hpackTableBytes(),
                d.concurrentStreamsMax(),
                d.streamWindowBytes(),
                d.connectionWindowBytes(),
                false,
                false,
                d.floods(),
                d.keepAlive()));
    server.readHex("000002 01 05 00000001 8286");
    assertEquals("failed PROTOCOL_ERROR http2.violation.of.messaging.rule", server.heard.getLast());
  }

  @Test
  void framesBehindAResetAreReadOver() {
    Http2Peer server = begun();
    server.readHex(POST);
    server.streams.getFirst().reset(Http2Error.CANCEL);
    server.readHex("000003 00 00 00000001 616263" + "000004 08 00 00000001 00000001");
    server.readHex("000004 01 05 00000001 40 01 61 00");
    server.readHex("000009 01 05 00000003 828684 41 04 74657374");
    assertEquals("3 head end", server.heard.getLast());
    assertEquals(List.of("RST 1 CANCEL"), Http2Peer.frames(server.written()));
  }

  @Test
  void streamsTakeTurnsOnTheConnectionsWindow() {
    Http2Peer server = begun();
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    StringBuilder requests = new StringBuilder();
    for (int id = 1; id <= 5; id += 2) {
      requests.append(GET.replace("00000001 82", "0000000" + id + " 82"));
    }
    // a large window on each stream
    server.readHex("000006 04 00 00000000 0004 7fffffff" + requests);
    server.written();
    String large = "x".repeat(100_000);
    server.streams.forEach(stream -> send(stream, large, true));
    assertEquals(65_535, dataBytes(server.written()));
    server.readHex("000004 08 00 00000000 00010000");
    List<String> frames = Http2Peer.frames(server.written());
    assertEquals(
        List.of("DATA 1 f0 16384", "DATA 3 f0 16384", "DATA 5 f0 16384", "DATA 1 f0 16384"),
        frames.stream().map(f -> f.replace("DATA 1 f0 16383", "DATA 1 f0 16384")).toList());
    server.readHex("000004 08 00 00000000 00100000");
    assertEquals(300_000 - 65_535 - 65_536, dataBytes(server.written()));
    assertEquals(0, server.connection.streams());
  }

  private static int dataBytes(byte[] written) {
    int bytes = 0;
    for (String frame : Http2Peer.frames(written)) {
      if (frame.startsWith("DATA")) {
        bytes += Integer.parseInt(frame.substring(frame.lastIndexOf(' ') + 1));
      }
    }
    return bytes;
  }

  @Test
  void windowsThatShrinkGoBelowZero() {
    Http2Peer server = begun();
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    server.readHex(GET);
    Http2Peer.TestStream stream = server.streams.getFirst();
    send(stream, "x".repeat(60_000), false);
    server.written();
    server.readHex("000006 04 00 00000000 0004 00000064"); // 100: the window is 100 - 60000
    send(stream, "y".repeat(10), false);
    server.readHex("000004 08 00 00000001 " + HexFormat.of().toHexDigits(59_900));
    assertEquals(0, dataBytes(server.written()));
    server.readHex("000004 08 00 00000001 00000003");
    assertEquals(3, dataBytes(server.written()));
    HeaderBlock trailers = new HeaderBlock();
    trailers.add(HeaderName.of("a"), "b");
    stream.sendTrailers(trailers);
    trailers.clear();
    server.readHex("000004 08 00 00000001 00000007");
    List<String> frames = Http2Peer.frames(server.written());
    assertEquals("DATA 1 f0 7", frames.getFirst());
    assertTrue(frames.getLast().startsWith("HEADERS 1 f5"), frames.toString());
    assertEquals("1 closed", server.heard.getLast());
  }

  @Test
  void anEndBehindAClosedWindowNeedsNone() {
    Http2Peer server = begun();
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    server.readHex("000006 04 00 00000000 0004 00000000" + GET);
    server.written();
    send(server.streams.getFirst(), "", true);
    assertEquals(List.of("DATA 1 f1 0"), Http2Peer.frames(server.written()));
    assertEquals("1 closed", server.heard.getLast());
  }

  @Test
  void whoDoesNotReadGetsNoWindow() {
    Http2Settings small =
        new Http2Settings(
            4096,
            10,
            65_535,
            65_535,
            true,
            false,
            Http2Settings.Floods.DEFAULT,
            Http2Settings.KeepAlive.NONE);
    Http2Peer server = begun(small);
    server.readHex(POST);
    Http2Peer.TestStream stream = server.streams.getFirst();
    stream.setReading(false);
    String frame = "004000 00 00 00000001" + "61".repeat(16_384);
    server.readHex(frame.repeat(3));
    assertEquals(List.of(), Http2Peer.frames(server.written()));
    stream.setReading(true);
    assertEquals(List.of("WINDOW 0 49152", "WINDOW 1 49152"), Http2Peer.frames(server.written()));
    stream.setReading(false);
    server.readHex(frame.repeat(3));
    assertEquals(List.of(), Http2Peer.frames(server.written()));
    stream.reset(Http2Error.CANCEL);
    assertEquals(List.of("RST 1 CANCEL", "WINDOW 0 49152"), Http2Peer.frames(server.written()));
  }

  @Test
  void moreThanTheWindowIsRefused() {
    Http2Settings small =
        new Http2Settings(
            4096,
            10,
            65_535,
            1 << 20,
            true,
            false,
            Http2Settings.Floods.DEFAULT,
            Http2Settings.KeepAlive.NONE);
    Http2Peer server = begun(small);
    server.readHex(POST);
    server.streams.getFirst().setReading(false);
    String frame = "004000 00 00 00000001" + "61".repeat(16_384);
    server.readHex(frame.repeat(4));
    assertEquals(List.of("RST 1 FLOW_CONTROL_ERROR"), Http2Peer.frames(server.written()));
    assertFalse(server.connection.isOver());
  }

  @Test
  void writersHearOfLimits() {
    Http2Peer server = begun();
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    server.readHex("000006 04 00 00000000 0004 00000000" + GET);
    Http2Peer.TestStream stream = server.streams.getFirst();
    send(stream, "x".repeat(64 * 1024), false);
    assertTrue(stream.isWritable());
    send(stream, "x", false);
    assertFalse(stream.isWritable());
    assertEquals("1 writable false", server.heard.getLast());
    server.readHex("000004 08 00 00000001 00004000");
    assertEquals("1 writable false", server.heard.getLast());
    server.readHex("000004 08 00 00000001 00004001");
    assertEquals("1 writable true", server.heard.getLast());
  }

  // ---- floods

  private void assertFlood(Http2Peer server, String counter) {
    assertEquals(1, server.counter(counter), server.heard.toString());
    assertTrue(server.heard.getLast().startsWith("failed ENHANCE_YOUR_CALM"));
    List<String> frames = Http2Peer.frames(server.written());
    assertTrue(frames.getLast().endsWith("ENHANCE_YOUR_CALM"), frames.toString());
  }

  @Test
  void floodOfContinuations() {
    Http2Peer server = begun();
    server.readHex("000001 01 00 00000001 82");
    for (int i = 0; i < 100 && !server.connection.isOver(); i++) {
      server.readHex("000001 09 00 00000001 82");
    }
    assertFlood(server, "inbound_continuation_frames_flood");
  }

  @Test
  void floodOfHeaderBytes() {
    Http2Peer server = begun();
    server.readHex("000001 01 00 00000001 82");
    for (int i = 0; i < 6 && !server.connection.isOver(); i++) {
      server.readHex("004000 09 00 00000001" + "82".repeat(16_384));
    }
    assertFlood(server, "inbound_continuation_frames_flood");
    assertEquals(1, server.counter("header_overflow"));
  }

  @Test
  void headerBombsAreResetAndCheap() {
    Http2Peer server = begun();
    // an entry of 3000 bytes, and 16000 references to it
    String entry = "40 01 61 7f b916" + "78".repeat(3000);
    int size = 6 + 3000;
    server.readHex(
        HexFormat.of().toHexDigits(size).substring(2)
            + " 01 01 00000001"
            + entry
            + "003e80 09 04 00000001"
            + "be".repeat(16_000));
    assertEquals(List.of("RST 1 INTERNAL_ERROR"), Http2Peer.frames(server.written()));
    assertEquals(
        "1 reset HEAD_TOO_LARGE INTERNAL_ERROR http2.headers_too_large", server.heard.getFirst());
    assertEquals(1, server.counter("header_overflow"));
  }

  @Test
  void floodOfEmptyFrames() {
    Http2Peer server = begun();
    server.readHex(POST + "000000 00 00 00000001");
    assertFalse(server.connection.isOver());
    server.readHex("000000 00 00 00000001");
    assertFlood(server, "inbound_empty_frames_flood");
  }

  @Test
  void floodOfPriorities() {
    Http2Peer server = begun();
    for (int i = 0; i < 101; i++) {
      server.readHex("000005 02 00 00000001 0000000310");
    }
    assertFlood(server, "inbound_priority_frames_flood");
  }

  @Test
  void floodOfWindowUpdates() {
    Http2Peer server = begun();
    for (int i = 0; i < 6; i++) {
      server.readHex("000004 08 00 00000000 00000001");
    }
    assertFlood(server, "inbound_window_update_frames_flood");
  }

  @Test
  void rapidResets() {
    Http2Peer server = begun();
    for (int i = 0; i < 600 && !server.connection.isOver(); i++) {
      String id = HexFormat.of().toHexDigits(2 * i + 1);
      server.readHex(GET.replace("00000001 82", id + " 82"));
      server.readHex("000004 03 00" + id + "00000008");
    }
    assertFlood(server, "inbound_reset_frames_flood");
    assertEquals(500, server.counter("rx_reset"));
  }

  @Test
  void resetsThatAClientMakesUsSend() {
    Http2Peer server = begun();
    for (int i = 0; i < 600 && !server.connection.isOver(); i++) {
      String id = HexFormat.of().toHexDigits(2 * i + 1);
      server.readHex(POST.replace("00000001 83", id + " 83"));
      server.readHex("000004 08 00" + id + "00000000");
    }
    assertEquals(1, server.counter("inbound_reset_frames_flood"), server.heard.getLast());
  }

  /** A socket that takes nothing: what it is owed is limited. */
  @Test
  void floodOfPings() {
    Http2Peer server = begun(with(new Http2Settings.Floods(10_000, 50, 1, 100, 10)));
    server.stuck = true;
    for (int i = 0; i < 51; i++) {
      server.readHex("000008 06 00 00000000 0102030405060708");
    }
    assertEquals(1, server.counter("outbound_control_flood"));
    assertTrue(server.heard.getLast().startsWith("failed ENHANCE_YOUR_CALM"));
    server.dropStuck();
  }

  @Test
  void floodOfAnswers() {
    Http2Peer server = begun(with(new Http2Settings.Floods(50, 1000, 1, 100, 10)));
    server.stuck = true;
    server.onHead(stream -> stream.sendResponse(204, new HeaderBlock(), true));
    for (int i = 0; i < 51; i++) {
      server.readHex(GET.replace("00000001 82", HexFormat.of().toHexDigits(2 * i + 1) + " 82"));
    }
    assertEquals(1, server.counter("outbound_flood"));
    server.dropStuck();
  }

  /** A peer that reads is never one that floods. */
  @Test
  void manyFramesToAReaderAreNoFlood() {
    Http2Peer server = begun(with(new Http2Settings.Floods(50, 20, 1, 100, 10)));
    for (int i = 0; i < 5000; i++) {
      server.readHex("000008 06 00 00000000 0102030405060708");
      if (i % 10 == 0) {
        server.written();
      }
    }
    assertFalse(server.connection.isOver());
  }

  // ---- ends

  @Test
  void endsInTwoSteps() {
    Http2Peer server = Http2Peer.server();
    Http2Peer client = Http2Peer.client();
    Http2Peer.TestStream first = client.open();
    first.sendRequest(Http2Peer.request("GET", "/1"), true);
    Http2Peer.exchange(client, server);
    server.connection.announceEnd();
    Http2Peer.TestStream second = client.open();
    second.sendRequest(Http2Peer.request("GET", "/2"), true);
    server.read(client.written());
    server.connection.refuseStreams();
    client.read(server.written());
    assertFalse(client.connection.canOpen());
    server.streams.forEach(stream -> stream.sendResponse(200, new HeaderBlock(), true));
    Http2Peer.exchange(client, server);
    assertTrue(client.heard.contains("1 head 200 end"));
    assertTrue(client.heard.contains("3 head 200 end"));
    assertEquals(2, server.counter("goaway_sent"));
  }

  @Test
  void streamsBehindAGoAwayCanBeSentAgain() {
    Http2Peer client = Http2Peer.client();
    client.written();
    Http2Peer.TestStream first = client.open();
    Http2Peer.TestStream second = client.open();
    first.sendRequest(Http2Peer.request("GET", "/1"), true);
    second.sendRequest(Http2Peer.request("GET", "/2"), true);
    client.readHex(SETTINGS + "000008 07 00 00000000 00000001 00000000");
    assertEquals(
        List.of(
            "3 reset REMOTE_REFUSED NO_ERROR http2.remote_refuse", "3 closed", "goaway NO_ERROR"),
        client.heard);
    assertFalse(client.connection.canOpen());
    client.readHex("000001 01 05 00000001 88");
    assertEquals("1 closed", client.heard.getLast());
  }

  @Test
  void refusedStreamsCanBeSentAgain() {
    Http2Peer client = Http2Peer.client();
    Http2Peer.TestStream call = client.open();
    call.sendRequest(Http2Peer.request("GET", "/1"), true);
    client.readHex(SETTINGS + "000004 03 00 00000001 00000007");
    assertEquals(
        "1 reset REMOTE_REFUSED REFUSED_STREAM http2.remote_refuse", client.heard.getFirst());
  }

  @Test
  void clientsKeepToThePeersLimit() {
    Http2Peer client = Http2Peer.client();
    client.readHex("000006 04 00 00000000 0003 00000001");
    assertTrue(client.connection.canOpen());
    Http2Peer.TestStream call = client.open();
    assertFalse(client.connection.canOpen());
    call.reset(Http2Error.CANCEL);
    assertTrue(client.connection.canOpen());
    assertEquals("0 closed", client.heard.getLast());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "000001 01 05 00000001 82", // a request's pseudo header
        "000000 01 05 00000001", // nothing at all
        "000005 01 05 00000001 08 03 393939", // 999
        "000005 01 05 00000001 08 03 313031", // 101
        "000005 01 05 00000001 08 03 313033", // an interim response that ends
        "000002 01 05 00000001 8888",
        "000001 00 01 00000001 61", // a body before the head
      })
  void brokenAnswersEndTheirStream(String hex) {
    Http2Peer client = Http2Peer.client();
    Http2Peer.TestStream call = client.open();
    call.sendRequest(Http2Peer.request("GET", "/"), true);
    client.written();
    client.readHex(SETTINGS + hex);
    assertTrue(client.heard.getFirst().startsWith("1 reset MALFORMED"), client.heard.toString());
    assertEquals("RST 1 PROTOCOL_ERROR", Http2Peer.frames(client.written()).getLast());
    assertTrue(client.connection.canOpen());
  }

  @Test
  void answersToHeadHaveALengthAndNoBody() {
    Http2Peer client = Http2Peer.client();
    Http2Peer.TestStream call = client.open();
    call.sendRequest(Http2Peer.request("HEAD", "/"), true);
    client.readHex(SETTINGS + "000004 01 05 00000001 88 5c 01 35");
    assertEquals(List.of("1 head 200 end", "1 closed"), client.heard);
  }

  @Test
  void largeHeadsGoInPieces() {
    Http2Peer server = Http2Peer.server();
    Http2Peer client = Http2Peer.client();
    HeaderBlock head = Http2Peer.request("GET", "/");
    head.add(HeaderName.of("x-large"), "v".repeat(40_000));
    Http2Peer.TestStream call = client.open();
    call.sendRequest(head, true);
    byte[] bytes = client.written();
    String frames =
        Http2Peer.frames(Arrays.copyOfRange(bytes, PREFACE.length, bytes.length)).toString();
    assertTrue(frames.contains("HEADERS 1 f1 16384, CONT 1 f0 16384, CONT 1 f4 "), frames);
    server.read(bytes);
    assertEquals(head.toString(), server.streams.getFirst().head.toString());
  }

  @Test
  void aClosedChannelEndsEveryStream() {
    Http2Peer client = Http2Peer.client();
    client.open().sendRequest(Http2Peer.request("GET", "/1"), true);
    client.open();
    client.connection.closed();
    assertEquals(
        List.of(
            "1 reset CONNECTION_CLOSED CANCEL",
            "1 closed",
            "0 reset CONNECTION_CLOSED CANCEL",
            "0 closed"),
        client.heard);
    assertEquals(0, client.stats.scope("http2.").gauge("streams_active").value());
  }

  @Test
  void deadPeersAreFoundByPings() {
    FakeTicker ticker = new FakeTicker();
    Http2Settings d = Http2Settings.DEFAULT;
    Http2Settings settings =
        new Http2Settings(
            d.hpackTableBytes(),
            d.concurrentStreamsMax(),
            d.streamWindowBytes(),
            d.connectionWindowBytes(),
            true,
            false,
            d.floods(),
            new Http2Settings.KeepAlive(1_000_000_000, 500_000_000, 0));
    Http2Peer server = new Http2Peer(Http2Connection.Role.SERVER, settings, ticker, 1 << 16);
    server.read(PREFACE).readHex(SETTINGS);
    server.written();
    ticker.advance(Duration.ofMillis(1010));
    server.loop.timers().runDue();
    byte[] ping = server.written();
    assertEquals(List.of("PING 0 f0 8"), Http2Peer.frames(ping));
    ping[4] = 1;
    server.read(ping);
    ticker.advance(Duration.ofMillis(1010));
    server.loop.timers().runDue();
    assertEquals(List.of("PING 0 f0 8"), Http2Peer.frames(server.written()));
    ticker.advance(Duration.ofMillis(510));
    server.loop.timers().runDue();
    assertEquals("failed NO_ERROR http2.keepalive_timeout", server.heard.getLast());
    assertEquals(1, server.counter("keepalive_timeout"));
  }

  @Test
  void endedStreamsDoNotWaitForEver() {
    FakeTicker ticker = new FakeTicker();
    Http2Peer server =
        new Http2Peer(Http2Connection.Role.SERVER, Http2Settings.DEFAULT, ticker, 1 << 16);
    server.connection.flushNanos(1_000_000_000);
    server.onHead(stream -> stream.sendResponse(200, new HeaderBlock(), false));
    server.read(PREFACE).readHex("000006 04 00 00000000 0004 00000000" + GET);
    send(server.streams.getFirst(), "hello", true);
    ticker.advance(Duration.ofMillis(1010));
    server.loop.timers().runDue();
    assertEquals(1, server.counter("tx_flush_timeout"));
    assertEquals("1 closed", server.heard.getLast());
    assertEquals(0, server.stats.scope("http2.").gauge("pending_send_bytes").value());
  }

  /** Whatever comes, nothing is thrown and no buffer is lost. */
  @Test
  void survivesAnyFrames() {
    Random random = new Random(5);
    int requests = 0;
    for (int round = 0; round < 3000; round++) {
      Http2Peer server = begun();
      server.onHead(
          stream -> {
            stream.sendResponse(200, new HeaderBlock(), false);
            send(stream, "x".repeat(100), random.nextBoolean());
          });
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int i = random.nextInt(12); i >= 0; i--) {
        if (random.nextInt(3) == 0) {
          String id = HexFormat.of().toHexDigits(random.nextInt(8));
          bytes.writeBytes(
              HexFormat.of().parseHex(GET.replace("00000001 82", id + " 82").replace(" ", "")));
          continue;
        }
        byte[] payload = new byte[random.nextInt(20)];
        random.nextBytes(payload);
        bytes.write(0);
        bytes.write(0);
        bytes.write(payload.length);
        bytes.write(random.nextInt(11));
        bytes.write(random.nextInt(64));
        bytes.writeBytes(new byte[] {0, 0, 0, (byte) random.nextInt(8)});
        bytes.writeBytes(payload);
      }
      server.read(bytes.toByteArray());
      requests += server.streams.size();
      server.written();
      server.connection.closed();
      assertEquals(0, server.connection.streams());
      assertEquals(0, server.stats.scope("http2.").gauge("streams_active").value());
    }
    assertTrue(requests > 100);
  }

  @Test
  void bytesOfBodiesAreNotChangedOnTheirWay() {
    byte[] all = new byte[70_000];
    new Random(3).nextBytes(all);
    Http2Peer server = Http2Peer.server();
    Http2Peer client = Http2Peer.client();
    server.onHead(
        stream -> {
          stream.sendResponse(200, new HeaderBlock(), false);
          ByteBuf data = Unpooled.wrappedBuffer(all);
          stream.sendData(data, true);
          data.release();
        });
    Http2Peer.TestStream call = client.open();
    call.sendRequest(Http2Peer.request("GET", "/"), true);
    Http2Peer.exchange(client, server);
    assertArrayEquals(all, call.body.toString().getBytes(StandardCharsets.ISO_8859_1));
  }
}
