package io.meltemi.bench.swarm;

import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * An event loop with the sidecars that live on it and what they share: the numbers of names, and
 * one place for the response that is being read.
 */
final class SwarmLoop implements AutoCloseable {
  /** What Istio's agent has, for a stream and for a connection. */
  private static final int WINDOW_BYTES = 1 << 20;

  private static final int RESPONSE_BYTES_MAX = 400 << 20;
  private static final int END_SECONDS = 5;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Map<Kind, Names> names = new EnumMap<>(Kind.class);
  private final Response response = new Response();
  private final MethodDescriptor<DeltaDiscoveryRequest, Response> method;
  private byte[] bytes = new byte[1 << 16];

  SwarmLoop() {
    for (Kind kind : Kind.values()) {
      names.put(kind, new Names());
    }
    method =
        AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod().toBuilder(
                AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod()
                    .getRequestMarshaller(),
                new Scanned())
            .build();
  }

  /** Finds in a response what is needed; what it gives is good until the next. */
  private final class Scanned implements MethodDescriptor.Marshaller<Response> {
    @Override
    public InputStream stream(Response value) {
      throw new UnsupportedOperationException("responses are not sent");
    }

    @Override
    public Response parse(InputStream in) {
      try {
        int size = in.available();
        if (size > bytes.length) {
          bytes = new byte[Math.max(size, bytes.length * 2)];
        }
        if (in.readNBytes(bytes, 0, size) < size) {
          throw new IOException("a response was cut off");
        }
        response.over(bytes, size);
        return response;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  MethodDescriptor<DeltaDiscoveryRequest, Response> method() {
    return method;
  }

  Map<Kind, Names> names() {
    return names;
  }

  ManagedChannel connect(SocketAddress address) {
    return NettyChannelBuilder.forAddress(address)
        .usePlaintext()
        .eventLoopGroup(group)
        .channelType(NioSocketChannel.class)
        .flowControlWindow(WINDOW_BYTES)
        .maxInboundMessageSize(RESPONSE_BYTES_MAX)
        .directExecutor()
        .build();
  }

  void execute(Runnable task) {
    group.execute(task);
  }

  void after(long millis, Runnable task) {
    group.schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
