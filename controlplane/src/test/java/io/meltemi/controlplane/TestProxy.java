package io.meltemi.controlplane;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.xds.client.ConnectionWatcher;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.client.XdsClientSettings;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A sidecar that takes everything and writes down the order in which it came. */
final class TestProxy implements ResourceWatcher, AutoCloseable {
  final List<String> log = Collections.synchronizedList(new ArrayList<>());

  /** Names of resources, or the lines that they bring to the log. */
  final Set<String> refused = Collections.synchronizedSet(new HashSet<>());

  private final ManagedChannel channel;
  private final XdsClient client;

  TestProxy(String serverName, TaskLoop loop, XdsClientSettings.Variant variant) {
    this(serverName, loop, variant, node("default"));
  }

  TestProxy(String serverName, TaskLoop loop, XdsClientSettings.Variant variant, Node node) {
    channel = InProcessChannelBuilder.forName(serverName).directExecutor().build();
    client =
        new XdsClient(
            XdsClientSettings.DEFAULT.withVariant(variant),
            node,
            channel,
            loop,
            new Random(1),
            ConnectionWatcher.NONE);
    for (TypeUrl type :
        List.of(
            TypeUrl.CLUSTER, TypeUrl.ENDPOINT, TypeUrl.LISTENER, TypeUrl.ROUTE, TypeUrl.SECRET)) {
      client.watch(type, this);
    }
    client.subscribeAll(TypeUrl.CLUSTER);
    client.subscribeAll(TypeUrl.LISTENER);
    client.subscribe(TypeUrl.ROUTE, List.of("9080"));
    client.start();
  }

  /** A sidecar of a namespace. */
  static Node node(String namespace) {
    return Node.newBuilder()
        .setId("sidecar~10.0.0.1~caller.%1$s~%1$s.svc.cluster.local".formatted(namespace))
        .setMetadata(
            Struct.newBuilder()
                .putFields("NAMESPACE", Value.newBuilder().setStringValue(namespace).build()))
        .build();
  }

  /** Asks for everything of one more type. */
  void watchAll(TypeUrl type) {
    client.watch(type, this);
    client.subscribeAll(type);
  }

  @Override
  public UpdateResult onUpdate(ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections = new ArrayList<>();
    for (ReceivedResource resource : update.upserts()) {
      String line = update.type().shortName() + " +" + resource.name();
      log.add(line);
      if (refused.contains(resource.name()) || refused.contains(line)) {
        rejections.add(new UpdateResult.Rejection(resource.name(), "not to my taste"));
      }
      if (update.type().equals(TypeUrl.CLUSTER) && resource.name().startsWith("outbound|")) {
        client.subscribe(TypeUrl.ENDPOINT, List.of(resource.name()));
      }
    }
    for (String name : update.removals()) {
      log.add(update.type().shortName() + " -" + name);
      if (update.type().equals(TypeUrl.CLUSTER)) {
        client.unsubscribe(TypeUrl.ENDPOINT, List.of(name));
      }
    }
    return UpdateResult.of(rejections);
  }

  @Override
  public void onFetchTimeout(TypeUrl type, Set<String> names) {
    log.add(type.shortName() + " timeout " + names);
  }

  /** Asks for a secret. */
  void subscribeSecret(String name) {
    client.subscribe(TypeUrl.SECRET, List.of(name));
  }

  /** What was received since the last call. */
  List<String> drain() {
    List<String> lines = List.copyOf(log);
    log.clear();
    return lines;
  }

  /** How many lines since the last {@link #drain} begin so. Any thread. */
  long count(String beginning) {
    synchronized (log) {
      return log.stream().filter(line -> line.startsWith(beginning)).count();
    }
  }

  @Override
  public void close() {
    client.close();
    channel.shutdownNow();
  }
}
