package io.meltemi.proxy.cluster;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.proxy.cluster.OutlierSettings.InARow;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ejects hosts that fail several times in a row, or more often than others, and brings them back
 * after a growing time. Event loops count; the task loop decides. See Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier">outlier
 * detection</a>.
 */
final class OutlierMonitor implements OutlierDetector, AutoCloseable {
  private final OutlierSettings settings;
  private final Supplier<List<Host>> hosts;
  private final Runnable healthChanged;
  private final ClusterFactory.Tools tools;
  private final Stats stats;
  private final IdentityHashMap<Host, Ejection> ejections = new IdentityHashMap<>();
  private TaskLoop.@Nullable Scheduled sweep;
  private boolean closed;

  /** Why a host is taken out. */
  private enum Reason {
    CONSECUTIVE_5XX,
    CONSECUTIVE_GATEWAY_FAILURE,
    CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
    SUCCESS_RATE,
    LOCAL_ORIGIN_SUCCESS_RATE,
    FAILURE_PERCENTAGE,
    LOCAL_ORIGIN_FAILURE_PERCENTAGE;

    private final String text = name().toLowerCase(java.util.Locale.ROOT);
  }

  /** What event loops count of one host. */
  static final class State {
    final AtomicInteger server = new AtomicInteger();
    final AtomicInteger gateway = new AtomicInteger();
    final AtomicInteger local = new AtomicInteger();
    final Rate answers = new Rate();
    final Rate connections = new Rate();
  }

  /** How often something was tried and succeeded since the last look. */
  static final class Rate {
    private final AtomicLong total = new AtomicLong();
    private final AtomicLong good = new AtomicLong();

    void add(boolean success) {
      total.getAndIncrement();
      if (success) {
        good.getAndIncrement();
      }
    }

    /** Percent of success and how many there were; both start anew. */
    Sample take() {
      long all = total.getAndSet(0);
      long successes = Math.min(all, good.getAndSet(0));
      return new Sample(all == 0 ? 100 : successes * 100.0 / all, all);
    }
  }

  /** Of one host in one interval. */
  private record Sample(double percent, long count) {}

  private record HostSample(Host host, Sample sample) {}

  private static final class Ejection {
    long sinceNanos;
    long jitterNanos;
    int backOff;
  }

  /** The numbers under {@code cluster.<name>.outlier_detection.}. */
  private static final class Stats {
    final Gauge active;
    final Counter enforced;
    final Counter overflow;
    final Counter total;
    final Counter consecutive5xx;
    final Counter successRate;
    final Map<Reason, Counter> detectedBy = new EnumMap<>(Reason.class);
    final Map<Reason, Counter> enforcedBy = new EnumMap<>(Reason.class);

    Stats(StatScope scope) {
      active = scope.gauge("outlier_detection.ejections_active");
      enforced = scope.counter("outlier_detection.ejections_enforced_total");
      overflow = scope.counter("outlier_detection.ejections_overflow");
      // Envoy keeps these three for those who still look at them
      total = scope.counter("outlier_detection.ejections_total");
      consecutive5xx = scope.counter("outlier_detection.ejections_consecutive_5xx");
      successRate = scope.counter("outlier_detection.ejections_success_rate");
      for (Reason reason : Reason.values()) {
        detectedBy.put(
            reason, scope.counter("outlier_detection.ejections_detected_" + reason.text));
        enforcedBy.put(
            reason, scope.counter("outlier_detection.ejections_enforced_" + reason.text));
      }
    }

    static void count(Map<Reason, Counter> counters, Reason reason) {
      Counter counter = counters.get(reason);
      if (counter != null) {
        counter.inc();
      }
    }
  }

  OutlierMonitor(
      OutlierSettings settings,
      Supplier<List<Host>> hosts,
      Runnable healthChanged,
      ClusterFactory.Tools tools,
      StatScope scope) {
    this.settings = settings;
    this.hosts = hosts;
    this.healthChanged = healthChanged;
    this.tools = tools;
    this.stats = new Stats(scope);
    scheduleSweep();
  }

  // ---- on event loops

  @Override
  public void onResponse(Host host, int status) {
    State state = host.outlierState();
    state.answers.add(status < 500);
    if (settings.splitLocalFailures()) {
      state.connections.add(true);
    }
    if (status < 500) {
      if (state.server.getPlain() != 0 || state.gateway.getPlain() != 0) {
        state.server.set(0);
        state.gateway.set(0);
      }
      if (state.local.getPlain() != 0) {
        state.local.set(0);
      }
      return;
    }
    if (status >= 502 && status <= 504) {
      count(host, state.gateway, Reason.CONSECUTIVE_GATEWAY_FAILURE);
    } else {
      state.gateway.set(0);
    }
    count(host, state.server, Reason.CONSECUTIVE_5XX);
  }

  @Override
  public void onLocalFailure(Host host) {
    State state = host.outlierState();
    if (settings.splitLocalFailures()) {
      state.connections.add(false);
      count(host, state.local, Reason.CONSECUTIVE_LOCAL_ORIGIN_FAILURE);
    } else {
      state.answers.add(false);
      count(host, state.gateway, Reason.CONSECUTIVE_GATEWAY_FAILURE);
      count(host, state.server, Reason.CONSECUTIVE_5XX);
    }
  }

  @Override
  public void onConnected(Host host) {
    host.outlierState().local.set(0);
  }

  @Override
  public void onConnectedOnly(Host host) {
    if (settings.splitLocalFailures()) {
      State state = host.outlierState();
      state.local.set(0);
      state.connections.add(true);
    } else {
      onResponse(host, 200);
    }
  }

  private void count(Host host, AtomicInteger failures, Reason reason) {
    if (failures.incrementAndGet() == rule(reason).failures() && !host.ejected()) {
      tools.loop().execute(() -> onFailures(host, reason));
    }
  }

  // ---- on the task loop

  private InARow rule(Reason reason) {
    OutlierSettings.Consecutive consecutive = settings.consecutive();
    return switch (reason) {
      case CONSECUTIVE_5XX -> consecutive.server();
      case CONSECUTIVE_GATEWAY_FAILURE -> consecutive.gateway();
      case CONSECUTIVE_LOCAL_ORIGIN_FAILURE -> consecutive.local();
      case SUCCESS_RATE,
          LOCAL_ORIGIN_SUCCESS_RATE,
          FAILURE_PERCENTAGE,
          LOCAL_ORIGIN_FAILURE_PERCENTAGE ->
          throw new IllegalArgumentException(reason + " is no number in a row");
    };
  }

  private int percent(Reason reason) {
    return switch (reason) {
      case CONSECUTIVE_5XX, CONSECUTIVE_GATEWAY_FAILURE, CONSECUTIVE_LOCAL_ORIGIN_FAILURE ->
          rule(reason).percent();
      case SUCCESS_RATE -> settings.successRate().percent();
      case LOCAL_ORIGIN_SUCCESS_RATE -> settings.successRate().localPercent();
      case FAILURE_PERCENTAGE -> settings.failurePercentage().percent();
      case LOCAL_ORIGIN_FAILURE_PERCENTAGE -> settings.failurePercentage().localPercent();
    };
  }

  private void onFailures(Host host, Reason reason) {
    if (closed || host.ejected() || host.removed()) {
      return;
    }
    if (reason == Reason.CONSECUTIVE_5XX) {
      stats.consecutive5xx.inc();
    }
    if (eject(host, reason)) {
      healthChanged.run();
    }
    // a host that stays in is looked at again after as many failures
    State state = host.outlierState();
    switch (reason) {
      case CONSECUTIVE_5XX -> state.server.set(0);
      case CONSECUTIVE_GATEWAY_FAILURE -> state.gateway.set(0);
      default -> state.local.set(0);
    }
  }

  /** True when the host is out now. */
  private boolean eject(Host host, Reason reason) {
    Stats.count(stats.detectedBy, reason);
    List<Host> all = hosts.get();
    long out = all.stream().filter(Host::ejected).count();
    boolean allowed =
        (out + 1) * 100 <= (long) settings.ejectionPercentMax() * all.size()
            || (out == 0 && settings.alwaysEjectOne());
    if (!allowed) {
      stats.overflow.inc();
      return false;
    }
    if (reason == Reason.CONSECUTIVE_5XX || reason == Reason.SUCCESS_RATE) {
      stats.total.inc();
    }
    int percent = percent(reason);
    if (percent < 100 && (percent == 0 || tools.random().nextInt(100) >= percent)) {
      return false;
    }
    OutlierSettings.Timing timing = settings.timing();
    Ejection ejection = ejections.computeIfAbsent(host, _ -> new Ejection());
    if (ejection.backOff * timing.baseEjectionNanos()
        < timing.ejectionNanosMax() + timing.baseEjectionNanos()) {
      ejection.backOff++;
    }
    ejection.sinceNanos = tools.ticker().nanos();
    ejection.jitterNanos =
        timing.jitterNanosMax() == 0 ? 0 : tools.random().nextLong(timing.jitterNanosMax() + 1);
    host.eject(true);
    Stats.count(stats.enforcedBy, reason);
    stats.enforced.inc();
    stats.active.set(out + 1);
    return true;
  }

  /** A host has passed an active health check. */
  void onCheckPassed(Host host) {
    if (settings.checkUnejects() && host.ejected()) {
      uneject(host);
      stats.active.set(hosts.get().stream().filter(Host::ejected).count());
      healthChanged.run();
    }
  }

  private void scheduleSweep() {
    sweep = tools.loop().schedule(this::sweep, Duration.ofNanos(settings.timing().intervalNanos()));
  }

  private void sweep() {
    if (closed) {
      return;
    }
    List<Host> all = hosts.get();
    ejections.keySet().removeIf(Host::removed);
    boolean changed = bringBack();
    changed |= compare(all, false);
    if (settings.splitLocalFailures()) {
      changed |= compare(all, true);
    }
    ejections.entrySet().removeIf(e -> !e.getKey().ejected() && --e.getValue().backOff <= 0);
    stats.active.set(all.stream().filter(Host::ejected).count());
    if (changed) {
      healthChanged.run();
    }
    scheduleSweep();
  }

  private boolean bringBack() {
    boolean changed = false;
    long now = tools.ticker().nanos();
    OutlierSettings.Timing timing = settings.timing();
    for (Map.Entry<Host, Ejection> entry : ejections.entrySet()) {
      Ejection ejection = entry.getValue();
      long nanos =
          Math.min(timing.baseEjectionNanos() * ejection.backOff, timing.ejectionNanosMax())
              + ejection.jitterNanos;
      if (entry.getKey().ejected() && now - ejection.sinceNanos >= nanos) {
        uneject(entry.getKey());
        changed = true;
      }
    }
    return changed;
  }

  /** Ejects hosts that do worse than the rest; true when there were some. */
  private boolean compare(List<Host> all, boolean local) {
    OutlierSettings.SuccessRate rate = settings.successRate();
    OutlierSettings.FailurePercentage failures = settings.failurePercentage();
    List<HostSample> rated = new ArrayList<>();
    List<HostSample> failing = new ArrayList<>();
    for (Host host : all) {
      State state = host.outlierState();
      Sample sample = (local ? state.connections : state.answers).take();
      if (host.ejected() || sample.count() == 0) {
        continue;
      }
      if (sample.count() >= rate.requestsMin()) {
        rated.add(new HostSample(host, sample));
      }
      if (sample.count() >= failures.requestsMin()) {
        failing.add(new HostSample(host, sample));
      }
    }
    boolean changed = false;
    if (!rated.isEmpty() && rated.size() >= rate.hostsMin()) {
      double threshold = threshold(rated, rate.deviations() / 1000.0);
      for (HostSample each : rated) {
        if (each.sample().percent() < threshold) {
          stats.successRate.inc();
          changed |=
              eject(each.host(), local ? Reason.LOCAL_ORIGIN_SUCCESS_RATE : Reason.SUCCESS_RATE);
        }
      }
    }
    if (!failing.isEmpty() && failing.size() >= failures.hostsMin()) {
      for (HostSample each : failing) {
        if (!each.host().ejected() && 100 - each.sample().percent() >= failures.threshold()) {
          changed |=
              eject(
                  each.host(),
                  local ? Reason.LOCAL_ORIGIN_FAILURE_PERCENTAGE : Reason.FAILURE_PERCENTAGE);
        }
      }
    }
    return changed;
  }

  private static double threshold(List<HostSample> samples, double deviations) {
    double mean = samples.stream().mapToDouble(each -> each.sample().percent()).sum();
    mean /= samples.size();
    double variance = 0;
    for (HostSample each : samples) {
      double distance = each.sample().percent() - mean;
      variance += distance * distance;
    }
    return mean - deviations * Math.sqrt(variance / samples.size());
  }

  private static void uneject(Host host) {
    State state = host.outlierState();
    state.server.set(0);
    state.gateway.set(0);
    state.local.set(0);
    host.eject(false);
  }

  @Override
  public void close() {
    tools
        .loop()
        .execute(
            () -> {
              closed = true;
              if (sweep != null) {
                sweep.cancel();
              }
            });
  }
}
