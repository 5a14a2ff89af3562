package io.meltemi.controlplane.push;

import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Nack;
import java.time.Duration;

/** Hears what happens, to count it. Called on the push thread only; must not block. */
public interface PushEvents {
  /** Nobody listens. */
  PushEvents NONE = new PushEvents() {};

  /** Changes became a push. */
  default void triggered(PushRequest request, Duration debounce) {}

  /** A new world was made. */
  default void built(PushContext context, ConfigSnapshot snapshot, Duration took) {}

  /** Resources were made, for all proxies of a view. */
  default void generated(TypeUrl type, int resources) {}

  /**
   * A response went out.
   *
   * @param resources those in it that are new to the proxy
   */
  default void pushed(TypeUrl type, int resources, long bytes, Duration took) {}

  /** A proxy refused resources. */
  default void rejected(TypeUrl type, String proxy, Nack nack) {}

  /** A push waited in the queue. */
  default void dequeued(Duration waited) {}

  /** A proxy took all of a push. */
  default void converged(Duration sinceChange) {}

  /** A proxy did not answer in time, and the push went on. */
  default void answerTimedOut() {}

  /** A generator failed. */
  default void failed(TypeUrl type, RuntimeException failure) {}

  /** So many parts of the configuration cannot be honoured now. */
  default void problems(int count) {}

  /** The number of connected proxies changed. */
  default void connected(int proxies) {}
}
