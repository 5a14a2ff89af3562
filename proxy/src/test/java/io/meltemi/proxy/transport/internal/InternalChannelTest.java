package io.meltemi.proxy.transport.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.telemetry.FilterState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.net.ConnectException;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class InternalChannelTest {
  private static final InternalAddress ADDRESS = new InternalAddress("inner", "10.0.0.1:80");

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = (EventLoop) group.next();
  private final InternalListeners listeners = new InternalListeners();
  private final End client = new End();
  private final End server = new End();
  private @Nullable Passed passed;

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** What one end gets; on the loop only. */
  private static final class End extends ChannelInboundHandlerAdapter {
    private final StringBuilder text = new StringBuilder();
    private final List<String> events = new ArrayList<>();
    private long bytes;
    private @Nullable Channel channel;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      channel = context.channel();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      events.add("active");
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf read = (ByteBuf) message;
      bytes += read.readableBytes();
      if (bytes < 1000) {
        text.append(read.toString(StandardCharsets.UTF_8));
      }
      read.release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        events.add("end");
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      events.add(context.channel().isWritable() ? "writable" : "full");
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      events.add("inactive");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      events.add(String.valueOf(cause.getMessage()));
    }

    private Channel channel() {
      Channel present = channel;
      if (present == null) {
        throw new IllegalStateException("not connected");
      }
      return present;
    }
  }

  private <T> T on(Callable<T> task) throws Exception {
    return loop.submit(task).get(5, TimeUnit.SECONDS);
  }

  private void run(Runnable task) throws Exception {
    loop.submit(task).get(5, TimeUnit.SECONDS);
  }

  /** Lets what was handed over, and what that brought about, happen. */
  private void settle() throws Exception {
    for (int i = 0; i < 10; i++) {
      run(() -> {});
    }
  }

  private void connect() throws Exception {
    listeners.replaceAll(
        Map.of(
            "inner",
            (channel, with) -> {
              passed = with;
              channel.config().setAutoRead(true);
              channel.pipeline().addLast(server);
            }));
    ChannelFuture connected =
        on(
            () ->
                listeners.connect(
                    loop,
                    ADDRESS,
                    new Passed(FilterState.NONE, Map.of("local", "10.0.0.1:80")),
                    new WriteBufferWaterMark(500, 1000),
                    client));
    connected.get(5, TimeUnit.SECONDS);
    settle();
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
  }

  private void write(End end, ByteBuf bytes) throws Exception {
    run(() -> end.channel().writeAndFlush(bytes));
    settle();
  }

  @Test
  void bytesGoBothWaysAndAddressesAreTold() throws Exception {
    connect();
    write(client, bytes("hello"));
    write(server, bytes("you"));
    run(
        () -> {
          assertEquals("hello", server.text.toString());
          assertEquals("you", client.text.toString());
          assertEquals(List.of("active"), client.events);
          assertEquals(List.of("active"), server.events);
          assertEquals("envoy://inner/10.0.0.1:80", client.channel().remoteAddress().toString());
          assertEquals(ADDRESS, server.channel().localAddress());
          assertEquals(
              "envoy://internal_client_address/", server.channel().remoteAddress().toString());
        });
    assertEquals(Map.of("local", "10.0.0.1:80"), passed == null ? Map.of() : passed.tunnel());
  }

  @Test
  void whatIsNotReadCountsAgainstTheWriter() throws Exception {
    connect();
    run(() -> server.channel().config().setAutoRead(false));
    write(client, Unpooled.wrappedBuffer(new byte[1500]));
    run(
        () -> {
          assertEquals(0, server.bytes);
          assertFalse(client.channel().isWritable());
          assertEquals(List.of("active", "full"), client.events);
          server.channel().config().setAutoRead(true);
        });
    settle();
    run(
        () -> {
          assertEquals(1500, server.bytes);
          assertTrue(client.channel().isWritable());
          assertEquals(List.of("active", "full", "writable"), client.events);
        });
  }

  @Test
  void oneReadTakesNoMoreThanItsShare() throws Exception {
    connect();
    run(() -> server.channel().config().setAutoRead(false));
    write(client, Unpooled.wrappedBuffer(new byte[100_000]));
    run(() -> server.channel().read());
    settle();
    run(() -> assertEquals(65_536, server.bytes));
    run(() -> server.channel().read());
    settle();
    run(() -> assertEquals(100_000, server.bytes));
  }

  @Test
  void eitherDirectionEndsByItself() throws Exception {
    connect();
    run(() -> server.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
    write(client, bytes("last"));
    run(() -> ((DuplexChannel) client.channel()).shutdownOutput());
    settle();
    write(server, bytes("answer"));
    run(
        () -> {
          assertEquals("last", server.text.toString());
          assertEquals(List.of("active", "end"), server.events);
          assertEquals("answer", client.text.toString());
          assertTrue(client.channel().isActive());
          server.channel().close();
        });
    settle();
    run(() -> assertEquals(List.of("active", "inactive"), client.events));
  }

  @Test
  void theEndClosesAnEndThatKnowsNoHalves() throws Exception {
    connect();
    run(() -> ((DuplexChannel) client.channel()).shutdownOutput());
    settle();
    run(
        () -> {
          assertEquals(List.of("active", "inactive"), server.events);
          assertFalse(client.channel().isActive());
        });
  }

  @Test
  void whatWasNotReadIsLostWithItsReader() throws Exception {
    connect();
    run(() -> server.channel().config().setAutoRead(false));
    ChannelFuture lost = on(() -> client.channel().writeAndFlush(bytes("lost")));
    run(() -> server.channel().close());
    settle();
    run(
        () ->
            assertEquals(List.of("active", "Connection reset by peer", "inactive"), client.events));
    assertFalse(lost.isSuccess());
  }

  @Test
  void writingToAnEndThatIsGoneCloses() throws Exception {
    connect();
    run(() -> client.channel().config().setAutoRead(false));
    run(() -> client.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
    run(() -> server.channel().close());
    settle();
    ChannelFuture failed = on(() -> client.channel().writeAndFlush(bytes("x")));
    settle();
    assertFalse(failed.isSuccess());
    run(() -> assertFalse(client.channel().isOpen()));
  }

  @Test
  void withoutListenerNobodyIsReached() throws Exception {
    ChannelFuture refused =
        on(
            () ->
                listeners.connect(
                    loop,
                    new InternalAddress("nobody", ""),
                    Passed.NOTHING,
                    WriteBufferWaterMark.DEFAULT,
                    client));
    refused.await(5, TimeUnit.SECONDS);
    assertInstanceOf(ConnectException.class, refused.cause());
    settle();
    run(() -> assertFalse(refused.channel().isOpen()));
  }

  @Test
  void anEndIsBoundAndConnectedAsASocketIs() throws Exception {
    connect();
    ChannelFuture bound = on(() -> client.channel().bind(ADDRESS));
    ChannelFuture connected = on(() -> client.channel().connect(ADDRESS));
    ChannelFuture written = on(() -> client.channel().writeAndFlush("no bytes"));
    settle();
    assertInstanceOf(AlreadyBoundException.class, bound.cause());
    assertInstanceOf(AlreadyConnectedException.class, connected.cause());
    assertInstanceOf(UnsupportedOperationException.class, written.cause());
    write(client, bytes("hello"));
    run(
        () -> {
          assertEquals("hello", server.text.toString());
          client.channel().close();
        });
    ChannelFuture late = on(() -> client.channel().connect(ADDRESS));
    settle();
    assertInstanceOf(ClosedChannelException.class, late.cause());
  }
}
