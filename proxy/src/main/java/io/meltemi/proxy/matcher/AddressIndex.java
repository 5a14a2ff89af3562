package io.meltemi.proxy.matcher;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which rules of a numbered list ask for which IP ranges: a binary tree over the bits of addresses
 * for each family, without nodes where nothing branches or ends. One walk along an address meets
 * every range that holds it. Immutable; allocates nothing.
 */
public final class AddressIndex {
  /** Collects what the index is to hold. */
  public static final class Builder {
    private final Map<IpRange, List<Integer>> rules = new HashMap<>();

    /** The rule asks for the range; rules come in ascending order. */
    public void add(IpRange range, int rule) {
      List<Integer> of = rules.computeIfAbsent(range, _ -> new ArrayList<>(1));
      if (of.isEmpty() || of.getLast() != rule) {
        of.add(rule);
      }
    }

    public AddressIndex build() {
      return new AddressIndex(this);
    }
  }

  /** A prefix, its bits at the upper end of 128. */
  private static final class Node {
    private final long high;
    private final long low;
    private final int bits;
    private int @Nullable [] rules;
    private @Nullable Node zero;
    private @Nullable Node one;

    Node(long high, long low, int bits) {
      this.high = bits >= 64 ? high : bits == 0 ? 0 : high & -1L << (64 - bits);
      this.low = bits <= 64 ? 0 : low & -1L << (128 - bits);
      this.bits = bits;
    }
  }

  private @Nullable Node v4;
  private @Nullable Node v6;

  private AddressIndex(Builder builder) {
    builder.rules.forEach(
        (range, of) -> {
          int[] rules = of.stream().mapToInt(Integer::intValue).toArray();
          if (range.v4()) {
            v4 = insert(v4, range.low() << 32, 0, range.bits(), rules);
          } else {
            v6 = insert(v6, range.high(), range.low(), range.bits(), rules);
          }
        });
  }

  private static Node insert(@Nullable Node at, long high, long low, int bits, int[] rules) {
    if (at == null) {
      Node leaf = new Node(high, low, bits);
      leaf.rules = rules;
      return leaf;
    }
    int common = Math.min(commonBits(at, high, low), Math.min(at.bits, bits));
    if (common == at.bits) {
      if (bits == at.bits) {
        at.rules = rules;
      } else if (bit(high, low, common)) {
        at.one = insert(at.one, high, low, bits, rules);
      } else {
        at.zero = insert(at.zero, high, low, bits, rules);
      }
      return at;
    }
    Node fork = new Node(high, low, common);
    if (bit(at.high, at.low, common)) {
      fork.one = at;
    } else {
      fork.zero = at;
    }
    return insert(fork, high, low, bits, rules);
  }

  private static int commonBits(Node node, long high, long low) {
    long differing = node.high ^ high;
    return differing != 0
        ? Long.numberOfLeadingZeros(differing)
        : 64 + Long.numberOfLeadingZeros(node.low ^ low);
  }

  private static boolean bit(long high, long low, int at) {
    return at < 64 ? (high << at) < 0 : (low << (at - 64)) < 0;
  }

  /** Adds every rule that asks for a range which holds the address. */
  public void collect(IpNumber address, RuleCandidates out) {
    walk(address, out);
  }

  /** Whether any range holds the address. */
  public boolean holdsAny(IpNumber address) {
    return walk(address, null);
  }

  private boolean walk(IpNumber address, @Nullable RuleCandidates out) {
    long high = address.v4() ? address.low() << 32 : address.high();
    long low = address.v4() ? 0 : address.low();
    int bitsMax = address.v4() ? 32 : 128;
    Node node = address.v4() ? v4 : v6;
    while (node != null && commonBits(node, high, low) >= node.bits) {
      int[] rules = node.rules;
      if (rules != null) {
        if (out == null) {
          return true;
        }
        out.addAll(rules);
      }
      if (node.bits == bitsMax) {
        return false;
      }
      node = bit(high, low, node.bits) ? node.one : node.zero;
    }
    return false;
  }
}
