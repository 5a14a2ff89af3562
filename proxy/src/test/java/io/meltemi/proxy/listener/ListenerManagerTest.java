package io.meltemi.proxy.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ListenerManagerTest {
  private static final long MINUTE_NANOS = 60_000_000_000L;

  /**
   * Answers every byte with a letter and itself; closes when told to drain, where it heeds that.
   */
  private record Echo(char letter, boolean heedsDrain) implements NetworkFilterConfig {
    @Override
    public void install(DownstreamConnection connection) {
      connection
          .channel()
          .pipeline()
          .addLast(
              new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                  ByteBuf bytes = (ByteBuf) message;
                  ByteBuf answer = ctx.alloc().buffer();
                  while (bytes.isReadable()) {
                    answer.writeByte(letter).writeByte(bytes.readByte());
                  }
                  bytes.release();
                  ctx.writeAndFlush(answer);
                }
              });
      connection.channel().config().setAutoRead(true);
      if (heedsDrain) {
        connection.onDrain(() -> connection.channel().close());
      }
    }
  }

  private static ListenerFixture fixture(boolean epoll, long drainNanos) {
    return new ListenerFixture(
        epoll ? Workers.start(2, "test-worker") : Workers.startNio(2, "test-worker"), drainNanos);
  }

  private static String ask(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return new String(
        socket.getInputStream().readNBytes(2 * text.length()), StandardCharsets.US_ASCII);
  }

  private static Listener echo(InetSocketAddress address, FilterChain... chains) {
    return ListenerFixture.listener("l", address, ListenerFixture.NO_PEEKING, List.of(chains));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void servesOnEveryWorker(boolean epoll) throws IOException {
    try (ListenerFixture fixture = fixture(epoll, MINUTE_NANOS)) {
      InetSocketAddress address = fixture.serve(new Echo('a', true));
      for (int i = 0; i < 20; i++) {
        try (Socket socket = ListenerFixture.connect(address)) {
          assertEquals("axay", ask(socket, "xy"));
        }
      }
      assertEquals(
          20, fixture.stats().scope("listener.test.").counter("downstream_cx_total").value());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void changedChainsDrainAndUnchangedOnesStay(boolean epoll) throws IOException {
    try (ListenerFixture fixture = fixture(epoll, MINUTE_NANOS)) {
      FilterChainMatch tls =
          new FilterChainMatch(
              0, List.of(), List.of(), "tls", List.of(), FilterChainMatch.Sources.ANY);
      FilterChain first = ListenerFixture.chain("first", new Echo('a', true));
      FilterChain other =
          new FilterChain(
              "other",
              tls,
              List.of(new Echo('x', true)),
              io.meltemi.proxy.parse.Metadata.EMPTY,
              "other");
      FilterChain second = ListenerFixture.chain("second", new Echo('b', true));
      assertEquals(
          Map.of(),
          fixture.manager().update(List.of(echo(ListenerFixture.anyPort(), first)), List.of()));
      InetSocketAddress address = fixture.manager().listeners().getFirst().bound().getFirst();
      try (Socket old = ListenerFixture.connect(address)) {
        assertEquals("a1", ask(old, "1"));
        // a chain beside it is added: the connection stays
        fixture.manager().update(List.of(echo(ListenerFixture.anyPort(), first, other)), List.of());
        assertEquals("a2", ask(old, "2"));
        assertEquals(address, fixture.manager().listeners().getFirst().bound().getFirst());
        // its chain is replaced: it drains, and the socket goes on to accept
        fixture.manager().update(List.of(echo(ListenerFixture.anyPort(), second)), List.of());
        assertEquals(-1, old.getInputStream().read());
        try (Socket fresh = ListenerFixture.connect(address)) {
          assertEquals("b3", ask(fresh, "3"));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void drainTimeEndsConnectionsThatDoNotHeedIt(boolean epoll) throws IOException {
    try (ListenerFixture fixture = fixture(epoll, 1_000_000)) {
      InetSocketAddress address = fixture.serve(new Echo('a', false));
      try (Socket socket = ListenerFixture.connect(address)) {
        assertEquals("a1", ask(socket, "1"));
        fixture.manager().update(List.of(), List.of("l"));
        assertEquals(-1, socket.getInputStream().read());
      }
      assertTrue(fixture.manager().listeners().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void takenPortIsReportedAndOthersGoOn(boolean epoll) throws IOException {
    try (ListenerFixture fixture = fixture(epoll, MINUTE_NANOS);
        java.net.ServerSocket taken =
            new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
      Listener blocked =
          ListenerFixture.listener(
              "blocked",
              address,
              ListenerFixture.NO_PEEKING,
              List.of(ListenerFixture.chain("c", new Echo('x', true))));
      Map<String, String> failures =
          fixture
              .manager()
              .update(
                  List.of(
                      blocked,
                      echo(
                          ListenerFixture.anyPort(),
                          ListenerFixture.chain("c", new Echo('a', true)))),
                  List.of());
      assertEquals(java.util.Set.of("blocked"), failures.keySet());
      String text = failures.getOrDefault("blocked", "");
      assertTrue(text.startsWith("cannot listen on 127.0.0.1:" + address.getPort()), text);
      try (Socket socket =
          ListenerFixture.connect(fixture.manager().listeners().getFirst().bound().getFirst())) {
        assertEquals("a1", ask(socket, "1"));
      }
      assertEquals(1, fixture.manager().listeners().size());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void peekedBytesReachTheChainChosenByThem(boolean epoll) throws IOException {
    try (ListenerFixture fixture = fixture(epoll, MINUTE_NANOS)) {
      FilterChainMatch two =
          new FilterChainMatch(
              0, List.of(), List.of("two"), "", List.of(), FilterChainMatch.Sources.ANY);
      FilterChain chainOfTwo =
          new FilterChain(
              "two",
              two,
              List.of(new Echo('2', true)),
              io.meltemi.proxy.parse.Metadata.EMPTY,
              "two");
      Listener.Peeking peeking =
          new Listener.Peeking(List.of(PeekTwo::new), MINUTE_NANOS, false, false);
      BlockingQueue<String> log = new ArrayBlockingQueue<>(1);
      Listener listener =
          ListenerFixture.listener(
              "l",
              ListenerFixture.anyPort(),
              peeking,
              List.of(chainOfTwo),
              info ->
                  log.add(info.has(ResponseFlag.NO_ROUTE_FOUND) + " " + info.responseCodeDetails));
      fixture.manager().update(List.of(listener), List.of());
      InetSocketAddress address = fixture.manager().listeners().getFirst().bound().getFirst();
      try (Socket socket = ListenerFixture.connect(address)) {
        assertEquals("222x", ask(socket, "2x"));
      }
      try (Socket socket = ListenerFixture.connect(address)) {
        socket.getOutputStream().write("11".getBytes(StandardCharsets.US_ASCII));
        assertEquals(-1, readQuietly(socket));
        assertEquals("true filter_chain_not_found", log.poll(20, TimeUnit.SECONDS));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      assertEquals(
          1, fixture.stats().scope("listener.test.").counter("no_filter_chain_match").value());
    }
  }

  private static int readQuietly(Socket socket) {
    try {
      return socket.getInputStream().read();
    } catch (IOException e) {
      // closed with bytes unread: the system resets
      return -1;
    }
  }

  /** Waits for two bytes and takes their sum for a name. */
  private static final class PeekTwo implements ListenerFilter {
    @Override
    public Status onAccept(AcceptedSocket socket) {
      return Status.MORE;
    }

    @Override
    public Status onData(AcceptedSocket socket, ByteBuf peeked) {
      if (peeked.readableBytes() < 2) {
        return Status.MORE;
      }
      socket.serverName(peeked.getByte(peeked.readerIndex()) == '2' ? "two" : "one");
      return Status.DONE;
    }

    @Override
    public int bytesMax() {
      return 100;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void silentClientIsClosedOrLetThroughAfterTheTimeout(boolean continues) throws IOException {
    try (ListenerFixture fixture = fixture(false, MINUTE_NANOS)) {
      Listener.Peeking peeking =
          new Listener.Peeking(List.of(PeekTwo::new), 1_000_000, continues, false);
      Listener listener =
          ListenerFixture.listener(
              "l",
              ListenerFixture.anyPort(),
              peeking,
              List.of(ListenerFixture.chain("c", new Greeter())));
      fixture.manager().update(List.of(listener), List.of());
      try (Socket socket =
          ListenerFixture.connect(fixture.manager().listeners().getFirst().bound().getFirst())) {
        assertEquals(continues ? 'h' : -1, socket.getInputStream().read());
      }
    }
  }

  /** Speaks first. */
  private record Greeter() implements NetworkFilterConfig {
    @Override
    public void install(DownstreamConnection connection) {
      connection.channel().writeAndFlush(Unpooled.copiedBuffer("h", StandardCharsets.US_ASCII));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"exact", "wildcard", "none"})
  void redirectedConnectionIsHandedToTheListenerOfItsDestination(String kind) throws IOException {
    try (ListenerFixture fixture = fixture(true, MINUTE_NANOS)) {
      InetSocketAddress destination = new InetSocketAddress("10.9.8.7", 8080);
      ListenerFilterConfig restore = () -> new RestoreFilter(destination);
      Listener main =
          ListenerFixture.listener(
              "main",
              ListenerFixture.anyPort(),
              new Listener.Peeking(List.of(restore), 0, false, true),
              List.of(ListenerFixture.chain("m", new Echo('m', true))));
      Listener target =
          unbound(
              switch (kind) {
                case "exact" -> destination;
                case "wildcard" -> new InetSocketAddress("0.0.0.0", 8080);
                default -> new InetSocketAddress("0.0.0.0", 8081);
              });
      fixture.manager().update(List.of(main, target), List.of());
      try (Socket socket =
          ListenerFixture.connect(fixture.manager().listeners().getFirst().bound().getFirst())) {
        assertEquals(kind.equals("none") ? "m1" : "t1", ask(socket, "1"));
      }
    }
  }

  private static Listener unbound(InetSocketAddress address) {
    Listener bound =
        ListenerFixture.listener(
            "target",
            address,
            ListenerFixture.NO_PEEKING,
            List.of(ListenerFixture.chain("t", new Echo('t', true))));
    return new Listener(
        bound.name(),
        new Listener.Binding(List.of(address), false, true, 1),
        bound.chains(),
        bound.peeking(),
        bound.options(),
        bound.accessLog(),
        bound.fingerprint());
  }

  private record RestoreFilter(InetSocketAddress destination) implements ListenerFilter {
    @Override
    public Status onAccept(AcceptedSocket socket) {
      socket.restoreLocalAddress(destination);
      return Status.DONE;
    }
  }
}
