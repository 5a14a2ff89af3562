package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a route sends a request. */
public sealed interface ClusterSpecifier {
  /** One cluster for every request. */
  record Single(String cluster) implements ClusterSpecifier {}

  /** The cluster named by a request header; a request without it finds no cluster. */
  record FromHeader(HeaderName header) implements ClusterSpecifier {
    /** The name in the request; null when the header is absent or empty. Allocates. */
    public @Nullable String cluster(HeaderBlock headers) {
      String name = headers.get(header);
      return name == null || name.isEmpty() ? null : name;
    }
  }

  /**
   * Shares of several clusters.
   *
   * @param shares at least one, their weights at least 1 together
   * @param randomHeader a header whose decimal value is used instead of the stream's random bits
   */
  record Weighted(List<Share> shares, Optional<HeaderName> randomHeader)
      implements ClusterSpecifier {
    public Weighted {
      shares = List.copyOf(shares);
      if (shares.isEmpty() || shares.stream().mapToLong(Share::weight).sum() < 1) {
        throw new IllegalArgumentException(
            "weights: " + shares + " (expected: a sum of 1 or more)");
      }
    }

    /** The share for a request. */
    public Share choose(long random, HeaderBlock headers) {
      long total = 0;
      for (int i = 0; i < shares.size(); i++) {
        total += shares.get(i).weight;
      }
      long bits = randomHeader.isEmpty() ? random : headerValue(headers, random);
      long point = Long.remainderUnsigned(bits, total);
      for (int i = 0; i < shares.size() - 1; i++) {
        point -= shares.get(i).weight;
        if (point < 0) {
          return shares.get(i);
        }
      }
      return shares.getLast();
    }

    private long headerValue(HeaderBlock headers, long otherwise) {
      String value = headers.get(randomHeader.orElseThrow());
      if (value == null) {
        return otherwise;
      }
      try {
        return Long.parseUnsignedLong(value);
      } catch (NumberFormatException e) {
        return otherwise;
      }
    }
  }

  /**
   * One weighted cluster.
   *
   * @param cluster where it goes; never {@link Weighted}
   * @param weight 0 or more
   * @param hostRewrite text for the authority; empty for none
   * @param headers all mutations of a request that takes this share, those of the route, virtual
   *     host and table included
   * @param filterConfigs all per-filter configurations, likewise merged
   */
  record Share(
      ClusterSpecifier cluster,
      long weight,
      String hostRewrite,
      RouteHeaders headers,
      RouteFilterConfigs filterConfigs) {}
}
