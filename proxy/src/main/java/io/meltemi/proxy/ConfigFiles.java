package io.meltemi.proxy;

import com.google.protobuf.Message;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.snapshot.PathSource;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.resource.TypeUrl;
import java.nio.file.Path;

/** Opens files that hold resources. Any thread. */
record ConfigFiles(BootstrapReader reader, TaskLoop configLoop, System.Logger log) {
  /** A file of resources of one type, which nobody reads yet. */
  PathSource open(TypeUrl type, Path path, ResourceWatcher watcher) {
    return new PathSource(type, path, this::read, watcher, configLoop, log);
  }

  private Validation<DiscoveryResponse> read(String text, Path path) {
    Validation<Message> read =
        reader.read(DiscoveryResponse.newBuilder(), text, Origin.of(path.toString()));
    return read.map(DiscoveryResponse.class::cast);
  }
}
