package io.meltemi.proxy.cluster;

import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Makes running clusters. Called on the configuration loop. */
public final class ClusterFactory {
  private final Map<ClusterSettings.LbPolicy, HostPickerFactory> policies;
  private final NameResolver resolver;
  private final TaskLoop loop;
  private final Ticker ticker;
  private final Stats stats;
  private final HealthProbes probes;
  private final RandomGenerator random;

  /** Time and chance. */
  public record Tools(TaskLoop loop, Ticker ticker, RandomGenerator random) {}

  /** As the constructor with every part, for clusters without health checks. */
  public ClusterFactory(
      Map<ClusterSettings.LbPolicy, HostPickerFactory> policies,
      NameResolver resolver,
      TaskLoop loop,
      Ticker ticker,
      Stats stats) {
    this(
        policies,
        resolver,
        new Tools(loop, ticker, new SplittableRandom(1)),
        stats,
        (cluster, _, _) -> {
          throw new IllegalStateException(cluster.name() + ": no health checks here");
        });
  }

  /**
   * @param policies one for every policy that chooses among hosts
   * @param tools its loop runs look-ups' answers, ejections, checks and sweeps
   */
  public ClusterFactory(
      Map<ClusterSettings.LbPolicy, HostPickerFactory> policies,
      NameResolver resolver,
      Tools tools,
      Stats stats,
      HealthProbes probes) {
    this.policies = Map.copyOf(policies);
    this.resolver = resolver;
    this.loop = tools.loop();
    this.ticker = tools.ticker();
    this.random = tools.random();
    this.stats = stats;
    this.probes = probes;
  }

  /**
   * A cluster that is warming until {@link Cluster#onReady} tells.
   *
   * @throws IllegalArgumentException when its policy has no factory
   */
  public Cluster make(ClusterConfig config) {
    ClusterSettings settings = config.settings();
    StatScope scope = stats.scope("cluster." + settings.statName() + ".");
    if (settings.discovery() instanceof ClusterSettings.Discovery.OriginalDst originalDst) {
      return originalDst(config, originalDst);
    }
    if (settings.discovery() instanceof ClusterSettings.Discovery.Dynamic dynamic) {
      return dynamic(config, dynamic.dns());
    }
    HostPickerFactory policy = policies.get(settings.balancing().policy());
    if (policy == null) {
      throw new IllegalArgumentException(
          settings.name() + ": lb_policy " + settings.balancing().policy() + " has no factory");
    }
    ClusterHosts hosts = new ClusterHosts(settings.balancing(), policy, scope, ticker);
    Tools tools = new Tools(loop, ticker, random);
    OutlierMonitor detector =
        config
            .outlier()
            .map(outlier -> new OutlierMonitor(outlier, hosts::all, hosts::refresh, tools, scope))
            .orElse(null);
    Cluster cluster =
        new Cluster(
            settings,
            config.transports(),
            hosts,
            detector == null ? OutlierDetector.NONE : detector,
            stats,
            hosts::all);
    cluster.onClose(hosts::close);
    Consumer<Host> passed = detector == null ? _ -> {} : detector::onCheckPassed;
    config
        .healthCheck()
        .ifPresent(
            check ->
                check(
                    cluster,
                    hosts,
                    check,
                    new HealthChecker.Events(passed, cluster::checked),
                    scope));
    if (detector != null) {
      cluster.onClose(detector::close);
    }
    switch (settings.discovery()) {
      case ClusterSettings.Discovery.Static _ -> {
        hosts.update(config.endpoints(), IpResolution.INSTANCE);
        cluster.ready();
      }
      case ClusterSettings.Discovery.Eds _ ->
          cluster.onEndpoints(assignment -> hosts.update(assignment, IpResolution.INSTANCE));
      case ClusterSettings.Discovery.StrictDns(ClusterSettings.Dns dns) ->
          dns(cluster, hosts, dns, false, config, scope);
      case ClusterSettings.Discovery.LogicalDns(ClusterSettings.Dns dns) ->
          dns(cluster, hosts, dns, true, config, scope);
      case ClusterSettings.Discovery.OriginalDst _, ClusterSettings.Discovery.Dynamic _ ->
          throw new IllegalStateException("handled above");
    }
    return cluster;
  }

  private void check(
      Cluster cluster,
      ClusterHosts hosts,
      HealthCheck check,
      HealthChecker.Events events,
      StatScope scope) {
    cluster.waitForChecks();
    HealthChecker checker =
        new HealthChecker(
            check,
            new HealthEvents(cluster.name(), check, ticker),
            hosts,
            host -> probes.make(cluster, check, host),
            new Tools(loop, ticker, random),
            events,
            scope);
    hosts.checkWith(checker::hostsChanged);
    cluster.onClose(checker::close);
  }

  private void dns(
      Cluster cluster,
      ClusterHosts hosts,
      ClusterSettings.Dns dns,
      boolean firstOnly,
      ClusterConfig config,
      StatScope scope) {
    DnsRefresher refresher =
        new DnsRefresher(
            dns, firstOnly, config.endpoints(), hosts, resolver, loop, scope, cluster::ready);
    cluster.onClose(refresher::close);
    refresher.start();
  }

  private Cluster dynamic(ClusterConfig config, ClusterSettings.DynamicDns dns) {
    boolean secure = config.transports().choose(Map.of()).tls().isPresent();
    DynamicHosts hosts =
        new DynamicHosts(
            dns,
            secure ? 443 : 80,
            resolver,
            loop,
            ticker,
            stats.scope("dns_cache." + dns.cacheName() + "."));
    Cluster cluster =
        new Cluster(
            config.settings(), config.transports(), hosts, OutlierDetector.NONE, stats, hosts::all);
    cluster.onClose(hosts::close);
    cluster.ready();
    return cluster;
  }

  private Cluster originalDst(
      ClusterConfig config, ClusterSettings.Discovery.OriginalDst discovery) {
    OriginalDstHosts hosts =
        new OriginalDstHosts(discovery.portOverride(), discovery.metadataKey());
    Cluster cluster =
        new Cluster(
            config.settings(), config.transports(), hosts, OutlierDetector.NONE, stats, hosts::all);
    Sweeper sweeper = new Sweeper(hosts, loop, Duration.ofNanos(config.cleanupNanos()));
    cluster.onClose(sweeper::close);
    cluster.onClose(hosts::close);
    sweeper.schedule();
    cluster.ready();
    return cluster;
  }

  /** Forgets unused hosts of an original-destination cluster every interval. */
  private static final class Sweeper {
    private final OriginalDstHosts hosts;
    private final TaskLoop loop;
    private final Duration interval;
    private volatile boolean closed;

    Sweeper(OriginalDstHosts hosts, TaskLoop loop, Duration interval) {
      this.hosts = hosts;
      this.loop = loop;
      this.interval = interval;
    }

    void schedule() {
      loop.schedule(
          () -> {
            if (!closed) {
              hosts.sweep();
              schedule();
            }
          },
          interval);
    }

    void close() {
      closed = true;
    }
  }
}
