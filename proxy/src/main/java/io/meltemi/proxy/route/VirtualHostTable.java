package io.meltemi.proxy.route;

import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.ByteTable;
import io.meltemi.proxy.matcher.MatchTrace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds the virtual host of an authority: exact domain, then longest suffix ({@code *.x}), then
 * longest prefix ({@code x.*}), then {@code *}. Immutable.
 */
final class VirtualHostTable {
  /** No virtual host takes the authority. */
  static final int NONE = -1;

  private final List<VirtualHost> hosts;
  private final ByteTable exact;
  private final List<Wildcards> suffixes;
  private final List<Wildcards> prefixes;
  private final int fallback;

  /** Wildcard domains whose literal part has one length, to the number of their host. */
  private record Wildcards(int length, ByteTable hosts) {}

  /**
   * @param hosts their domains unlike each other, whatever their case
   */
  VirtualHostTable(List<VirtualHost> hosts) {
    this.hosts = hosts;
    Map<BytePattern, Integer> exactDomains = new HashMap<>();
    Map<Integer, Map<BytePattern, Integer>> suffixDomains =
        new TreeMap<>(Comparator.reverseOrder());
    Map<Integer, Map<BytePattern, Integer>> prefixDomains =
        new TreeMap<>(Comparator.reverseOrder());
    int any = NONE;
    for (int host = 0; host < hosts.size(); host++) {
      for (String domain : hosts.get(host).domains()) {
        if (domain.equals("*")) {
          any = host;
        } else if (domain.startsWith("*")) {
          addWildcard(suffixDomains, domain.substring(1), host);
        } else if (domain.endsWith("*")) {
          addWildcard(prefixDomains, domain.substring(0, domain.length() - 1), host);
        } else {
          exactDomains.put(BytePattern.of(domain, true), host);
        }
      }
    }
    this.exact = new ByteTable(exactDomains);
    this.suffixes = freeze(suffixDomains);
    this.prefixes = freeze(prefixDomains);
    this.fallback = any;
  }

  private static void addWildcard(
      Map<Integer, Map<BytePattern, Integer>> domains, String text, int host) {
    BytePattern pattern = BytePattern.of(text, true);
    domains.computeIfAbsent(pattern.length(), _ -> new HashMap<>()).put(pattern, host);
  }

  private static List<Wildcards> freeze(Map<Integer, Map<BytePattern, Integer>> domains) {
    List<Wildcards> tables = new ArrayList<>();
    domains.forEach((length, known) -> tables.add(new Wildcards(length, new ByteTable(known))));
    return List.copyOf(tables);
  }

  /** The place of the virtual host in the list given, or {@link #NONE}. */
  int find(byte[] array, int start, int length, MatchTrace trace) {
    int found = exact.get(array, start, length);
    if (found >= 0) {
      return traced(found, "exact domain", trace);
    }
    for (int i = 0; i < suffixes.size(); i++) {
      Wildcards wildcards = suffixes.get(i);
      if (wildcards.length < length) {
        found = wildcards.hosts.get(array, start + length - wildcards.length, wildcards.length);
        if (found >= 0) {
          return traced(found, "longest suffix", trace);
        }
      }
    }
    for (int i = 0; i < prefixes.size(); i++) {
      Wildcards wildcards = prefixes.get(i);
      if (wildcards.length < length) {
        found = wildcards.hosts.get(array, start, wildcards.length);
        if (found >= 0) {
          return traced(found, "longest prefix", trace);
        }
      }
    }
    return fallback < 0 ? NONE : traced(fallback, "domain *", trace);
  }

  private int traced(int found, String how, MatchTrace trace) {
    if (trace.isRecording()) {
      trace.matched("virtual_host " + hosts.get(found).name(), how);
    }
    return found;
  }
}
