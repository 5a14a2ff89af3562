package io.meltemi.controlplane.registry;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Istio's rules for host names and wildcards ({@code *} and {@code *.example.com}). Names are lower
 * case throughout.
 */
public final class HostNames {
  private HostNames() {}

  /**
   * A short name completed with the namespace and domain of the rule it stands in; names with a
   * dot, wildcards and addresses stay as they are.
   *
   * @param domain such as {@code cluster.local}
   */
  public static String complete(String host, String namespace, String domain) {
    if (host.isEmpty() || host.equals("*") || host.indexOf('.') >= 0 || host.indexOf(':') >= 0) {
      return host;
    }
    StringBuilder name = new StringBuilder(host);
    if (!namespace.isEmpty()) {
      name.append('.').append(namespace);
    }
    if (!domain.isEmpty()) {
      name.append(".svc.").append(domain);
    }
    return name.toString();
  }

  public static boolean isWildcard(String host) {
    return host.startsWith("*");
  }

  /** True when some name is covered by both. */
  public static boolean overlap(String first, String second) {
    if (isWildcard(first)) {
      if (isWildcard(second)) {
        return first.length() < second.length()
            ? second.endsWith(first.substring(1))
            : first.endsWith(second.substring(1));
      }
      return second.endsWith(first.substring(1));
    }
    return isWildcard(second) ? first.endsWith(second.substring(1)) : first.equals(second);
  }

  /** True when every name that the first covers is covered by the second too. */
  public static boolean isSubsetOf(String first, String second) {
    if (!isWildcard(second)) {
      return first.equals(second);
    }
    return first.endsWith(second.substring(1));
  }

  /**
   * The candidate that says most about a host: itself, else the longest wildcard that covers it.
   *
   * @param host may be a wildcard; then only candidates that cover all of it count
   */
  public static Optional<String> mostSpecific(String host, Collection<String> candidates) {
    String best = "";
    for (String candidate : candidates) {
      if (candidate.equals(host)) {
        return Optional.of(candidate);
      }
      if (isWildcard(candidate)
          && isSubsetOf(host, candidate)
          && candidate.length() > best.length()) {
        best = candidate;
      }
    }
    return best.isEmpty() ? Optional.empty() : Optional.of(best);
  }

  /**
   * Every name that covers a host, the most specific first: itself, {@code *.example.com}, {@code
   * *.com}, {@code *}.
   */
  public static List<String> covering(String host) {
    List<String> names = new ArrayList<>();
    names.add(host);
    for (int dot = host.indexOf('.', isWildcard(host) ? 2 : 0);
        dot >= 0;
        dot = host.indexOf('.', dot + 1)) {
      names.add("*" + host.substring(dot));
    }
    if (!host.equals("*")) {
      names.add("*");
    }
    return names;
  }
}
