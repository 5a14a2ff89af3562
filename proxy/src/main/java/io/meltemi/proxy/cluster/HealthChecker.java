package io.meltemi.proxy.cluster;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import java.time.Duration;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks every host of a cluster again and again and marks those that fail. A host's first answer
 * counts at once, later ones when they have come as often as the thresholds say. On the task loop.
 * See Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking">health
 * checking</a>.
 */
final class HealthChecker implements AutoCloseable {
  private final HealthCheck check;
  private final HealthEvents log;
  private final ClusterHosts hosts;
  private final Function<Host, HealthProbe> probes;
  private final ClusterFactory.Tools tools;
  private final Events events;
  private final IdentityHashMap<Host, Session> sessions = new IdentityHashMap<>();
  private final Set<Session> unchecked = new HashSet<>();
  private final Stats stats;
  private boolean synced;
  private boolean closed;

  /**
   * Who is told.
   *
   * @param passed a host that has passed a check
   * @param firstRound run once, when every first host has been asked
   */
  record Events(Consumer<Host> passed, Runnable firstRound) {}

  /** The numbers under {@code cluster.<name>.health_check.}. */
  private static final class Stats {
    final Counter attempt;
    final Counter success;
    final Counter failure;
    final Counter networkFailure;
    final Gauge healthy;
    final Gauge degraded;
    final Counter connections;

    Stats(StatScope scope) {
      attempt = scope.counter("health_check.attempt");
      success = scope.counter("health_check.success");
      failure = scope.counter("health_check.failure");
      scope.counter("health_check.passive_failure");
      scope.counter("health_check.verify_cluster");
      networkFailure = scope.counter("health_check.network_failure");
      healthy = scope.gauge("health_check.healthy");
      degraded = scope.gauge("health_check.degraded");
      connections = scope.counter("upstream_cx_total");
    }
  }

  /** Whether an answer changes what a host is. */
  private enum Transition {
    UNCHANGED,
    /** Not yet: more like it must come. */
    PENDING,
    CHANGED
  }

  HealthChecker(
      HealthCheck check,
      HealthEvents log,
      ClusterHosts hosts,
      Function<Host, HealthProbe> probes,
      ClusterFactory.Tools tools,
      Events events,
      StatScope scope) {
    this.check = check;
    this.log = log;
    this.hosts = hosts;
    this.probes = probes;
    this.tools = tools;
    this.events = events;
    this.stats = new Stats(scope);
  }

  /** The cluster has other hosts. */
  void hostsChanged() {
    tools.loop().execute(this::sync);
  }

  private void sync() {
    if (closed) {
      return;
    }
    List<Host> all = hosts.all();
    for (Host host : all) {
      if (!sessions.containsKey(host) && !host.checkTarget().disabled()) {
        Session session = new Session(host);
        sessions.put(host, session);
        if (!synced) {
          unchecked.add(session);
        }
        session.start();
      }
    }
    for (Session session : List.copyOf(sessions.values())) {
      if (session.host.removed()) {
        sessions.remove(session.host);
        session.close();
      }
    }
    synced = true;
    count();
    checkRound();
  }

  private void checkRound() {
    if (synced && unchecked.isEmpty()) {
      events.firstRound().run();
    }
  }

  private void count() {
    long healthy = 0;
    long degraded = 0;
    for (Session session : sessions.values()) {
      healthy += session.host.failsChecks() ? 0 : 1;
      degraded += session.host.checkedDegraded() ? 1 : 0;
    }
    stats.healthy.set(healthy);
    stats.degraded.set(degraded);
  }

  @Override
  public void close() {
    tools
        .loop()
        .execute(
            () -> {
              closed = true;
              sessions.values().forEach(Session::close);
              sessions.clear();
            });
  }

  /** One host and its next question. */
  private final class Session {
    private final Host host;
    private final HealthProbe probe;
    private boolean first = true;
    private boolean everPassed;
    private boolean over;
    private int asked;
    private int failures;
    private int successes;
    private TaskLoop.@Nullable Scheduled timer;

    Session(Host host) {
      this.host = host;
      this.probe = probes.apply(host);
    }

    void start() {
      long jitter = check.times().initialJitter();
      if (jitter == 0) {
        ask();
      } else {
        after(tools.random().nextLong(jitter), this::ask);
      }
    }

    private void after(long nanos, Runnable task) {
      timer = tools.loop().schedule(task, Duration.ofNanos(nanos));
    }

    private void ask() {
      if (over) {
        return;
      }
      stats.attempt.inc();
      int number = ++asked;
      after(check.times().timeout(), () -> timedOut(number));
      probe.ask(result -> tools.loop().execute(() -> answered(number, result)));
    }

    private void timedOut(int number) {
      if (!over && number == asked) {
        probe.cancel();
        judge(HealthProbe.Result.UNREACHABLE, HealthEvents.FailureType.NETWORK_TIMEOUT);
      }
    }

    private void answered(int number, HealthProbe.Result result) {
      if (!over && number == asked) {
        judge(
            result,
            result == HealthProbe.Result.UNREACHABLE
                ? HealthEvents.FailureType.NETWORK
                : HealthEvents.FailureType.ACTIVE);
      }
    }

    private void judge(HealthProbe.Result result, HealthEvents.FailureType type) {
      asked++; // what comes late is of no interest
      if (timer != null) {
        timer.cancel();
      }
      boolean passed =
          switch (result) {
            case PASSED, DEGRADED -> true;
            case FAILED, FAILED_ONCE, UNREACHABLE -> false;
          };
      Transition transition =
          passed ? passed(result == HealthProbe.Result.DEGRADED) : failed(result, type);
      first = false;
      if (host.endWaiting() && transition == Transition.UNCHANGED) {
        transition = Transition.CHANGED;
      }
      if (transition == Transition.CHANGED) {
        count();
        hosts.refresh();
      }
      if (passed) {
        events.passed().accept(host);
      }
      after(interval(passed, transition), this::ask);
      if (unchecked.remove(this)) {
        checkRound();
      }
    }

    private Transition passed(boolean degraded) {
      stats.success.inc();
      failures = 0;
      Transition transition = Transition.UNCHANGED;
      boolean added = !everPassed;
      if (host.failsChecks()) {
        if (first || ++successes >= check.healthyThreshold()) {
          successes = 0;
          host.failChecks(false);
          host.healthySince(tools.ticker().nanos());
          transition = Transition.CHANGED;
          added = true;
        } else {
          transition = Transition.PENDING;
          added = false;
        }
      }
      if (added) {
        everPassed = true;
        log.added(host, first);
      } else {
        log.passed(host);
      }
      if (degraded != host.checkedDegraded()) {
        host.checkDegraded(degraded);
        log.degraded(host, degraded);
        if (transition == Transition.UNCHANGED) {
          transition = Transition.CHANGED;
        }
      }
      return transition;
    }

    private Transition failed(HealthProbe.Result result, HealthEvents.FailureType type) {
      Transition transition = failed(result);
      if (transition == Transition.CHANGED && everPassed) {
        log.ejected(host, type);
      }
      log.failed(host, type, first);
      return transition;
    }

    private Transition failed(HealthProbe.Result result) {
      stats.failure.inc();
      if (result == HealthProbe.Result.UNREACHABLE) {
        stats.networkFailure.inc();
      }
      successes = 0;
      if (host.failsChecks()) {
        return Transition.UNCHANGED;
      }
      // what the host itself says counts at once
      if (result == HealthProbe.Result.FAILED || ++failures >= check.unhealthyThreshold()) {
        failures = 0;
        host.failChecks(true);
        return Transition.CHANGED;
      }
      return Transition.PENDING;
    }

    private long interval(boolean passed, Transition transition) {
      HealthCheck.Intervals intervals = check.intervals();
      boolean pending = transition == Transition.PENDING;
      long base;
      if (stats.connections.value() == 0) {
        base = passed && !pending ? intervals.noTrafficHealthy() : intervals.noTraffic();
      } else if (passed) {
        base = pending ? intervals.healthyEdge() : intervals.usual();
      } else {
        base = pending ? intervals.unhealthyEdge() : intervals.unhealthy();
      }
      long share = base / 100 * check.times().jitterPercent();
      long added = share > 0 ? tools.random().nextLong(share) : 0;
      if (check.times().intervalJitter() > 0) {
        added += tools.random().nextLong(check.times().intervalJitter());
      }
      return base + added;
    }

    void close() {
      over = true;
      if (timer != null) {
        timer.cancel();
      }
      probe.close();
      if (unchecked.remove(this)) {
        checkRound();
      }
    }
  }
}
