package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Filter chains and what they match. */
final class FilterChains {
  /** What the HTTP inspector finds; Istio's pair. */
  private static final List<String> HTTP_PROTOCOLS = List.of("http/1.1", "h2c");

  /** What clients of the mesh offer when they send HTTP. */
  private static final List<String> MUTUAL_HTTP =
      List.of("istio-http/1.0", "istio-http/1.1", "istio-h2");

  /** What they offer when they send anything else. */
  private static final List<String> MUTUAL_TCP = List.of("istio-peer-exchange", "istio");

  /** What they offer at all. */
  private static final List<String> MUTUAL_ANY =
      List.of("istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2");

  private static final String RAW_BUFFER = "raw_buffer";
  private static final String TLS = "tls";

  private static final Duration CONNECT_TIMEOUT = Duration.newBuilder().setSeconds(15).build();

  /** Plain-text HTTP as the inspector saw it. */
  static final FilterChainMatch HTTP =
      FilterChainMatch.newBuilder()
          .setTransportProtocol(RAW_BUFFER)
          .addAllApplicationProtocols(HTTP_PROTOCOLS)
          .build();

  /** Anything but TLS. */
  static final FilterChainMatch PLAIN =
      FilterChainMatch.newBuilder().setTransportProtocol(RAW_BUFFER).build();

  /** Any TLS. */
  static final FilterChainMatch ANY_TLS =
      FilterChainMatch.newBuilder().setTransportProtocol(TLS).build();

  /** Mutual TLS of the mesh. */
  static final FilterChainMatch MUTUAL =
      ANY_TLS.toBuilder().addAllApplicationProtocols(MUTUAL_ANY).build();

  /** Mutual TLS of the mesh around HTTP. */
  static final FilterChainMatch MUTUAL_AROUND_HTTP =
      ANY_TLS.toBuilder().addAllApplicationProtocols(MUTUAL_HTTP).build();

  /** Mutual TLS of the mesh around bytes. */
  static final FilterChainMatch MUTUAL_AROUND_BYTES =
      ANY_TLS.toBuilder().addAllApplicationProtocols(MUTUAL_TCP).build();

  private FilterChains() {}

  /** A chain of a listener for outgoing or gateway traffic. */
  static FilterChain of(FilterChainMatch match, List<Filter> filters) {
    FilterChain.Builder chain =
        FilterChain.newBuilder()
            .addAllFilters(filters)
            .setTransportSocketConnectTimeout(CONNECT_TIMEOUT);
    if (!match.equals(FilterChainMatch.getDefaultInstance())) {
      chain.setFilterChainMatch(match);
    }
    return chain.build();
  }

  /** A chain with a name and no time limit, as the fixed chains of sidecars are. */
  static FilterChain named(String name, FilterChainMatch match, List<Filter> filters) {
    FilterChain.Builder chain = FilterChain.newBuilder().setName(name).addAllFilters(filters);
    if (!match.equals(FilterChainMatch.getDefaultInstance())) {
      chain.setFilterChainMatch(match);
    }
    return chain.build();
  }

  /** Mutual TLS of the mesh to a server name. */
  static FilterChainMatch mutualTls(String serverName) {
    return FilterChainMatch.newBuilder()
        .addServerNames(serverName)
        .addAllApplicationProtocols(MUTUAL_ANY)
        .build();
  }

  /** The same match for connections made to one port. */
  static FilterChainMatch forPort(FilterChainMatch match, int port) {
    return match.toBuilder().setDestinationPort(ProtoValues.uint32(port)).build();
  }

  /**
   * Server names and address ranges; empty lists match all.
   *
   * @param serverNames names and {@code *.suffix}; {@code *} among them matches all
   * @param ranges addresses or CIDR ranges; what is neither is left out
   */
  static FilterChainMatch destinations(Collection<String> serverNames, Collection<String> ranges) {
    FilterChainMatch.Builder match = FilterChainMatch.newBuilder();
    if (!serverNames.contains("*")) {
      serverNames.stream().distinct().sorted().forEach(match::addServerNames);
    }
    ranges.stream()
        .distinct()
        .sorted()
        .forEach(range -> range(range).ifPresent(match::addPrefixRanges));
    return match.build();
  }

  /**
   * The chains without what an earlier one takes already, and without names that cannot be matched:
   * a proxy refuses a listener with either. A chain of which nothing is left is not among them.
   */
  static List<FilterChain> distinct(List<FilterChain> chains) {
    Set<String> taken = new HashSet<>();
    List<FilterChain> result = new ArrayList<>(chains.size());
    for (FilterChain chain : chains) {
      FilterChainMatch possible = possible(chain.getFilterChainMatch());
      if (possible.getServerNamesCount() == 0
          && chain.getFilterChainMatch().getServerNamesCount() > 0) {
        continue;
      }
      FilterChainMatch left = left(possible, taken);
      if (isFree(left, taken)) {
        taken.addAll(connections(left));
        result.add(
            left.equals(chain.getFilterChainMatch())
                ? chain
                : chain.toBuilder().setFilterChainMatch(left).build());
      }
    }
    return result;
  }

  /** The match without server names that no proxy can match: wildcards within a label. */
  private static FilterChainMatch possible(FilterChainMatch match) {
    return match.getServerNamesList().stream().allMatch(FilterChains::isPossible)
        ? match
        : match.toBuilder()
            .clearServerNames()
            .addAllServerNames(
                match.getServerNamesList().stream().filter(FilterChains::isPossible).toList())
            .build();
  }

  private static boolean isPossible(String serverName) {
    return !serverName.startsWith("*") || serverName.startsWith("*.");
  }

  /** The match without the server names, else the ranges, that are taken; itself if all are. */
  private static FilterChainMatch left(FilterChainMatch match, Set<String> taken) {
    if (isFree(match, taken)) {
      return match;
    }
    FilterChainMatch nameless = match.toBuilder().clearServerNames().build();
    FilterChainMatch.Builder names = nameless.toBuilder();
    match.getServerNamesList().stream()
        .filter(name -> isFree(nameless.toBuilder().addServerNames(name).build(), taken))
        .forEach(names::addServerNames);
    if (names.getServerNamesCount() > 0) {
      return names.build();
    }
    FilterChainMatch anywhere = match.toBuilder().clearPrefixRanges().build();
    FilterChainMatch.Builder ranges = anywhere.toBuilder();
    match.getPrefixRangesList().stream()
        .filter(range -> isFree(anywhere.toBuilder().addPrefixRanges(range).build(), taken))
        .forEach(ranges::addPrefixRanges);
    return ranges.getPrefixRangesCount() > 0 ? ranges.build() : match;
  }

  private static boolean isFree(FilterChainMatch match, Set<String> taken) {
    return connections(match).stream().noneMatch(taken::contains);
  }

  /** Each combination of one value per condition, in the order in which Envoy compares them. */
  private static List<String> connections(FilterChainMatch match) {
    List<String> combinations =
        List.of(match.getDestinationPort().getValue() + " " + match.getTransportProtocol());
    combinations = times(combinations, match.getPrefixRangesList());
    combinations = times(combinations, match.getServerNamesList());
    return times(combinations, match.getApplicationProtocolsList());
  }

  private static List<String> times(List<String> combinations, List<?> values) {
    if (values.isEmpty()) {
      return combinations.stream().map(text -> text + "\0").toList();
    }
    return combinations.stream()
        .flatMap(text -> values.stream().map(value -> text + '\0' + value))
        .toList();
  }

  static boolean matchesAll(FilterChain chain) {
    return chain.getFilterChainMatch().equals(FilterChainMatch.getDefaultInstance());
  }

  /** True when choosing between the chains needs a look at TLS handshakes. */
  static boolean needTlsInspector(Collection<FilterChain> chains) {
    return chains.stream().anyMatch(FilterChains::needsTlsInspector);
  }

  /** True when choosing between the chains needs a look at requests. */
  static boolean needHttpInspector(Collection<FilterChain> chains) {
    return chains.stream().anyMatch(FilterChains::needsHttpInspector);
  }

  static boolean needsTlsInspector(FilterChain chain) {
    FilterChainMatch match = chain.getFilterChainMatch();
    return match.getServerNamesCount() > 0 || match.getTransportProtocol().equals(TLS);
  }

  /** Protocols of TLS are told by its handshake, those of plain text by the first request. */
  static boolean needsHttpInspector(FilterChain chain) {
    FilterChainMatch match = chain.getFilterChainMatch();
    return match.getApplicationProtocolsCount() > 0 && !needsTlsInspector(chain);
  }

  private static Optional<CidrRange> range(String written) {
    int slash = written.indexOf('/');
    String address = slash < 0 ? written : written.substring(0, slash);
    boolean v6 = address.indexOf(':') >= 0;
    int bits = v6 ? 128 : 32;
    if (slash >= 0) {
      try {
        bits = Integer.parseInt(written.substring(slash + 1));
      } catch (NumberFormatException _) {
        return Optional.empty();
      }
    }
    if (bits == 0) {
      return Optional.empty();
    }
    return Optional.of(
        CidrRange.newBuilder()
            .setAddressPrefix(address)
            .setPrefixLen(ProtoValues.uint32(bits))
            .build());
  }
}
