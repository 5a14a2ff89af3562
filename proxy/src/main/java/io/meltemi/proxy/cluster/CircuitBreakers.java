package io.meltemi.proxy.cluster;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The limits of one cluster, shared by all event loops. A {@code try…} that answers true has taken
 * a place that must be given back by the matching {@code release…}.
 */
public final class CircuitBreakers {
  private final Thresholds thresholds;
  private final AtomicLong connections = new AtomicLong();
  private final AtomicLong pendingRequests = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();

  /**
   * Upper limits, each 0 or more.
   *
   * @param trackRemaining whether the {@code remaining_*} gauges are shown
   */
  public record Thresholds(
      long connectionsMax,
      long pendingRequestsMax,
      long requestsMax,
      long retriesMax,
      RetryBudget retryBudget,
      boolean trackRemaining) {
    /** Envoy's defaults. */
    public static final Thresholds DEFAULT =
        new Thresholds(1024, 1024, 1024, 3, RetryBudget.NONE, false);
  }

  /**
   * Retries allowed as a share of the requests under way; replaces the fixed limit when enabled.
   *
   * @param percent 0 to 100
   * @param retriesMin always allowed
   */
  public record RetryBudget(boolean enabled, double percent, long retriesMin) {
    public static final RetryBudget NONE = new RetryBudget(false, 20, 3);
  }

  public CircuitBreakers(Thresholds thresholds) {
    this.thresholds = thresholds;
  }

  public Thresholds thresholds() {
    return thresholds;
  }

  public boolean tryConnection() {
    return tryTake(connections, thresholds.connectionsMax());
  }

  public void releaseConnection() {
    connections.decrementAndGet();
  }

  public boolean tryPending() {
    return tryTake(pendingRequests, thresholds.pendingRequestsMax());
  }

  public void releasePending() {
    pendingRequests.decrementAndGet();
  }

  public boolean tryRequest() {
    return tryTake(requests, thresholds.requestsMax());
  }

  public void releaseRequest() {
    requests.decrementAndGet();
  }

  public boolean tryRetry() {
    return tryTake(retries, retriesMax());
  }

  public void releaseRetry() {
    retries.decrementAndGet();
  }

  private long retriesMax() {
    RetryBudget budget = thresholds.retryBudget();
    if (!budget.enabled()) {
      return thresholds.retriesMax();
    }
    long active = requests.get() + pendingRequests.get();
    return Math.max(budget.retriesMin(), (long) (active * budget.percent() / 100));
  }

  public long connections() {
    return connections.get();
  }

  public long pendingRequests() {
    return pendingRequests.get();
  }

  public long requests() {
    return requests.get();
  }

  public long retries() {
    return retries.get();
  }

  private static boolean tryTake(AtomicLong used, long max) {
    if (used.incrementAndGet() <= max) {
      return true;
    }
    used.decrementAndGet();
    return false;
  }
}
