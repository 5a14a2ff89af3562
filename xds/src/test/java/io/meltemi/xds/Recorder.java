package io.meltemi.xds;

import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.client.XdsClient;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** A watcher that keeps what it is given and refuses clusters whose alternative name is "bad". */
final class Recorder implements ResourceWatcher {
  final TreeMap<String, ReceivedResource> resources = new TreeMap<>();
  final List<String> log = new ArrayList<>();
  private final XdsClient client;
  private final boolean followEndpoints;

  Recorder(XdsClient client, boolean followEndpoints) {
    this.client = client;
    this.followEndpoints = followEndpoints;
  }

  @Override
  public UpdateResult onUpdate(ResourceUpdate update) {
    List<UpdateResult.Rejection> rejections = new ArrayList<>();
    List<String> upserts = new ArrayList<>();
    for (ReceivedResource resource : update.upserts()) {
      upserts.add(resource.name());
      if (update.type().equals(TypeUrl.CLUSTER) && isBad(resource)) {
        rejections.add(new UpdateResult.Rejection(resource.name(), "alt_stat_name: bad"));
      } else {
        resources.put(resource.name(), resource);
      }
    }
    update.removals().forEach(resources::remove);
    log.add("+" + upserts + "-" + update.removals());
    if (followEndpoints && !upserts.isEmpty()) {
      client.subscribe(TypeUrl.ENDPOINT, upserts);
    }
    return UpdateResult.of(rejections);
  }

  private static boolean isBad(ReceivedResource resource) {
    try {
      return Cluster.parseFrom(resource.body().getValue()).getAltStatName().equals("bad");
    } catch (com.google.protobuf.InvalidProtocolBufferException _) {
      return true;
    }
  }

  @Override
  public void onFetchTimeout(TypeUrl type, Set<String> names) {
    log.add("timeout " + type.shortName() + " " + names);
  }

  List<String> drain() {
    List<String> lines = List.copyOf(log);
    log.clear();
    return lines;
  }
}
