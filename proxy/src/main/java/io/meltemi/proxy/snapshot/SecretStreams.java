package io.meltemi.proxy.snapshot;

import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.xds.client.ResourceWatcher;
import java.time.Duration;
import java.util.Optional;

/** Opens streams to servers that deliver nothing but secrets. */
public interface SecretStreams {
  /** Why there can be no stream; empty when there can. */
  Optional<String> problem(ApiSource server);

  /**
   * Asks for one secret, again and again until closed. Envoy, too, opens a stream for each; an
   * agent need not expect two names on one.
   *
   * @param watcher called on the configuration loop
   */
  AutoCloseable open(ApiSource server, String name, Duration fetchTimeout, ResourceWatcher watcher);
}
