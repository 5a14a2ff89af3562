package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.AddressIndex;
import io.meltemi.proxy.matcher.IpNumber;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.RuleCandidates;
import io.meltemi.proxy.matcher.TextIndex;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which of many conditions a request can satisfy. Each condition is filed under keys of which a
 * request must hold at least one for it; of the choices that a condition leaves, the keys are taken
 * that fewest conditions share. What cannot be filed is always a candidate. Immutable; collecting
 * allocates nothing.
 */
final class ConditionIndex {
  /** A property that a request has or not, found by one look-up. */
  private sealed interface Key {
    record Text(Subject subject, TextIndex.Literal literal) implements Key {}

    record Range(Condition.Address address, IpRange range) implements Key {}

    record Port(int port) implements Key {}
  }

  /** Wider port ranges are not filed port by port. */
  private static final int PORTS_MAX = 16;

  /** Literal beginnings and ends that are shorter tell little. */
  private static final int TELLING_BYTES_MIN = 2;

  private record Texts(Subject subject, TextIndex index) {}

  private record Ranges(Condition.Address address, AddressIndex index) {}

  private final List<Texts> texts;
  private final List<Ranges> ranges;
  private final int[] ports;
  private final int[][] rulesOfPorts;
  private final int[] unfiled;

  ConditionIndex(List<Condition> conditions) {
    Map<Key, Integer> uses = new HashMap<>();
    for (Condition condition : conditions) {
      Set<Key> all = new LinkedHashSet<>();
      gather(condition, all);
      all.forEach(key -> uses.merge(key, 1, Integer::sum));
    }
    Map<Subject, TextIndex.Builder> textBuilders = new LinkedHashMap<>();
    Map<Condition.Address, AddressIndex.Builder> rangeBuilders =
        new EnumMap<>(Condition.Address.class);
    TreeMap<Integer, List<Integer>> byPort = new TreeMap<>();
    List<Integer> always = new ArrayList<>();
    for (int i = 0; i < conditions.size(); i++) {
      Choice choice = choose(conditions.get(i), uses, conditions.size());
      if (choice == null) {
        always.add(i);
        continue;
      }
      for (Key key : choice.keys) {
        switch (key) {
          case Key.Text(Subject subject, TextIndex.Literal literal) ->
              textBuilders.computeIfAbsent(subject, _ -> new TextIndex.Builder()).add(literal, i);
          case Key.Range(Condition.Address address, IpRange range) ->
              rangeBuilders.computeIfAbsent(address, _ -> new AddressIndex.Builder()).add(range, i);
          case Key.Port(int port) -> byPort.computeIfAbsent(port, _ -> new ArrayList<>()).add(i);
        }
      }
    }
    this.texts = new ArrayList<>();
    textBuilders.forEach((subject, builder) -> texts.add(new Texts(subject, builder.build())));
    this.ranges = new ArrayList<>();
    rangeBuilders.forEach((address, builder) -> ranges.add(new Ranges(address, builder.build())));
    this.ports = ints(List.copyOf(byPort.keySet()));
    this.rulesOfPorts = byPort.values().stream().map(ConditionIndex::ints).toArray(int[][]::new);
    this.unfiled = ints(always);
  }

  private static int[] ints(List<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Keys of which every request that satisfies a condition holds one.
   *
   * @param shared how many conditions share the key that most share
   */
  private record Choice(Set<Key> keys, int shared) {
    static final Choice NEVER = new Choice(Set.of(), 0);

    boolean isBetterThan(@Nullable Choice other) {
      return other == null
          || shared < other.shared
          || (shared == other.shared && keys.size() < other.keys.size());
    }
  }

  private static @Nullable Choice choose(Condition condition, Map<Key, Integer> uses, int total) {
    return switch (condition) {
      case Condition.All(List<Condition> parts) -> {
        Choice best = null;
        for (Condition part : parts) {
          Choice choice = choose(part, uses, total);
          if (choice != null && choice.isBetterThan(best)) {
            best = choice;
          }
        }
        yield best;
      }
      case Condition.Any(List<Condition> parts) -> {
        Set<Key> keys = new LinkedHashSet<>();
        int shared = 0;
        for (Condition part : parts) {
          Choice choice = choose(part, uses, total);
          if (choice == null) {
            yield null;
          }
          keys.addAll(choice.keys);
          shared = Math.max(shared, choice.shared);
        }
        yield new Choice(keys, shared);
      }
      case Condition.Constant(boolean value) -> value ? null : Choice.NEVER;
      case Condition.Text _, Condition.InRange _, Condition.Port _ -> {
        Set<Key> keys = new LinkedHashSet<>();
        gather(condition, keys);
        int shared = 0;
        for (Key key : keys) {
          shared = Math.max(shared, isTelling(key) ? uses.getOrDefault(key, 0) : total);
        }
        yield keys.isEmpty() ? null : new Choice(keys, shared);
      }
      case Condition.Not _,
          Condition.Header _,
          Condition.Authenticated _,
          Condition.Value _,
          Condition.Expression _,
          Condition.AnyIndexed _,
          Condition.InRanges _,
          Condition.Ports _ ->
          null;
    };
  }

  private static boolean isTelling(Key key) {
    return !(key instanceof Key.Text(Subject _, TextIndex.Literal literal))
        || literal.form() == TextIndex.Form.EXACT
        || literal.pattern().length() >= TELLING_BYTES_MIN;
  }

  /** The keys of all atoms under which conditions may be filed. */
  private static void gather(Condition condition, Set<Key> out) {
    switch (condition) {
      case Condition.All(List<Condition> parts) -> parts.forEach(part -> gather(part, out));
      case Condition.Any(List<Condition> parts) -> parts.forEach(part -> gather(part, out));
      case Condition.Text(Subject subject, TextTest.One(var matcher)) -> {
        TextIndex.Literal literal = TextIndex.Literal.of(matcher);
        if (literal != null) {
          out.add(new Key.Text(subject, literal));
        }
      }
      case Condition.InRange(Condition.Address address, IpRange range) ->
          out.add(new Key.Range(address, range));
      case Condition.Port(int from, int to) -> {
        for (int port = from; port < to && to - from <= PORTS_MAX; port++) {
          out.add(new Key.Port(port));
        }
      }
      case Condition.Text _,
          Condition.Constant _,
          Condition.Not _,
          Condition.Header _,
          Condition.Authenticated _,
          Condition.Value _,
          Condition.Expression _,
          Condition.AnyIndexed _,
          Condition.InRanges _,
          Condition.Ports _ -> {
        // not found by one look-up
      }
    }
  }

  /** Adds every condition that the request can satisfy. */
  void collect(AccessRequest request, RuleCandidates out) {
    for (int rule : unfiled) {
      out.add(rule);
    }
    for (int i = 0; i < texts.size(); i++) {
      Texts by = texts.get(i);
      request.collect(by.subject, by.index, out);
    }
    for (int i = 0; i < ranges.size(); i++) {
      Ranges by = ranges.get(i);
      IpNumber number = by.address.of(request);
      if (number != null) {
        by.index.collect(number, out);
      }
    }
    if (ports.length > 0) {
      int at = java.util.Arrays.binarySearch(ports, request.connection().localPort());
      if (at >= 0) {
        for (int rule : rulesOfPorts[at]) {
          out.add(rule);
        }
      }
    }
  }
}
