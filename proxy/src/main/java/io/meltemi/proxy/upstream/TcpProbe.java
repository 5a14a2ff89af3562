package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.HealthCheck.Kind;
import io.meltemi.proxy.cluster.HealthProbe;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Asks by a connection and a few bytes. Its state belongs to its event loop. */
final class TcpProbe implements HealthProbe {
  /** An answer that has not matched by then does not. */
  private static final int ANSWER_BYTES_MAX = 64 * 1024;

  private final LoopContext loop;
  private final Connector connector;
  private final Cluster cluster;
  private final Host host;
  private final Kind.Tcp question;
  private @Nullable Call call;

  TcpProbe(LoopContext loop, Connector connector, Cluster cluster, Host host, Kind.Tcp question) {
    this.loop = loop;
    this.connector = connector;
    this.cluster = cluster;
    this.host = host;
    this.question = question;
  }

  @Override
  public void ask(Consumer<Result> answer) {
    loop.eventLoop()
        .execute(
            () -> {
              Call next = new Call(answer);
              call = next;
              next.start();
            });
  }

  @Override
  public void cancel() {
    loop.eventLoop()
        .execute(
            () -> {
              Call present = call;
              call = null;
              if (present != null) {
                present.giveUp();
              }
            });
  }

  @Override
  public void close() {
    cancel();
  }

  /** One connection. */
  private final class Call extends ChannelInboundHandlerAdapter {
    private final Consumer<Result> answer;
    private final StringBuilder received = new StringBuilder();
    private @Nullable Channel channel;
    private boolean over;

    Call(Consumer<Result> answer) {
      this.answer = answer;
    }

    void start() {
      ChannelFuture future =
          connector.connect(loop.eventLoop(), cluster, host, TransportOptions.NONE, this);
      channel = future.channel();
      future.addListener(
          _ -> {
            if (!future.isSuccess()) {
              finish(Result.UNREACHABLE);
            } else if (!over) {
              connected(future.channel());
            }
          });
    }

    private void connected(Channel connected) {
      if (!question.send().isEmpty()) {
        connected.writeAndFlush(
            Unpooled.wrappedBuffer(question.send().getBytes(StandardCharsets.ISO_8859_1)));
      }
      if (question.receive().isEmpty()) {
        finish(Result.PASSED);
      }
    }

    void giveUp() {
      over = true;
      Channel present = channel;
      if (present != null) {
        present.close();
      }
    }

    private void finish(Result result) {
      if (!over) {
        giveUp();
        call = null;
        answer.accept(result);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        received.append(bytes.toString(StandardCharsets.ISO_8859_1));
      } finally {
        bytes.release();
      }
      if (question.isAnsweredBy(received)) {
        finish(Result.PASSED);
      } else if (received.length() > ANSWER_BYTES_MAX) {
        finish(Result.FAILED);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      finish(Result.UNREACHABLE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      finish(Result.UNREACHABLE);
    }
  }
}
