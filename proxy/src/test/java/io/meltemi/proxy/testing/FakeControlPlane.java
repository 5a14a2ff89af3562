package io.meltemi.proxy.testing;

import com.google.protobuf.Message;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.extension.v3.ExtensionConfigDiscoveryServiceGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.DiscoveryBackend;
import io.meltemi.xds.server.DiscoveryConnection;
import io.meltemi.xds.server.DiscoveryServer;
import io.meltemi.xds.server.DiscoveryServerSettings;
import io.meltemi.xds.server.DiscoveryUpdate;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.ResourceRequest;
import io.meltemi.xds.server.Subscription;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** A control plane on a loopback port that serves what a test puts into it. */
public final class FakeControlPlane implements AutoCloseable, DiscoveryBackend {
  private static final List<TypeUrl> PUSH_ORDER =
      List.of(
          TypeUrl.CLUSTER,
          TypeUrl.ENDPOINT,
          TypeUrl.SECRET,
          TypeUrl.EXTENSION_CONFIG,
          TypeUrl.LISTENER,
          TypeUrl.ROUTE);
  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  private final TaskLoop loop = TaskLoop.on(executor);
  private final DiscoveryServer discovery =
      new DiscoveryServer(
          DiscoveryServerSettings.DEFAULT, loop, Ticker.system(), new Random(1), "fake", this);
  private final Server server;
  private final Map<TypeUrl, Map<String, EncodedResource>> resources = new HashMap<>();
  private final LinkedBlockingQueue<String> nacks = new LinkedBlockingQueue<>();
  private @Nullable Server pipe;
  private @Nullable EventLoopGroup group;
  private int version = 1;

  /** Starts to serve; nothing is there yet. */
  public FakeControlPlane() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(discovery)
            .addService(discovery.secretService())
            .addService(extensionService(discovery.bindService()))
            .build()
            .start();
  }

  /** The same streams under the name of the service for extensions. */
  private static ServerServiceDefinition extensionService(ServerServiceDefinition aggregated) {
    return ServerServiceDefinition.builder(ExtensionConfigDiscoveryServiceGrpc.SERVICE_NAME)
        .addMethod(
            renamed(
                method(
                    aggregated,
                    AggregatedDiscoveryServiceGrpc.getStreamAggregatedResourcesMethod()),
                ExtensionConfigDiscoveryServiceGrpc.getStreamExtensionConfigsMethod()))
        .addMethod(
            renamed(
                method(
                    aggregated, AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod()),
                ExtensionConfigDiscoveryServiceGrpc.getDeltaExtensionConfigsMethod()))
        .build();
  }

  private static ServerMethodDefinition<?, ?> method(
      ServerServiceDefinition service, MethodDescriptor<?, ?> method) {
    return Objects.requireNonNull(service.getMethod(method.getFullMethodName()), "method");
  }

  private static <Q, R> ServerMethodDefinition<Q, R> renamed(
      ServerMethodDefinition<Q, R> method, MethodDescriptor<?, ?> to) {
    return ServerMethodDefinition.create(
        method.getMethodDescriptor().toBuilder().setFullMethodName(to.getFullMethodName()).build(),
        method.getServerCallHandler());
  }

  /** Serves at a Unix domain socket as well. */
  public void listenAt(Path socket) throws IOException {
    group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    pipe =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .addService(discovery)
            .addService(discovery.secretService())
            .build()
            .start();
  }

  public int port() {
    return server.getPort();
  }

  /** The messages of refusals, as they come. */
  public LinkedBlockingQueue<String> nacks() {
    return nacks;
  }

  /** A change of what there is. */
  public interface Edit {
    void put(TypeUrl type, String name, Message body);

    void remove(TypeUrl type, String name);
  }

  /** Changes what there is and pushes it, clusters first. */
  public void edit(java.util.function.Consumer<Edit> change) {
    loop.execute(
        () -> {
          version++;
          change.accept(
              new Edit() {
                @Override
                public void put(TypeUrl type, String name, Message body) {
                  resources
                      .computeIfAbsent(type, _ -> new TreeMap<>())
                      .put(name, EncodedResource.encode(name, body));
                }

                @Override
                public void remove(TypeUrl type, String name) {
                  resources.getOrDefault(type, Map.of()).remove(name);
                }
              });
          for (TypeUrl type : PUSH_ORDER) {
            for (DiscoveryConnection connection : List.copyOf(discovery.connections())) {
              connection
                  .subscription(type)
                  .ifPresent(subscription -> connection.send(type, update(subscription)));
            }
          }
        });
  }

  private DiscoveryUpdate update(Subscription subscription) {
    return DiscoveryUpdate.of(
        "v" + version,
        List.of(
            ResourceGroup.of(
                resources.getOrDefault(subscription.type(), Map.of()).values().stream()
                    .filter(resource -> subscription.wants(resource.name()))
                    .toList())));
  }

  @Override
  public Status connected(DiscoveryConnection connection) {
    return Status.OK;
  }

  @Override
  public void requested(
      DiscoveryConnection connection, Subscription subscription, ResourceRequest request) {
    connection.send(subscription.type(), update(subscription).asked(request.names()).withAnswer());
  }

  @Override
  public void acknowledged(DiscoveryConnection connection, Subscription subscription) {}

  @Override
  public void rejected(
      DiscoveryConnection connection,
      Subscription subscription,
      Nack nack,
      List<EncodedResource> refused) {
    nacks.add(nack.message());
  }

  @Override
  public void ready(DiscoveryConnection connection) {}

  @Override
  public void closed(DiscoveryConnection connection) {}

  /** Breaks every stream. */
  public void breakStreams() {
    loop.execute(
        () ->
            List.copyOf(discovery.connections())
                .forEach(connection -> connection.close(Status.UNAVAILABLE)));
  }

  @Override
  public void close() {
    server.shutdownNow();
    if (pipe != null && group != null) {
      pipe.shutdownNow();
      group.shutdownGracefully();
    }
    executor.shutdown();
  }
}
