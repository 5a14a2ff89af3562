package io.meltemi.proxy.cluster;

import io.meltemi.common.net.Locality;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Hosts by priority and the choice among them: priority by health, locality by weight, then the
 * policy. Made anew when the health of a host changes. Immutable; any event loop. See Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold">panic
 * threshold</a> and <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/locality_weight">locality
 * weights</a>.
 */
final class PriorityTable {
  static final PriorityTable EMPTY = new PriorityTable();
  private static final double UNIT = 0x1.0p-53;

  private final Level[] levels;
  private final int[] availability;
  private final PriorityLoads loads;
  private final boolean hashed;
  private final boolean failsInPanic;

  /** Whether every request goes to the healthy hosts of the first priority. */
  private final boolean simple;

  /** Hosts of one locality and priority. */
  record Group(Locality locality, int priority, int weight, List<Host> hosts) {}

  /** What pickers are made from. */
  record Making(
      ClusterSettings.Balancing balancing,
      HostPickerFactory policy,
      int overprovisioningPercent,
      StatScope stats,
      Ticker ticker) {}

  /** The hosts of a priority that are alike in health, by locality where those are weighted. */
  private static final class Tier {
    static final Tier EMPTY = new Tier(List.of(), List.of());
    private final HostPicker[] pickers;
    private final double[] cumulative;

    Tier(List<HostPicker> pickers, List<Double> weights) {
      this.pickers = pickers.toArray(new HostPicker[0]);
      this.cumulative = new double[weights.size()];
      double sum = 0;
      for (int i = 0; i < cumulative.length; i++) {
        sum += weights.get(i);
        cumulative[i] = sum;
      }
    }

    @Nullable HostPicker picker(LbContext context) {
      int last = pickers.length - 1;
      if (last <= 0) {
        return last < 0 ? null : pickers[0];
      }
      double point = (context.random() >>> 11) * UNIT * cumulative[last];
      int i = 0;
      while (i < last && point >= cumulative[i]) {
        i++;
      }
      return pickers[i];
    }
  }

  /**
   * @param all used in panic, else empty
   */
  private record Level(int priority, boolean panic, Tier all, Tier healthy, Tier degraded) {}

  private PriorityTable() {
    levels = new Level[0];
    availability = new int[0];
    loads = PriorityLoads.byAvailability(availability);
    hashed = false;
    failsInPanic = false;
    simple = false;
  }

  private PriorityTable(List<List<Group>> priorities, Making making) {
    hashed = making.policy().hashes();
    ClusterSettings.Panic panic = making.balancing().panic();
    failsInPanic = panic.failsTraffic();
    int count = priorities.size();
    availability = new int[count * 2];
    int[] hosts = new int[count];
    boolean[] panics = new boolean[count];
    for (int i = 0; i < count; i++) {
      Census census = Census.of(priorities.get(i));
      hosts[i] = census.all;
      availability[i * 2] = census.percent(census.healthy, making.overprovisioningPercent());
      availability[i * 2 + 1] = census.percent(census.degraded, making.overprovisioningPercent());
      panics[i] = census.healthyPercent() < panic.percent();
    }
    boolean total = PriorityLoads.total(availability) < 100;
    boolean everywhere = total;
    levels = new Level[count];
    for (int i = 0; i < count; i++) {
      boolean inPanic = total && panics[i];
      everywhere &= inPanic;
      levels[i] = level(priorities.get(i), inPanic, making);
    }
    loads = everywhere ? PriorityLoads.byHosts(hosts) : PriorityLoads.byAvailability(availability);
    simple = loads.load(0) == 100;
  }

  /** A table of the groups, in the order of their priorities. */
  static PriorityTable of(List<Group> groups, Making making) {
    if (groups.isEmpty()) {
      return EMPTY;
    }
    TreeMap<Integer, List<Group>> byPriority = new TreeMap<>();
    for (Group group : groups) {
      byPriority.computeIfAbsent(group.priority(), _ -> new ArrayList<>()).add(group);
    }
    return new PriorityTable(List.copyOf(byPriority.values()), making);
  }

  /** How many hosts of a priority are how healthy. */
  private record Census(int all, int healthy, int degraded) {
    static Census of(List<Group> groups) {
      int all = 0;
      int healthy = 0;
      int degraded = 0;
      for (Group group : groups) {
        for (Host host : group.hosts()) {
          all += host.isExcluded() ? 0 : 1;
          switch (host.health()) {
            case HEALTHY -> healthy++;
            case DEGRADED -> degraded++;
            case UNHEALTHY -> {}
          }
        }
      }
      return new Census(all, healthy, degraded);
    }

    int percent(int part, int overprovisioningPercent) {
      return all == 0 ? 0 : (int) Math.min(100, (long) overprovisioningPercent * part / all);
    }

    double healthyPercent() {
      return all == 0 ? 0 : (healthy + degraded) * 100.0 / all;
    }
  }

  private static Level level(List<Group> groups, boolean panic, Making making) {
    int priority = groups.getFirst().priority();
    if (panic) {
      Tier all = tier(groups, null, making);
      return new Level(priority, true, all, Tier.EMPTY, Tier.EMPTY);
    }
    return new Level(
        priority,
        false,
        Tier.EMPTY,
        tier(groups, HostHealth.HEALTHY, making),
        making.policy().hashes() ? Tier.EMPTY : tier(groups, HostHealth.DEGRADED, making));
  }

  /**
   * @param health of the hosts wanted; null for all of them
   */
  private static Tier tier(List<Group> groups, @Nullable HostHealth health, Making making) {
    boolean weighted =
        making.balancing().localityWeighted()
            && groups.stream().anyMatch(group -> group.weight() > 0);
    if (making.policy().hashes()) {
      return hashed(groups, health, weighted, making);
    }
    if (!weighted || health == null) {
      List<Host> all = new ArrayList<>();
      groups.forEach(group -> all.addAll(select(group.hosts(), health)));
      return all.isEmpty()
          ? Tier.EMPTY
          : new Tier(List.of(picker(all, List.of(), making)), List.of(1.0));
    }
    List<HostPicker> pickers = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (Group group : groups) {
      List<Host> hosts = select(group.hosts(), health);
      if (!hosts.isEmpty() && group.weight() > 0) {
        double full =
            making.overprovisioningPercent() * hosts.size() / (100.0 * group.hosts().size());
        pickers.add(picker(hosts, List.of(), making));
        weights.add(group.weight() * Math.min(1, full));
      }
    }
    return new Tier(pickers, weights);
  }

  private static Tier hashed(
      List<Group> groups, @Nullable HostHealth health, boolean weighted, Making making) {
    double localities = weighted ? groups.stream().mapToDouble(Group::weight).sum() : 1;
    List<Host> hosts = new ArrayList<>();
    List<Double> shares = new ArrayList<>();
    for (List<Group> together :
        weighted ? groups.stream().map(List::of).toList() : List.of(groups)) {
      double share = weighted ? together.getFirst().weight() / localities : 1;
      List<Host> chosen = new ArrayList<>();
      together.forEach(group -> chosen.addAll(select(group.hosts(), health)));
      double sum = 0;
      for (Host host : chosen) {
        sum += host.placement().weight();
      }
      for (Host host : chosen) {
        if (share > 0) {
          hosts.add(host);
          shares.add(host.placement().weight() * share / sum);
        }
      }
    }
    return hosts.isEmpty()
        ? Tier.EMPTY
        : new Tier(List.of(picker(hosts, shares, making)), List.of(1.0));
  }

  private static HostPicker picker(List<Host> hosts, List<Double> shares, Making making) {
    return making
        .policy()
        .make(new HostGroup(hosts, shares, making.balancing(), making.stats(), making.ticker()));
  }

  private static List<Host> select(List<Host> hosts, @Nullable HostHealth health) {
    if (health == null) {
      return hosts;
    }
    for (Host host : hosts) {
      if (host.health() != health) {
        return hosts.stream().filter(each -> each.health() == health).toList();
      }
    }
    return hosts;
  }

  /**
   * A host; null when there is none that may be used.
   *
   * @param panicked told of a choice that ignores health
   */
  @Nullable Host choose(LbContext context, Runnable panicked) {
    if (levels.length == 0) {
      return null;
    }
    long bits = 0;
    if (hashed) {
      bits = context.hasHash() ? context.hash() : context.random();
    } else if (!simple) {
      bits = context.random();
    }
    int slot = simple ? 0 : loads.slot(bits);
    if (levels.length > 1 && context.avoidsPriorities()) {
      slot = avoiding(context).slot(simple && !hashed ? context.random() : bits);
    }
    Level level = levels[slot >> 1];
    Tier tier = (slot & 1) == 0 || hashed ? level.healthy() : level.degraded();
    if (level.panic()) {
      panicked.run();
      if (failsInPanic) {
        return null;
      }
      tier = level.all();
    }
    HostPicker picker = tier.picker(context);
    if (picker == null) {
      return null;
    }
    Host host = picker.pick(context, bits, 0);
    for (int i = 1; i < context.hostSelectionAttemptsMax() && context.rejects(host); i++) {
      host = picker.pick(context, bits, i);
    }
    return host;
  }

  /** One that {@link #choose} is likely to give soon; null when that is not known. */
  @Nullable Host peek(LbContext context, int ahead) {
    if (levels.length == 0 || !simple || hashed) {
      return null;
    }
    Level level = levels[0];
    HostPicker picker = (level.panic() ? level.all() : level.healthy()).picker(context);
    return picker == null ? null : picker.peek(ahead);
  }

  /** The loads without the priorities that a retry shall avoid, where others are left. */
  private PriorityLoads avoiding(LbContext context) {
    int[] left = availability.clone();
    for (int i = 0; i < levels.length; i++) {
      if (context.avoids(levels[i].priority())) {
        left[i * 2] = 0;
        left[i * 2 + 1] = 0;
      }
    }
    if (PriorityLoads.total(left) > 0) {
      return PriorityLoads.byAvailability(left);
    }
    context.avoidNoPriority();
    return loads;
  }
}
