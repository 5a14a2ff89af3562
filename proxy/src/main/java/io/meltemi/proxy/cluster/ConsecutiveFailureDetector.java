package io.meltemi.proxy.cluster;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ejects hosts after failures in a row and brings them back after a growing time. Event loops
 * count; the task loop decides.
 */
final class ConsecutiveFailureDetector implements OutlierDetector, AutoCloseable {
  private final OutlierSettings settings;
  private final Supplier<List<Host>> hosts;
  private final Runnable healthChanged;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final Gauge ejectionsActive;
  private final Counter ejectionsTotal;
  private final Counter overflow;
  private final Map<Host, Ejection> ejections = new HashMap<>();
  private TaskLoop.@Nullable Scheduled sweep;
  private boolean closed;

  /** Failures in a row of one host. */
  static final class State {
    final AtomicInteger server = new AtomicInteger();
    final AtomicInteger gateway = new AtomicInteger();
    final AtomicInteger local = new AtomicInteger();
  }

  private static final class Ejection {
    long untilNanos;
    int times;
  }

  ConsecutiveFailureDetector(
      OutlierSettings settings,
      Supplier<List<Host>> hosts,
      Runnable healthChanged,
      TaskLoop loop,
      Ticker ticker,
      StatScope stats) {
    this.settings = settings;
    this.hosts = hosts;
    this.healthChanged = healthChanged;
    this.loop = loop;
    this.ticker = ticker;
    this.ejectionsActive = stats.gauge("outlier_detection.ejections_active");
    this.ejectionsTotal = stats.counter("outlier_detection.ejections_enforced_total");
    this.overflow = stats.counter("outlier_detection.ejections_overflow");
  }

  @Override
  public void onResponse(Host host, int status) {
    State state = host.outlierState();
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
      count(host, state.gateway, settings.consecutiveGatewayFailure());
    } else {
      state.gateway.set(0);
    }
    count(host, state.server, settings.consecutive5xx());
  }

  @Override
  public void onLocalFailure(Host host) {
    State state = host.outlierState();
    if (settings.splitLocalFailures()) {
      count(host, state.local, settings.consecutiveLocalFailure());
    } else {
      count(host, state.gateway, settings.consecutiveGatewayFailure());
      count(host, state.server, settings.consecutive5xx());
    }
  }

  @Override
  public void onConnected(Host host) {
    host.outlierState().local.set(0);
  }

  private void count(Host host, AtomicInteger failures, int limit) {
    if (failures.incrementAndGet() == limit && !host.ejected()) {
      loop.execute(() -> eject(host));
    }
  }

  private void eject(Host host) {
    if (closed || host.ejected() || host.removed()) {
      return;
    }
    List<Host> all = hosts.get();
    long out = all.stream().filter(Host::ejected).count();
    boolean allowed =
        (out + 1) * 100 <= (long) settings.ejectionPercentMax() * all.size()
            || (out == 0 && settings.alwaysEjectOne());
    if (!allowed) {
      overflow.inc();
      forget(host);
      return;
    }
    Ejection ejection = ejections.computeIfAbsent(host, _ -> new Ejection());
    ejection.times++;
    OutlierSettings.Timing timing = settings.timing();
    ejection.untilNanos =
        ticker.nanos()
            + Math.min(timing.ejectionNanosMax(), timing.baseEjectionNanos() * ejection.times);
    host.eject(true);
    ejectionsTotal.inc();
    ejectionsActive.set(out + 1);
    healthChanged.run();
    if (sweep == null) {
      sweep = loop.schedule(this::sweep, Duration.ofNanos(timing.intervalNanos()));
    }
  }

  private void sweep() {
    sweep = null;
    if (closed) {
      return;
    }
    ejections.keySet().removeIf(Host::removed);
    boolean changed = false;
    long active = 0;
    for (Map.Entry<Host, Ejection> entry : ejections.entrySet()) {
      Host host = entry.getKey();
      Ejection ejection = entry.getValue();
      if (host.ejected() && ticker.nanos() - ejection.untilNanos >= 0) {
        forget(host);
        host.eject(false);
        changed = true;
      } else if (!host.ejected()) {
        ejection.times--;
      }
      active += host.ejected() ? 1 : 0;
    }
    ejections.entrySet().removeIf(e -> e.getValue().times <= 0 && !e.getKey().ejected());
    ejectionsActive.set(active);
    if (changed) {
      healthChanged.run();
    }
    if (!ejections.isEmpty()) {
      sweep = loop.schedule(this::sweep, Duration.ofNanos(settings.timing().intervalNanos()));
    }
  }

  private static void forget(Host host) {
    State state = host.outlierState();
    state.server.set(0);
    state.gateway.set(0);
    state.local.set(0);
  }

  @Override
  public void close() {
    loop.execute(
        () -> {
          closed = true;
          if (sweep != null) {
            sweep.cancel();
          }
        });
  }
}
