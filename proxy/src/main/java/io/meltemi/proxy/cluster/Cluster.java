package io.meltemi.proxy.cluster;

import com.github.xds.data.orca.v3.OrcaLoadReport;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.transport.CertificatesInUse;
import io.meltemi.proxy.transport.ProxyHeader;
import io.meltemi.proxy.transport.RemoteSecret;
import io.meltemi.proxy.transport.TlsStats;
import io.meltemi.proxy.transport.UpstreamTransport;
import io.meltemi.proxy.transport.UpstreamTransports;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One upstream cluster. Reading on any thread; the life cycle belongs to the configuration loop.
 */
public final class Cluster implements AutoCloseable {
  private final ClusterSettings settings;
  private final Stats stats;
  private final LoadBalancer loadBalancer;
  private final CircuitBreakers circuitBreakers;
  private final CircuitBreakers highPriorityCircuitBreakers;
  private final OutlierDetector outlierDetector;
  private final Supplier<List<Host>> hosts;
  private final UpstreamTransports transports;
  private final boolean tellsClients;
  private final List<Runnable> closers = new ArrayList<>();
  private final List<Runnable> readyListeners = new ArrayList<>();
  private @Nullable Consumer<EndpointAssignment> endpoints;
  private boolean ready;
  private boolean checkPending;
  private boolean readyButForCheck;
  private volatile @Nullable ClusterStats clusterStats;
  private volatile @Nullable TlsStats tlsStats;

  Cluster(
      ClusterSettings settings,
      UpstreamTransports transports,
      LoadBalancer loadBalancer,
      OutlierDetector outlierDetector,
      Stats stats,
      Supplier<List<Host>> hosts) {
    this.settings = settings;
    this.transports = transports;
    this.tellsClients = transports.tellClients();
    this.stats = stats;
    this.loadBalancer = loadBalancer;
    this.circuitBreakers = new CircuitBreakers(settings.breakers().normal());
    this.highPriorityCircuitBreakers = new CircuitBreakers(settings.breakers().high());
    this.outlierDetector = outlierDetector;
    this.hosts = hosts;
  }

  /** A plain-text cluster with a load balancer of the caller's, ready at once, listing no hosts. */
  public Cluster(
      ClusterSettings settings,
      LoadBalancer loadBalancer,
      OutlierDetector outlierDetector,
      Stats stats) {
    this(settings, UpstreamTransports.RAW, loadBalancer, outlierDetector, stats, List::of);
    ready();
  }

  public String name() {
    return settings.name();
  }

  public ClusterSettings settings() {
    return settings;
  }

  public LoadBalancer loadBalancer() {
    return loadBalancer;
  }

  /** Limits for requests of normal priority, and for connections. */
  public CircuitBreakers circuitBreakers() {
    return circuitBreakers;
  }

  /**
   * Takes a connection to the host from what the circuit breakers have left; false when there is
   * nothing left. As in Envoy event loops that ask at the same time may exceed a host's limit.
   */
  public boolean tryConnection(Host host) {
    return host.get(HostStat.CX_ACTIVE) < settings.breakers().connectionsPerHostMax()
        && circuitBreakers.tryConnection();
  }

  /** Limits for requests whose route has priority HIGH. */
  public CircuitBreakers highPriorityCircuitBreakers() {
    return highPriorityCircuitBreakers;
  }

  public OutlierDetector outlierDetector() {
    return outlierDetector;
  }

  /** Whether hosts' reports of their load count. */
  public boolean weighsReports() {
    return settings.balancing().policy() == ClusterSettings.LbPolicy.CLIENT_SIDE_WEIGHTED;
  }

  /**
   * Takes the report of a response's head or trailers, where there is one.
   *
   * @return whether there was one
   */
  public boolean onLoadReport(Host host, HeaderBlock headers, long nowNanos) {
    OrcaLoadReport report = LoadReportReader.read(headers);
    if (report == null) {
      return false;
    }
    int weight = LoadReportReader.weight(report, settings.balancing().guidance().reports());
    if (weight > 0) {
      host.reportedLoad().report(weight, nowNanos);
    }
    return true;
  }

  /** All hosts known now, usable or not. */
  public List<Host> hosts() {
    return hosts.get();
  }

  /** The cluster's numbers; made at first use, because most clusters of a mesh see no traffic. */
  public ClusterStats stats() {
    ClusterStats made = clusterStats;
    if (made == null) {
      String prefix = "cluster." + settings.statName() + ".";
      made = new ClusterStats(stats.scope(prefix), () -> stats.scope(prefix + "http2."));
      clusterStats = made;
    }
    return made;
  }

  /** Where filters count what they do for the cluster; a look-up for each stat. */
  public StatScope scope() {
    return stats.scope("cluster." + settings.statName() + ".");
  }

  /** TLS towards a host; empty for plain text. */
  public Optional<UpstreamTransport> transport(Host host) {
    return transports.choose(host.transportMetadata()).tls();
  }

  /** What a connection to a host begins with, before any TLS; empty for nothing. */
  public Optional<ProxyHeader> proxyHeader(Host host) {
    return transports.choose(host.transportMetadata()).header();
  }

  /** Whether hosts are told of clients, so that no two clients share a connection. */
  public boolean tellsClients() {
    return tellsClients;
  }

  /** Secrets that servers deliver to its transport sockets. */
  public List<RemoteSecret> remoteSecrets() {
    return transports.remoteSecrets();
  }

  /** The certificates of its transport sockets. */
  public List<CertificatesInUse> certificates() {
    return transports.certificates();
  }

  /** The cluster's numbers about TLS; made at first use. */
  public TlsStats tlsStats() {
    TlsStats made = tlsStats;
    if (made == null) {
      made = new TlsStats(stats.scope("cluster." + settings.statName() + "."));
      tlsStats = made;
    }
    return made;
  }

  /**
   * Endpoints of an EDS cluster; the first ones make it ready.
   *
   * @throws IllegalStateException when the cluster has another discovery
   */
  public synchronized void update(EndpointAssignment assignment) {
    if (endpoints == null) {
      throw new IllegalStateException(name() + " takes no endpoints: " + settings.discovery());
    }
    endpoints.accept(assignment);
    ready();
  }

  /** Runs the listener once the first hosts are known, or known not to come; at once when so. */
  public void onReady(Runnable listener) {
    synchronized (this) {
      if (!ready) {
        readyListeners.add(listener);
        return;
      }
    }
    listener.run();
  }

  /** True when the first hosts are known, or known not to come. */
  public synchronized boolean isReady() {
    return ready;
  }

  /** Ends warming; further calls do nothing. */
  public void ready() {
    List<Runnable> told;
    synchronized (this) {
      if (ready) {
        return;
      }
      if (checkPending) {
        readyButForCheck = true;
        return;
      }
      ready = true;
      told = List.copyOf(readyListeners);
      readyListeners.clear();
    }
    told.forEach(Runnable::run);
  }

  /** Warming lasts until the first hosts have been checked as well. */
  synchronized void waitForChecks() {
    checkPending = true;
  }

  /** The first hosts have been checked. */
  void checked() {
    synchronized (this) {
      if (!checkPending) {
        return;
      }
      checkPending = false;
      if (!readyButForCheck) {
        return;
      }
    }
    ready();
  }

  /**
   * A cluster of the same transport whose numbers and limits are nobody's: for connections that
   * carry no traffic. It needs no closing.
   */
  public Cluster shadow(ClusterSettings other) {
    return new Cluster(
        other, transports, loadBalancer, OutlierDetector.NONE, new Stats(), List::of);
  }

  synchronized void onEndpoints(Consumer<EndpointAssignment> consumer) {
    endpoints = consumer;
  }

  synchronized void onClose(Runnable closer) {
    closers.add(closer);
  }

  /** Ends look-ups and takes every host away; requests under way go on. */
  @Override
  public void close() {
    List<Runnable> told;
    synchronized (this) {
      told = List.copyOf(closers);
      closers.clear();
    }
    told.forEach(Runnable::run);
    transports.close();
  }
}
