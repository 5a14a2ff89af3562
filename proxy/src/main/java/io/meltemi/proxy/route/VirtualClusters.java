package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import java.util.List;

/**
 * Parts of a virtual host's requests that have numbers of their own. Immutable.
 *
 * @param entries the first that matches counts
 * @param others where requests that none matches are counted, {@code vhost.<host>.vcluster.other.}
 */
public record VirtualClusters(List<Entry> entries, String others) {
  public static final VirtualClusters NONE = new VirtualClusters(List.of(), "");

  /**
   * @param scope {@code vhost.<host>.vcluster.<name>.}
   * @param matchers all of which must match
   */
  public record Entry(String scope, List<HeaderMatcher> matchers) {
    public Entry {
      matchers = List.copyOf(matchers);
    }
  }

  public VirtualClusters {
    entries = List.copyOf(entries);
  }

  /** Where the request is counted; empty for nowhere. Allocates nothing on its own. */
  public String scope(HeaderBlock headers) {
    for (int i = 0; i < entries.size(); i++) {
      if (matches(entries.get(i).matchers, headers)) {
        return entries.get(i).scope;
      }
    }
    return others;
  }

  private static boolean matches(List<HeaderMatcher> matchers, HeaderBlock headers) {
    for (int i = 0; i < matchers.size(); i++) {
      if (!matchers.get(i).matches(headers, MatchTrace.NONE)) {
        return false;
      }
    }
    return true;
  }
}
