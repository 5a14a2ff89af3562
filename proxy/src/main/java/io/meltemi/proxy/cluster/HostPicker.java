package io.meltemi.proxy.cluster;

/**
 * One load balancing policy over a fixed group of hosts. Shared by all event loops; picking
 * allocates nothing.
 */
public interface HostPicker {
  /** One of the group's hosts. */
  Host pick(LbContext context);
}
