package io.meltemi.controlplane.push;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Resources of one world for clients that differ in nothing but the namespace they are in: made
 * once for all of them. What a client's namespace decides, such as which rule is in force, is part
 * of the key.
 */
public final class SharedResources {
  private final ProxyNode client;
  private final Map<Object, Optional<GeneratedResource>> made = new ConcurrentHashMap<>();

  SharedResources(ProxyNode client) {
    this.client = client;
  }

  /** The clients, without a namespace: all that may be looked at of them. */
  public ProxyNode client() {
    return client;
  }

  /**
   * A resource, or that there is none.
   *
   * @param key all that it depends on beside the world and the client
   */
  @SuppressWarnings("unchecked") // the key is the one given
  public <K> Optional<GeneratedResource> get(K key, Function<K, Optional<GeneratedResource>> make) {
    return made.computeIfAbsent(key, same -> make.apply((K) same));
  }
}
