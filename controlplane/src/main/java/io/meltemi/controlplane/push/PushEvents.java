package io.meltemi.controlplane.push;

import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.Sent;
import java.time.Duration;

/** Hears what happens, to count it. Called on the push thread only; must not block. */
public interface PushEvents {
  /** Nobody listens. */
  PushEvents NONE = new PushEvents() {};

  /** Changes became a push. */
  default void triggered(PushRequest request, Duration debounce) {}

  /** A new world was made. */
  default void built(PushContext context, ConfigSnapshot snapshot, Duration took) {}

  /**
   * Resources were made, for all proxies of a view.
   *
   * @param translating time to make them
   * @param encoding time to encode them
   */
  default void generated(TypeUrl type, int resources, Duration translating, Duration encoding) {}

  /** Resources for a proxy had been made before, for another or for itself. */
  default void shared(TypeUrl type, int resources) {}

  /** A response went out. */
  default void pushed(TypeUrl type, Sent sent) {}

  /** A push, or the answer to a proxy that came back, left out what the proxy holds. */
  default void skipped(TypeUrl type, Amount held) {}

  /** A proxy took or refused a response. */
  default void answered(TypeUrl type, Duration after) {}

  /** A proxy refused a response. */
  default void rejected(TypeUrl type, String proxy, Nack nack) {}

  /** So many proxies wait for their push now. */
  default void waiting(int pushes) {}

  /**
   * A proxy refused one resource.
   *
   * @param kind of the configuration that it was made of; empty when there is none
   */
  default void refused(TypeUrl type, String kind) {}

  /** Refusals of single resources were more than are told apart or remembered. */
  default void refusalsForgotten(int resources) {}

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
