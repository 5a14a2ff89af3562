package io.meltemi.proxy.cluster;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.cluster.EndpointAssignment.LocalityEndpoints;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster and the choice among them. Choosing is one volatile read and works on any
 * event loop; configuration threads swap the whole.
 */
final class ClusterHosts implements LoadBalancer {
  private final ClusterSettings.Balancing balancing;
  private final HostPickerFactory policy;
  private final StatScope stats;
  private final Ticker ticker;
  private final Runnable panicked = this::onPanic;
  private List<PriorityTable.Group> groups = List.of();
  private int overprovisioningPercent = 140;
  private volatile View view = View.EMPTY;
  private volatile @Nullable Counter panics;
  private boolean checked;
  private Runnable changed = () -> {};

  /** What event loops see. */
  private record View(List<Host> hosts, PriorityTable table, Map<SocketAddress, Host> byAddress) {
    static final View EMPTY = new View(List.of(), PriorityTable.EMPTY, Map.of());
  }

  ClusterHosts(
      ClusterSettings.Balancing balancing,
      HostPickerFactory policy,
      StatScope stats,
      Ticker ticker) {
    this.balancing = balancing;
    this.policy = policy;
    this.stats = stats;
    this.ticker = ticker;
  }

  /** All hosts, in the order configured. */
  List<Host> all() {
    return view.hosts();
  }

  /** A choice ignored health, because too few hosts were healthy. */
  private void onPanic() {
    Counter counter = panics;
    if (counter == null) {
      counter = stats.counter("lb_healthy_panic");
      panics = counter;
    }
    counter.inc();
  }

  /**
   * Puts other endpoints in force. A host whose address stays keeps its identity.
   *
   * @param resolved addresses by endpoint; an endpoint with several addresses becomes several hosts
   */
  synchronized void update(EndpointAssignment assignment, Resolution resolved) {
    Map<SocketAddress, Host> known = new HashMap<>();
    for (Host host : view.hosts()) {
      known.put(host.address(), host);
    }
    Map<SocketAddress, Host> kept = new LinkedHashMap<>();
    List<PriorityTable.Group> next = new ArrayList<>();
    for (LocalityEndpoints locality : assignment.localities()) {
      List<Host> hosts = new ArrayList<>(locality.endpoints().size());
      for (EndpointAssignment.Endpoint endpoint : locality.endpoints()) {
        Host.Placement placement =
            new Host.Placement(
                locality.priority(), locality.locality(), endpoint.weight(), endpoint.health());
        for (SocketAddress address : resolved.addresses(endpoint)) {
          if (kept.containsKey(address)) {
            continue;
          }
          Host host = known.get(address);
          if (host == null || !host.hostname().equals(endpoint.hostname())) {
            host = new Host(address, endpoint.hostname(), placement);
            host.healthySince(ticker.nanos());
            if (checked && !endpoint.check().disabled()) {
              host.failChecks(true);
              if (balancing.health().ignoresUnchecked()) {
                host.waitForCheck();
              }
            }
          } else if (!host.placement().equals(placement)) {
            host.place(placement);
          }
          host.transportMetadata(endpoint.transportMetadata());
          host.lbMetadata(endpoint.lbMetadata());
          host.tunnelMetadata(endpoint.tunnelMetadata());
          host.checkTarget(endpoint.check());
          kept.put(address, host);
          hosts.add(host);
        }
      }
      if (!hosts.isEmpty()) {
        next.add(
            new PriorityTable.Group(
                locality.locality(), locality.priority(), locality.weight(), hosts));
      }
    }
    groups = next;
    overprovisioningPercent = assignment.overprovisioningPercent();
    rebuild(List.copyOf(kept.values()));
    for (Host host : known.values()) {
      if (kept.get(host.address()) != host) {
        host.remove();
      }
    }
    changed.run();
  }

  /** New hosts are unhealthy until they pass a check; the listener hears of changes. */
  synchronized void checkWith(Runnable listener) {
    checked = true;
    changed = listener;
  }

  /** Looks at the health of the hosts again. */
  synchronized void refresh() {
    rebuild(view.hosts());
  }

  /** Takes every host away. */
  synchronized void close() {
    List<Host> last = view.hosts();
    groups = List.of();
    view = View.EMPTY;
    last.forEach(Host::remove);
  }

  private void rebuild(List<Host> hosts) {
    PriorityTable.Making making =
        new PriorityTable.Making(balancing, policy, overprovisioningPercent, stats, ticker);
    Map<SocketAddress, Host> byAddress = new HashMap<>();
    if (!balancing.guidance().wanted().isEmpty()) {
      hosts.forEach(host -> byAddress.put(host.address(), host));
    }
    view = new View(hosts, PriorityTable.of(groups, making), byAddress);
  }

  @Override
  public @Nullable Host choose(LbContext context) {
    View present = view;
    List<HostSource> wanted = balancing.guidance().wanted();
    if (!wanted.isEmpty()) {
      Host named = WantedHosts.choose(context, wanted, present.byAddress());
      if (named != null) {
        return named;
      }
    }
    return present.table().choose(context, panicked);
  }

  @Override
  public @Nullable Host peek(LbContext context, int ahead) {
    return view.table().peek(context, ahead);
  }
}
