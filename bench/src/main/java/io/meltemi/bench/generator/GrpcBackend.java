package io.meltemi.bench.generator;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A server of {@link Echo}. Argument: {@code PORT}. */
public final class GrpcBackend {
  private GrpcBackend() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Server server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])))
            .directExecutor()
            .addService(
                ServerServiceDefinition.builder(Echo.SERVICE)
                    .addMethod(
                        Echo.UNARY,
                        ServerCalls.asyncUnaryCall(
                            (request, response) -> {
                              response.onNext(request);
                              response.onCompleted();
                            }))
                    .addMethod(Echo.STREAM, ServerCalls.asyncBidiStreamingCall(GrpcBackend::echo))
                    .build())
            .build()
            .start();
    server.awaitTermination();
  }

  private static StreamObserver<byte[]> echo(StreamObserver<byte[]> back) {
    return new StreamObserver<>() {
      @Override
      public void onNext(byte[] value) {
        back.onNext(value);
      }

      @Override
      public void onError(Throwable problem) {
        // the caller went away
      }

      @Override
      public void onCompleted() {
        back.onCompleted();
      }
    };
  }
}
