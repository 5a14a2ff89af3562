package io.meltemi.proxy;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.ManagedChannel;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.snapshot.PathSource;
import io.meltemi.proxy.snapshot.ResourceStreams;
import io.meltemi.xds.client.ConnectionWatcher;
import io.meltemi.xds.client.DiscoveryService;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.client.XdsClientSettings;
import io.meltemi.xds.resource.TypeUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Streams to servers of one type, each over a channel of its own. On the configuration loop. */
final class OwnStreams implements ResourceStreams {
  private static final System.Logger LOG = System.getLogger(OwnStreams.class.getName());

  private final GrpcChannels channels;
  private final ConfigFiles files;
  private final TaskLoop configLoop;
  private final Node node;
  private final long seed;

  OwnStreams(GrpcChannels channels, ConfigFiles files, TaskLoop configLoop, Node node, long seed) {
    this.channels = channels;
    this.files = files;
    this.configLoop = configLoop;
    this.node = node;
    this.seed = seed;
  }

  static XdsClientSettings.Variant variant(ApiSource server) {
    return server.delta()
        ? XdsClientSettings.Variant.DELTA
        : XdsClientSettings.Variant.STATE_OF_THE_WORLD;
  }

  @Override
  public Optional<String> problem(ApiSource server) {
    return channels.problem(server.target());
  }

  @Override
  public AutoCloseable open(
      TypeUrl type, ApiSource server, String name, Duration fetchTimeout, ResourceWatcher watcher) {
    ManagedChannel channel = channels.dial(server.target());
    XdsClient client =
        new XdsClient(
            XdsClientSettings.DEFAULT
                .withService(
                    type.equals(TypeUrl.SECRET)
                        ? DiscoveryService.SECRETS
                        : DiscoveryService.EXTENSION_CONFIGS)
                .withVariant(variant(server)),
            node,
            channel,
            configLoop,
            new SplittableRandom(seed),
            new StreamState(type, name));
    client.watch(type, watcher);
    client.subscribe(type, List.of(name), fetchTimeout);
    client.start();
    return () -> {
      client.close();
      channel.shutdownNow();
    };
  }

  @Override
  public AutoCloseable follow(TypeUrl type, String path, ResourceWatcher watcher) {
    PathSource source = files.open(type, Path.of(path), watcher);
    configLoop.execute(source::start);
    return source;
  }

  private record StreamState(TypeUrl type, String name) implements ConnectionWatcher {
    @Override
    public void onConnected() {}

    @Override
    public void onDisconnected(String reason, Duration retryIn) {
      LOG.log(
          System.Logger.Level.WARNING,
          type.shortName()
              + " "
              + name
              + ": "
              + reason
              + "; next attempt in "
              + retryIn.toMillis()
              + " ms");
    }
  }
}
