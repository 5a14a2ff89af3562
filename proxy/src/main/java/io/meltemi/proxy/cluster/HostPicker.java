package io.meltemi.proxy.cluster;

import org.jspecify.annotations.Nullable;

/**
 * One load balancing policy over a fixed group of hosts. Shared by all event loops; picking
 * allocates nothing.
 */
@FunctionalInterface
public interface HostPicker {
  /**
   * One of the group's hosts.
   *
   * @param hash of the request, or random bits where it has none; the same at every attempt
   * @param attempt 0 first, then counted up while the request rejects what was picked
   */
  Host pick(LbContext context, long hash, int attempt);

  /** One that {@link #pick} is likely to give soon; null when that is not known. */
  default @Nullable Host peek(int ahead) {
    return null;
  }
}
