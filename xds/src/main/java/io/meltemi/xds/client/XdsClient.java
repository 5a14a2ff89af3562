package io.meltemi.xds.client;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.grpc.Channel;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.Collection;
import java.util.random.RandomGenerator;

/**
 * One aggregated stream to a control plane, in either variant of the protocol. It says who it is in
 * the first message only, answers every response with an ACK or with a NACK that holds all errors,
 * opens a new stream when one is lost (full jitter, so that a thousand proxies do not come at once)
 * and then resumes from what it has: a lost stream changes nothing.
 *
 * <p>All methods may be called by any thread; watchers are called on the loop.
 */
public final class XdsClient implements AutoCloseable {

  /**
   * A client that has not started.
   *
   * @param node sent with the first message of each stream
   * @param channel stays the caller's to shut down
   * @param loop owns all state of the client
   */
  public XdsClient(
      XdsClientSettings settings,
      Node node,
      Channel channel,
      TaskLoop loop,
      RandomGenerator random,
      ConnectionWatcher connectionWatcher) {}

  /** Names who takes the resources of a type; once per type, before it is subscribed. */
  public void watch(TypeUrl type, ResourceWatcher watcher) {}

  /** Asks for everything of a type (clusters, listeners). */
  public void subscribeAll(TypeUrl type) {}

  /** Asks for more names of a type; those already asked for are not asked for again. */
  public void subscribe(TypeUrl type, Collection<String> names) {}

  /** The same with an own initial fetch timeout, zero for ever. */
  public void subscribe(TypeUrl type, Collection<String> names, Duration initialFetchTimeout) {}

  /** No longer interested; the resources are forgotten without a removal being reported. */
  public void unsubscribe(TypeUrl type, Collection<String> names) {}

  /** Opens the first stream. */
  public void start() {}

  /** Ends the stream; watchers hear nothing more. */
  @Override
  public void close() {}
}
