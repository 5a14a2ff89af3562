package io.meltemi.it.interop;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Answers every method with an empty message, and tells in a header who it is. */
final class GrpcEcho implements AutoCloseable {
  private static final Metadata.Key<String> SERVER = key("x-server");
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private final Server server;

  /** What came of a call; the server's name is empty when there is none. */
  record Answer(String code, String server) {}

  GrpcEcho(String name) throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .fallbackHandlerRegistry(
                new HandlerRegistry() {
                  @Override
                  public ServerMethodDefinition<?, ?> lookupMethod(
                      String method, @Nullable String authority) {
                    return ServerMethodDefinition.create(method(method), handler(name));
                  }
                })
            .build()
            .start();
  }

  int port() {
    return server.getPort();
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.newBuilder(BYTES, BYTES)
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(name)
        .build();
  }

  private static ServerCallHandler<byte[], byte[]> handler(String name) {
    return (call, headers) -> {
      Metadata told = new Metadata();
      told.put(SERVER, name);
      call.request(1);
      return new ServerCall.Listener<>() {
        @Override
        public void onHalfClose() {
          call.sendHeaders(told);
          call.sendMessage(new byte[0]);
          call.close(Status.OK, new Metadata());
        }
      };
    };
  }

  /** Calls a method by way of 127.0.0.1. */
  static Answer call(int port, String authority, String method, Map<String, String> headers)
      throws InterruptedException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .usePlaintext()
            .build();
    try {
      Metadata sent = new Metadata();
      headers.forEach((name, value) -> sent.put(key(name), value));
      AtomicReference<Metadata> got = new AtomicReference<>();
      Channel with =
          ClientInterceptors.intercept(
              channel,
              List.of(
                  MetadataUtils.newAttachHeadersInterceptor(sent),
                  MetadataUtils.newCaptureMetadataInterceptor(got, new AtomicReference<>())));
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS);
      String code = "OK";
      try {
        byte[] unused =
            ClientCalls.blockingUnaryCall(
                with,
                method(method),
                authority.isEmpty() ? options : options.withAuthority(authority),
                new byte[0]);
      } catch (StatusRuntimeException e) {
        code = e.getStatus().getCode().name();
      }
      return answer(code, got.get());
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static Answer answer(String code, @Nullable Metadata told) {
    String server = told == null ? null : told.get(SERVER);
    return new Answer(code, server == null ? "" : server);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
