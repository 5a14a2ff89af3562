package io.meltemi.proxy.matcher;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tree of questions with actions at its leaves (Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/matching/matching_api">unified
 * matcher</a>). What a branch that applies leaves without an action is looked for in the next one.
 * Immutable.
 *
 * @param <D> what is asked about
 * @param <A> what a leaf holds
 */
public final class MatchTree<D, A> {
  /** A question that holds or not. */
  public interface Test<D> {
    boolean holds(D data, MatchTrace trace);
  }

  /** A text of what is asked about. */
  public interface Text<D> {
    /** Null when there is none. */
    @Nullable String of(D data);
  }

  /** An address of what is asked about. */
  public interface Address<D> {
    /** Null when there is none. */
    @Nullable InetAddress of(D data);
  }

  /** What follows when a branch applies. */
  sealed interface Outcome<D, A> {
    record Leaf<D, A>(A action) implements Outcome<D, A> {}

    record Nested<D, A>(MatchTree<D, A> tree) implements Outcome<D, A> {}

    record Nothing<D, A>() implements Outcome<D, A> {}
  }

  /** How the branch is chosen. */
  sealed interface Branches<D, A> {
    /** The first that holds and leads to an action. */
    record Listed<D, A>(List<Branch<D, A>> branches) implements Branches<D, A> {
      public Listed {
        branches = List.copyOf(branches);
      }
    }

    /** The one that a text names. */
    record Exact<D, A>(Text<D> text, Map<String, Outcome<D, A>> byText) implements Branches<D, A> {
      public Exact {
        byText = Map.copyOf(byText);
      }
    }

    /**
     * The most specific range that holds an address and leads to an action.
     *
     * @param bits the lengths of prefixes that occur, longest first
     */
    record Ranges<D, A>(Address<D> address, List<Integer> bits, Map<IpRange, Outcome<D, A>> byRange)
        implements Branches<D, A> {
      static <D, A> Ranges<D, A> of(Address<D> address, Map<IpRange, Outcome<D, A>> byRange) {
        List<Integer> bits =
            byRange.keySet().stream()
                .map(IpRange::bits)
                .distinct()
                .sorted(Comparator.reverseOrder())
                .toList();
        return new Ranges<>(address, bits, Map.copyOf(byRange));
      }
    }

    /** The one with the longest prefix of a text that leads to an action. */
    record Prefixes<D, A>(Text<D> text, List<Map.Entry<String, Outcome<D, A>>> longestFirst)
        implements Branches<D, A> {
      static <D, A> Prefixes<D, A> of(Text<D> text, Map<String, Outcome<D, A>> byPrefix) {
        List<Map.Entry<String, Outcome<D, A>>> entries = new ArrayList<>(byPrefix.entrySet());
        entries.sort(Comparator.comparingInt(entry -> -entry.getKey().length()));
        return new Prefixes<>(text, List.copyOf(entries));
      }
    }
  }

  record Branch<D, A>(Test<D> test, Outcome<D, A> outcome) {}

  private final Branches<D, A> branches;
  private final Outcome<D, A> otherwise;

  MatchTree(Branches<D, A> branches, Outcome<D, A> otherwise) {
    this.branches = branches;
    this.otherwise = otherwise;
  }

  /** The action that the questions lead to; null when they lead to none. */
  public @Nullable A match(D data, MatchTrace trace) {
    A found =
        switch (branches) {
          case Branches.Listed<D, A> listed -> listed(listed, data, trace);
          case Branches.Exact<D, A> exact -> exact(exact, data, trace);
          case Branches.Prefixes<D, A> prefixes -> prefixes(prefixes, data, trace);
          case Branches.Ranges<D, A> ranges -> ranges(ranges, data, trace);
        };
    if (found == null && !(otherwise instanceof Outcome.Nothing<D, A>)) {
      if (trace.isRecording()) {
        trace.matched("on no match", "");
      }
      return follow(otherwise, data, trace);
    }
    return found;
  }

  private static <D, A> @Nullable A listed(Branches.Listed<D, A> listed, D data, MatchTrace trace) {
    for (int i = 0; i < listed.branches().size(); i++) {
      Branch<D, A> branch = listed.branches().get(i);
      if (branch.test().holds(data, trace)) {
        A found = follow(branch.outcome(), data, trace);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private static <D, A> @Nullable A ranges(Branches.Ranges<D, A> ranges, D data, MatchTrace trace) {
    InetAddress address = ranges.address().of(data);
    if (address == null) {
      return null;
    }
    int bitsMax = address instanceof Inet4Address ? 32 : 128;
    for (int i = 0; i < ranges.bits().size(); i++) {
      int bits = ranges.bits().get(i);
      IpRange range = bits <= bitsMax ? IpRange.of(address, bits) : null;
      Outcome<D, A> outcome = range == null ? null : ranges.byRange().get(range);
      if (outcome != null) {
        if (trace.isRecording()) {
          trace.matched(address.getHostAddress(), String.valueOf(range));
        }
        A found = follow(outcome, data, trace);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private static <D, A> @Nullable A exact(Branches.Exact<D, A> exact, D data, MatchTrace trace) {
    String text = exact.text().of(data);
    Outcome<D, A> outcome = text == null ? null : exact.byText().get(text);
    if (trace.isRecording()) {
      trace.result(outcome != null, "map", String.valueOf(text));
    }
    return outcome == null ? null : follow(outcome, data, trace);
  }

  private static <D, A> @Nullable A prefixes(
      Branches.Prefixes<D, A> prefixes, D data, MatchTrace trace) {
    String text = prefixes.text().of(data);
    if (text == null) {
      return null;
    }
    for (int i = 0; i < prefixes.longestFirst().size(); i++) {
      Map.Entry<String, Outcome<D, A>> entry = prefixes.longestFirst().get(i);
      boolean begins = text.startsWith(entry.getKey());
      if (trace.isRecording()) {
        trace.result(begins, "prefix " + entry.getKey(), text);
      }
      A found = begins ? follow(entry.getValue(), data, trace) : null;
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static <D, A> @Nullable A follow(Outcome<D, A> outcome, D data, MatchTrace trace) {
    return switch (outcome) {
      case Outcome.Leaf<D, A>(A action) -> action;
      case Outcome.Nested<D, A>(MatchTree<D, A> tree) -> tree.match(data, trace);
      case Outcome.Nothing<D, A> _ -> null;
    };
  }
}
