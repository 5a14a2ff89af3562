package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.AddressIndex;
import io.meltemi.proxy.matcher.StringMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes conditions that answer the same faster. */
final class Compiler {
  /** From so many alternatives about one subject on they become a set. */
  private static final int SET_MIN = 4;

  /** From so many alternatives of different kinds on they get an index. */
  private static final int INDEX_MIN = 16;

  private Compiler() {}

  /**
   * The same condition without needless parts: constants are worked out, nested parts of one kind
   * joined, equal ones dropped, and several negations in a row made one.
   */
  static Condition simplify(Condition condition) {
    return switch (condition) {
      case Condition.All(List<Condition> parts) -> all(parts);
      case Condition.Any(List<Condition> parts) -> any(parts);
      case Condition.Not(Condition part) -> not(simplify(part));
      case Condition.Constant _,
          Condition.Text _,
          Condition.Header _,
          Condition.Authenticated _,
          Condition.InRange _,
          Condition.Port _,
          Condition.Value _,
          Condition.Expression _,
          Condition.AnyIndexed _,
          Condition.InRanges _,
          Condition.Ports _ ->
          condition;
    };
  }

  private static Condition not(Condition simple) {
    return switch (simple) {
      case Condition.Not(Condition twice) -> twice;
      case Condition.Constant(boolean value) -> new Condition.Constant(!value);
      case Condition other -> new Condition.Not(other);
    };
  }

  private static Condition all(List<Condition> parts) {
    Set<Condition> needed = new LinkedHashSet<>();
    List<Condition> negated = new ArrayList<>();
    for (Condition part : parts) {
      Condition simple = simplify(part);
      List<Condition> flat =
          simple instanceof Condition.All(List<Condition> inner) ? inner : List.of(simple);
      for (Condition one : flat) {
        if (one instanceof Condition.Not(Condition inner)) {
          negated.add(inner);
        } else if (one instanceof Condition.Constant(boolean value)) {
          if (!value) {
            return one;
          }
        } else {
          needed.add(one);
        }
      }
    }
    if (!negated.isEmpty()) {
      Condition none = not(any(negated));
      if (none instanceof Condition.Constant(boolean value)) {
        if (!value) {
          return none;
        }
      } else {
        needed.add(none);
      }
    }
    return switch (needed.size()) {
      case 0 -> new Condition.Constant(true);
      case 1 -> needed.iterator().next();
      default -> new Condition.All(List.copyOf(needed));
    };
  }

  private static Condition any(List<Condition> parts) {
    Set<Condition> useful = new LinkedHashSet<>();
    for (Condition part : parts) {
      Condition simple = simplify(part);
      if (simple instanceof Condition.Constant(boolean value)) {
        if (value) {
          return simple;
        }
      } else if (simple instanceof Condition.Any(List<Condition> inner)) {
        useful.addAll(inner);
      } else {
        useful.add(simple);
      }
    }
    return switch (useful.size()) {
      case 0 -> new Condition.Constant(false);
      case 1 -> useful.iterator().next();
      default -> new Condition.Any(List.copyOf(useful));
    };
  }

  /**
   * The same condition with its many alternatives in sets and indexes.
   *
   * @param simple as {@link #simplify} makes it
   */
  static Condition compile(Condition simple) {
    return switch (simple) {
      case Condition.All(List<Condition> parts) ->
          new Condition.All(parts.stream().map(Compiler::compile).toList());
      case Condition.Any(List<Condition> parts) -> alternatives(parts);
      case Condition.Not(Condition part) -> new Condition.Not(compile(part));
      case Condition.Constant _,
          Condition.Text _,
          Condition.Header _,
          Condition.Authenticated _,
          Condition.InRange _,
          Condition.Port _,
          Condition.Value _,
          Condition.Expression _,
          Condition.AnyIndexed _,
          Condition.InRanges _,
          Condition.Ports _ ->
          simple;
    };
  }

  private static Condition alternatives(List<Condition> parts) {
    Map<Subject, List<StringMatcher>> texts = new LinkedHashMap<>();
    Map<Condition.Address, List<Condition.InRange>> ranges = new LinkedHashMap<>();
    List<Condition.Port> ports = new ArrayList<>();
    List<Condition> others = new ArrayList<>();
    for (Condition part : parts) {
      switch (part) {
        case Condition.Text(Subject subject, TextTest.One(StringMatcher matcher)) ->
            texts.computeIfAbsent(subject, _ -> new ArrayList<>()).add(matcher);
        case Condition.InRange range ->
            ranges.computeIfAbsent(range.address(), _ -> new ArrayList<>()).add(range);
        case Condition.Port port -> ports.add(port);
        case Condition other -> others.add(other);
      }
    }
    List<Condition> compiled = new ArrayList<>();
    texts.forEach((subject, matchers) -> compiled.addAll(texts(subject, matchers)));
    ranges.forEach((address, of) -> compiled.addAll(ranges(address, of)));
    if (ports.size() < SET_MIN) {
      compiled.addAll(ports);
    } else {
      compiled.add(new Condition.Ports(new PortSet(ports)));
    }
    List<Condition> compiledOthers = others.stream().map(Compiler::compile).toList();
    if (others.size() < INDEX_MIN) {
      compiled.addAll(compiledOthers);
    } else {
      compiled.add(new Condition.AnyIndexed(new ConditionIndex(others), compiledOthers));
    }
    return compiled.size() == 1 ? compiled.getFirst() : new Condition.Any(compiled);
  }

  private static List<Condition> texts(Subject subject, List<StringMatcher> matchers) {
    if (matchers.size() < SET_MIN) {
      return matchers.stream()
          .<Condition>map(matcher -> new Condition.Text(subject, new TextTest.One(matcher)))
          .toList();
    }
    return List.of(new Condition.Text(subject, TextTest.Many.of(matchers)));
  }

  private static List<Condition> ranges(Condition.Address address, List<Condition.InRange> ranges) {
    if (ranges.size() < SET_MIN) {
      return List.copyOf(ranges);
    }
    AddressIndex.Builder index = new AddressIndex.Builder();
    ranges.forEach(range -> index.add(range.range(), 0));
    return List.of(new Condition.InRanges(address, index.build(), ranges.size()));
  }
}
