package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import io.meltemi.proxy.cluster.EndpointAssignment.LocalityEndpoints;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster and the choice among them: priority by health, locality by weight, then
 * the policy. Choosing is one volatile read and works on any event loop; configuration threads swap
 * the whole. See Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority">priority
 * levels</a>, <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold">panic
 * threshold</a> and <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/locality_weight">locality
 * weights</a>.
 */
final class ClusterHosts implements LoadBalancer {
  private final ClusterSettings.Balancing balancing;
  private final HostPickerFactory policy;
  private final LongAdder panics = new LongAdder();
  private List<Group> groups = List.of();
  private int overprovisioningPercent;
  private volatile View view = View.EMPTY;

  /** Hosts of one locality and priority. */
  record Group(Locality locality, int priority, int weight, List<Host> hosts) {}

  /**
   * What event loops see.
   *
   * @param levels by priority, those without hosts left out
   * @param loads percent of requests per level, summing to 100 when there is any level
   */
  private record View(List<Host> hosts, List<Level> levels, List<Integer> loads) {
    static final View EMPTY = new View(List.of(), List.of(), List.of());
  }

  /**
   * @param all picks among all hosts, for panic
   * @param localities pick among usable hosts; empty when there are none
   * @param shares cumulative weights of the localities
   */
  private record Level(
      boolean panic, HostPicker all, List<HostPicker> localities, List<Long> shares) {}

  ClusterHosts(ClusterSettings.Balancing balancing, HostPickerFactory policy) {
    this.balancing = balancing;
    this.policy = policy;
    this.overprovisioningPercent = balancing.overprovisioningPercent();
  }

  /** All hosts, in the order configured. */
  List<Host> all() {
    return view.hosts();
  }

  /** How often a choice ignored health because too few hosts were healthy. */
  long panics() {
    return panics.sum();
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
    List<Group> next = new ArrayList<>();
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
          } else if (!host.placement().equals(placement)) {
            host.place(placement);
          }
          host.transportMetadata(endpoint.transportMetadata());
          kept.put(address, host);
          hosts.add(host);
        }
      }
      if (!hosts.isEmpty()) {
        next.add(new Group(locality.locality(), locality.priority(), locality.weight(), hosts));
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
    TreeMap<Integer, List<Group>> byPriority = new TreeMap<>();
    for (Group group : groups) {
      byPriority.computeIfAbsent(group.priority(), _ -> new ArrayList<>()).add(group);
    }
    List<List<Group>> priorities = new ArrayList<>(byPriority.values());
    int[] available = new int[priorities.size()];
    int total = 0;
    for (int i = 0; i < available.length; i++) {
      available[i] = availability(priorities.get(i));
      total += available[i];
    }
    List<Level> levels = new ArrayList<>();
    List<Integer> loads = new ArrayList<>();
    int left = 100;
    for (int i = 0; i < available.length; i++) {
      boolean panic = total < 100 && healthyPercent(priorities.get(i)) < balancing.panicPercent();
      levels.add(level(priorities.get(i), panic));
      int load;
      if (total == 0) {
        load = i == 0 ? 100 : 0;
      } else if (i == available.length - 1) {
        load = left;
      } else {
        load = Math.min(left, total >= 100 ? available[i] : available[i] * 100 / total);
      }
      left -= load;
      loads.add(load);
    }
    if (left > 0 && total >= 100) {
      throw new IllegalStateException("loads leave " + left + " percent");
    }
    view = new View(hosts, levels, loads);
  }

  private int availability(List<Group> groups) {
    int all = 0;
    int usable = 0;
    for (Group group : groups) {
      all += group.hosts().size();
      usable += usable(group.hosts()).size();
    }
    return (int) Math.min(100, (long) overprovisioningPercent * usable / all);
  }

  private static double healthyPercent(List<Group> groups) {
    int all = 0;
    int usable = 0;
    for (Group group : groups) {
      all += group.hosts().size();
      usable += usable(group.hosts()).size();
    }
    return usable * 100.0 / all;
  }

  private static List<Host> usable(List<Host> hosts) {
    for (Host host : hosts) {
      if (!host.usable()) {
        return hosts.stream().filter(Host::usable).toList();
      }
    }
    return hosts;
  }

  private Level level(List<Group> groups, boolean panic) {
    List<Host> all = new ArrayList<>();
    groups.forEach(group -> all.addAll(group.hosts()));
    HostPicker everyone = policy.make(all, balancing);
    List<HostPicker> pickers = new ArrayList<>();
    List<Long> shares = new ArrayList<>();
    boolean weighted =
        balancing.localityWeighted() && groups.stream().anyMatch(group -> group.weight() > 0);
    if (weighted) {
      long sum = 0;
      for (Group group : groups) {
        List<Host> usable = usable(group.hosts());
        if (!usable.isEmpty() && group.weight() > 0) {
          long health =
              Math.min(100, (long) overprovisioningPercent * usable.size() / group.hosts().size());
          sum += Math.max(1, group.weight() * health);
          pickers.add(policy.make(usable, balancing));
          shares.add(sum);
        }
      }
    } else {
      List<Host> usable = usable(all);
      if (!usable.isEmpty()) {
        pickers.add(usable.size() == all.size() ? everyone : policy.make(usable, balancing));
        shares.add(1L);
      }
    }
    return new Level(panic, everyone, pickers, shares);
  }

  @Override
  public @Nullable Host choose(LbContext context) {
    View now = view;
    List<Level> levels = now.levels();
    if (levels.isEmpty()) {
      return null;
    }
    Level level = levels.size() == 1 ? levels.get(0) : level(now, context);
    HostPicker picker;
    if (level.panic()) {
      panics.increment();
      picker = level.all();
    } else if (level.localities().isEmpty()) {
      return null;
    } else if (level.localities().size() == 1) {
      picker = level.localities().get(0);
    } else {
      picker = locality(level, context);
    }
    Host host = picker.pick(context);
    for (int i = 1; i < context.hostSelectionAttemptsMax() && context.rejects(host); i++) {
      host = picker.pick(context);
    }
    return host;
  }

  private static Level level(View view, LbContext context) {
    int point = (int) Long.remainderUnsigned(context.random(), 100);
    int last = view.levels().size() - 1;
    for (int i = 0; i < last; i++) {
      point -= view.loads().get(i);
      if (point < 0) {
        return view.levels().get(i);
      }
    }
    return view.levels().get(last);
  }

  private static HostPicker locality(Level level, LbContext context) {
    List<Long> shares = level.shares();
    int last = shares.size() - 1;
    long point = Long.remainderUnsigned(context.random(), shares.get(last));
    for (int i = 0; i < last; i++) {
      if (point < shares.get(i)) {
        return level.localities().get(i);
      }
    }
    return level.localities().get(last);
  }
}
