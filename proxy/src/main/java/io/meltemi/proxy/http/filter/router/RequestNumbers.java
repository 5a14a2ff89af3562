package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Histogram;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The numbers of a virtual cluster or of a route; see <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#statistics">Envoy's
 * router statistics</a>. Any thread.
 */
final class RequestNumbers {
  final Counter total;
  final Counter retry;
  final Counter retryLimitExceeded;
  final Counter retryOverflow;
  final Counter retrySuccess;
  final Counter timeout;
  final Histogram timeMs;
  private final Counter completed;
  private final AtomicReferenceArray<Counter> codes = new AtomicReferenceArray<>(600);
  private final AtomicReferenceArray<Counter> classes = new AtomicReferenceArray<>(6);
  private final StatScope scope;

  /** All of one router, by their scopes; as many as configurations name. */
  static final class All {
    private final Stats stats;
    private final ConcurrentHashMap<String, RequestNumbers> byScope = new ConcurrentHashMap<>();

    All(Stats stats) {
      this.stats = stats;
    }

    RequestNumbers in(String scope) {
      RequestNumbers known = byScope.get(scope);
      return known == null
          ? byScope.computeIfAbsent(scope, name -> new RequestNumbers(stats.scope(name)))
          : known;
    }
  }

  private RequestNumbers(StatScope scope) {
    this.scope = scope;
    total = scope.counter("upstream_rq_total");
    retry = scope.counter("upstream_rq_retry");
    retryLimitExceeded = scope.counter("upstream_rq_retry_limit_exceeded");
    retryOverflow = scope.counter("upstream_rq_retry_overflow");
    retrySuccess = scope.counter("upstream_rq_retry_success");
    timeout = scope.counter("upstream_rq_timeout");
    completed = scope.counter("upstream_rq_completed");
    timeMs = scope.histogram("upstream_rq_time");
  }

  /** A request was answered, by the host or in its place. */
  void answered(int status) {
    if (status < 100 || status > 599) {
      return;
    }
    completed.inc();
    counter(classes, status / 100, "xx").inc();
    counter(codes, status, "").inc();
  }

  private Counter counter(AtomicReferenceArray<Counter> known, int number, String suffix) {
    Counter counter = known.get(number);
    if (counter == null) {
      counter = scope.counter("upstream_rq_" + number + suffix);
      known.set(number, counter);
    }
    return counter;
  }
}
