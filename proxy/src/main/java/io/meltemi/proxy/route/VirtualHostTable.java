package io.meltemi.proxy.route;

import io.meltemi.proxy.matcher.MatchTrace;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the virtual host of an authority: exact domain, then longest suffix ({@code *.x}), then
 * longest prefix ({@code x.*}), then {@code *}. Immutable.
 */
final class VirtualHostTable {
  private final HostTable exact;
  private final List<Wildcards> suffixes;
  private final List<Wildcards> prefixes;
  private final @Nullable VirtualHost fallback;

  /** Wildcard domains whose literal part has one length. */
  private record Wildcards(int length, HostTable hosts) {}

  /**
   * @param hosts their domains unlike each other, whatever their case
   */
  VirtualHostTable(List<VirtualHost> hosts) {
    Map<String, VirtualHost> exactDomains = new HashMap<>();
    Map<Integer, Map<String, VirtualHost>> suffixDomains = new TreeMap<>(Comparator.reverseOrder());
    Map<Integer, Map<String, VirtualHost>> prefixDomains = new TreeMap<>(Comparator.reverseOrder());
    VirtualHost any = null;
    for (VirtualHost host : hosts) {
      for (String domain : host.domains()) {
        String lower = domain.toLowerCase(Locale.ROOT);
        if (lower.equals("*")) {
          any = host;
        } else if (lower.startsWith("*")) {
          addWildcard(suffixDomains, lower.substring(1), host);
        } else if (lower.endsWith("*")) {
          addWildcard(prefixDomains, lower.substring(0, lower.length() - 1), host);
        } else {
          exactDomains.put(lower, host);
        }
      }
    }
    this.exact = new HostTable(exactDomains);
    this.suffixes = freeze(suffixDomains);
    this.prefixes = freeze(prefixDomains);
    this.fallback = any;
  }

  private static void addWildcard(
      Map<Integer, Map<String, VirtualHost>> domains, String text, VirtualHost host) {
    int length = text.getBytes(StandardCharsets.UTF_8).length;
    domains.computeIfAbsent(length, _ -> new HashMap<>()).put(text, host);
  }

  private static List<Wildcards> freeze(Map<Integer, Map<String, VirtualHost>> domains) {
    List<Wildcards> tables = new ArrayList<>();
    domains.forEach((length, hosts) -> tables.add(new Wildcards(length, new HostTable(hosts))));
    return List.copyOf(tables);
  }

  @Nullable VirtualHost find(byte[] array, int start, int length, MatchTrace trace) {
    VirtualHost found = exact.get(array, start, length);
    if (found != null) {
      return traced(found, "exact domain", trace);
    }
    for (int i = 0; i < suffixes.size(); i++) {
      Wildcards wildcards = suffixes.get(i);
      if (wildcards.length < length) {
        found = wildcards.hosts.get(array, start + length - wildcards.length, wildcards.length);
        if (found != null) {
          return traced(found, "longest suffix", trace);
        }
      }
    }
    for (int i = 0; i < prefixes.size(); i++) {
      Wildcards wildcards = prefixes.get(i);
      if (wildcards.length < length) {
        found = wildcards.hosts.get(array, start, wildcards.length);
        if (found != null) {
          return traced(found, "longest prefix", trace);
        }
      }
    }
    return fallback == null ? null : traced(fallback, "domain *", trace);
  }

  private static VirtualHost traced(VirtualHost found, String how, MatchTrace trace) {
    if (trace.isRecording()) {
      trace.matched("virtual_host " + found.name(), how);
    }
    return found;
  }
}
