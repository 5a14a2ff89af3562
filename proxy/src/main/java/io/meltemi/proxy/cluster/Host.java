package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * One endpoint of a cluster. It keeps its identity, and so its connections and numbers, over
 * endpoint updates that still hold its address. Any thread.
 */
public final class Host {
  private static final int STATS = HostStat.values().length;

  private final SocketAddress address;
  private final String hostname;
  private final AtomicLongArray stats = new AtomicLongArray(STATS);
  private final CopyOnWriteArrayList<Runnable> removalListeners = new CopyOnWriteArrayList<>();
  private volatile Placement placement;
  private volatile Map<String, Object> transportMetadata = Map.of();
  private volatile Map<String, Object> lbMetadata = Map.of();
  private volatile Map<String, Object> tunnelMetadata = Map.of();
  private volatile long healthySinceNanos;
  private final OutlierMonitor.State outlierState = new OutlierMonitor.State();
  private final ReportedLoad reportedLoad = new ReportedLoad();
  private volatile boolean ejected;
  private volatile boolean failsChecks;
  private volatile boolean checkedDegraded;
  private volatile boolean excluded;
  private volatile HealthCheck.Target checkTarget = HealthCheck.Target.DEFAULT;
  private volatile boolean removed;

  /**
   * Where a host stands in its cluster; changes with endpoint updates.
   *
   * @param priority 0 is tried first
   * @param weight 1 or more
   */
  public record Placement(int priority, Locality locality, int weight, HealthStatus health) {
    public Placement {
      if (priority < 0 || weight < 1) {
        throw new IllegalArgumentException(
            "priority: " + priority + " weight: " + weight + " (expected: >= 0 and >= 1)");
      }
    }
  }

  /**
   * @param hostname the name the address came from, or empty
   */
  public Host(SocketAddress address, String hostname, Placement placement) {
    this.address = address;
    this.hostname = hostname;
    this.placement = placement;
  }

  /** Another host of the same name and transport, with numbers of its own. */
  public Host twin(SocketAddress other) {
    Host twin = new Host(other, hostname, placement);
    twin.transportMetadata = transportMetadata;
    return twin;
  }

  /** Where to connect; always resolved. */
  public SocketAddress address() {
    return address;
  }

  public String hostname() {
    return hostname;
  }

  public Placement placement() {
    return placement;
  }

  void place(Placement newPlacement) {
    placement = newPlacement;
  }

  /** What {@code envoy.transport_socket_match} says of this host; empty for nothing. */
  public Map<String, Object> transportMetadata() {
    return transportMetadata;
  }

  void transportMetadata(Map<String, Object> metadata) {
    transportMetadata = metadata;
  }

  /** What {@code envoy.filters.listener.original_dst} says of this host; empty for nothing. */
  public Map<String, Object> tunnelMetadata() {
    return tunnelMetadata;
  }

  void tunnelMetadata(Map<String, Object> metadata) {
    tunnelMetadata = metadata;
  }

  /** What {@code envoy.lb} says of this host; empty for nothing. */
  public Map<String, Object> lbMetadata() {
    return lbMetadata;
  }

  void lbMetadata(Map<String, Object> metadata) {
    lbMetadata = metadata;
  }

  /** When it came, or last became healthy, on the clock of the cluster. */
  public long healthySinceNanos() {
    return healthySinceNanos;
  }

  void healthySince(long nanos) {
    healthySinceNanos = nanos;
  }

  /** Adds to one of the host's numbers. */
  public void add(HostStat stat, long amount) {
    stats.getAndAdd(stat.ordinal(), amount);
  }

  public long get(HostStat stat) {
    return stats.get(stat.ordinal());
  }

  /** Requests that are under way on this host, for least-request balancing. */
  public long activeRequests() {
    return stats.get(HostStat.RQ_ACTIVE.ordinal());
  }

  /** True while outlier detection keeps requests away. */
  public boolean ejected() {
    return ejected;
  }

  void eject(boolean nowEjected) {
    ejected = nowEjected;
  }

  /** What the host says of its load. */
  public ReportedLoad reportedLoad() {
    return reportedLoad;
  }

  OutlierMonitor.State outlierState() {
    return outlierState;
  }

  /** Whether new requests may be sent here, and whether only for want of better. */
  public HostHealth health() {
    HealthStatus told = placement.health();
    if (ejected || failsChecks || !told.usable()) {
      return HostHealth.UNHEALTHY;
    }
    return told == HealthStatus.DEGRADED || checkedDegraded
        ? HostHealth.DEGRADED
        : HostHealth.HEALTHY;
  }

  /** True while active health checks say that it is not well. */
  public boolean failsChecks() {
    return failsChecks;
  }

  void failChecks(boolean nowFails) {
    failsChecks = nowFails;
  }

  /** True while active health checks say that it is to be used for want of better only. */
  public boolean checkedDegraded() {
    return checkedDegraded;
  }

  void checkDegraded(boolean nowDegraded) {
    checkedDegraded = nowDegraded;
  }

  /** Counts for nothing until its first check. */
  void waitForCheck() {
    excluded = true;
  }

  /** Counts from now on; true when it did not before. */
  boolean endWaiting() {
    boolean waited = excluded;
    excluded = false;
    return waited;
  }

  /** Whether it is not known yet how healthy it is, so that it counts for nothing. */
  public boolean isExcluded() {
    return excluded;
  }

  /** What the endpoint says of its health checks. */
  public HealthCheck.Target checkTarget() {
    return checkTarget;
  }

  void checkTarget(HealthCheck.Target target) {
    checkTarget = target;
  }

  /** True when an update took the host away; its idle connections are to be closed. */
  public boolean removed() {
    return removed;
  }

  /**
   * Runs the listener once when the host is removed, at once if that has happened. It runs on the
   * configuration thread and hands over to its own event loop.
   */
  public void onRemoved(Runnable listener) {
    removalListeners.add(listener);
    if (removed && removalListeners.remove(listener)) {
      listener.run();
    }
  }

  public void cancelOnRemoved(Runnable listener) {
    removalListeners.remove(listener);
  }

  void remove() {
    removed = true;
    for (Runnable listener : removalListeners) {
      if (removalListeners.remove(listener)) {
        listener.run();
      }
    }
  }

  @Override
  public String toString() {
    return address.toString();
  }
}
