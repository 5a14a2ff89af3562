package io.meltemi.proxy.cluster.lb;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.ClusterSettings.SlowStart;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.LbContext;

/**
 * Slow start: a host that has just come gets a part of its requests that grows with its age. A host
 * picked by the policy is kept with that part as its chance, else the policy picks again; so the
 * shares are those of weights lowered by the same part, as in Envoy.
 */
public final class Warming implements HostPicker {
  /** With every host cold a pick is kept one time in ten by default. */
  private static final int PICKS_MAX = 64;

  private static final double UNIT = 0x1.0p-53;

  private final HostPicker policy;
  private final SlowStart settings;
  private final Ticker ticker;

  /** When the youngest host is warm. */
  private final long warmNanos;

  private Warming(HostPicker policy, SlowStart settings, Ticker ticker, long warmNanos) {
    this.policy = policy;
    this.settings = settings;
    this.ticker = ticker;
    this.warmNanos = warmNanos;
  }

  /** The policy itself, or one that spares cold hosts when the group's settings say so. */
  public static HostPicker around(HostPicker policy, HostGroup group) {
    SlowStart settings = group.settings().slowStart();
    if (settings.windowNanos() == 0 || group.hosts().size() == 1) {
      return policy;
    }
    long now = group.ticker().nanos();
    long left = 0;
    for (Host host : group.hosts()) {
      left = Math.max(left, host.healthySinceNanos() + settings.windowNanos() - now);
    }
    return left == 0 ? policy : new Warming(policy, settings, group.ticker(), now + left);
  }

  @Override
  public Host pick(LbContext context, long hash, int attempt) {
    Host host = policy.pick(context, hash, attempt);
    long now = ticker.nanos();
    if (now - warmNanos >= 0) {
      return host;
    }
    for (int i = 1; i < PICKS_MAX && !keeps(host, now, context); i++) {
      host = policy.pick(context, hash, attempt);
    }
    return host;
  }

  private boolean keeps(Host host, long now, LbContext context) {
    long age = now - host.healthySinceNanos();
    if (age >= settings.windowNanos()) {
      return true;
    }
    return (context.random() >>> 11) * UNIT < settings.part(age);
  }
}
