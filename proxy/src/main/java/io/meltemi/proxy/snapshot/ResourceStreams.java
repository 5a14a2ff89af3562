package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.Optional;

/** Opens streams to servers that deliver nothing but one type, and files that hold it. */
public interface ResourceStreams {
  /** Why there can be no stream; empty when there can. */
  Optional<String> problem(ApiSource server);

  /**
   * Asks for one resource, again and again until closed. Envoy, too, opens a stream for each; an
   * agent need not expect two names on one.
   *
   * @param type secrets or configurations of extensions
   * @param watcher called on the configuration loop
   */
  AutoCloseable open(
      TypeUrl type, ApiSource server, String name, Duration fetchTimeout, ResourceWatcher watcher);

  /**
   * Follows a file until closed.
   *
   * @param watcher called on the configuration loop, after this has returned
   */
  AutoCloseable follow(TypeUrl type, String path, ResourceWatcher watcher);
}
