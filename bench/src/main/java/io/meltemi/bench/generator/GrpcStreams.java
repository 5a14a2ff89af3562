package io.meltemi.bench.generator;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * gRPC streams that send a message for each message they get. Arguments: {@code CONNECTIONS STREAMS
 * SECONDS PORT PATH}; the path must be that of {@link Echo#STREAM}. Prints the number of messages
 * that came back.
 */
public final class GrpcStreams {
  private static final byte[] MESSAGE = new byte[128];
  private static final long SETTLE_MILLIS = 500;

  private final AtomicLong messages = new AtomicLong();
  private final AtomicInteger errors = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  private GrpcStreams() {}

  public static void main(String[] arguments) throws InterruptedException {
    int seconds = Integer.parseInt(arguments[2]);
    int port = Integer.parseInt(arguments[3]);
    if (!arguments[4].equals("/" + Echo.STREAM.getFullMethodName())) {
      throw new IllegalArgumentException("path: " + arguments[4] + " (expected: the stream's)");
    }
    GrpcStreams load = new GrpcStreams();
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    List<ManagedChannel> channels = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
              .usePlaintext()
              .eventLoopGroup(loop)
              .channelType(NioSocketChannel.class)
              .directExecutor()
              .build();
      channels.add(channel);
      for (int j = 0; j < Integer.parseInt(arguments[1]); j++) {
        load.start(channel);
      }
    }
    Thread.sleep(SETTLE_MILLIS);
    System.out.println("begin");
    long before = load.messages.get();
    Thread.sleep(seconds * 1000L);
    long done = load.messages.get() - before;
    System.out.println("end");
    load.over.set(true);
    channels.forEach(ManagedChannel::shutdownNow);
    System.out.println("requests=" + done);
    System.out.println("errors=" + (done == 0 ? 1 : load.errors.get()));
    System.out.println("seconds=" + seconds);
    loop.shutdownGracefully();
  }

  private void start(ManagedChannel channel) {
    Stream stream = new Stream();
    StreamObserver<byte[]> out =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(Echo.STREAM, CallOptions.DEFAULT), stream);
    stream.out.add(out);
    out.onNext(MESSAGE);
  }

  private final class Stream implements StreamObserver<byte[]> {
    /** Holds the one sending side, once it is known. */
    private final List<StreamObserver<byte[]>> out = new ArrayList<>(1);

    @Override
    public void onNext(byte[] value) {
      messages.incrementAndGet();
      if (!over.get()) {
        out.getFirst().onNext(MESSAGE);
      }
    }

    @Override
    public void onError(Throwable problem) {
      if (!over.get()) {
        errors.incrementAndGet();
        System.err.println(problem);
      }
    }

    @Override
    public void onCompleted() {
      onError(new IllegalStateException("the server ended the stream"));
    }
  }
}
