package io.meltemi.proxy.listener;

import io.meltemi.proxy.listener.FilterChainMatch.SourceType;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.MatchTree;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the filter chain of a connection. At each criterion the most specific entry is taken and
 * never given back: destination port, destination address, server name, transport protocol,
 * application protocol, direct source, source type, source address, source port; unless a tree of
 * questions decides instead. Immutable. See
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
 */
public final class FilterChainMatcher {
  private final Map<Integer, IpLevel<NameLevel>> ports;
  private final Optional<FilterChain> fallback;
  private final Optional<MatchTree<Query, FilterChain>> tree;

  /** What is matched. */
  public record Query(
      SocketAddress destination,
      SocketAddress directSource,
      SocketAddress source,
      String serverName,
      String transportProtocol,
      List<String> applicationProtocols) {
    public Query {
      serverName = serverName.toLowerCase(Locale.ROOT);
      applicationProtocols = List.copyOf(applicationProtocols);
    }
  }

  /** Two chains that ask the same. */
  public static final class AmbiguousException extends Exception {
    private static final long serialVersionUID = 1L;

    AmbiguousException(String message) {
      super(message);
    }
  }

  /**
   * @throws AmbiguousException naming two chains that cannot be told apart
   */
  public FilterChainMatcher(List<FilterChain> chains, Optional<FilterChain> fallback)
      throws AmbiguousException {
    this.ports = new HashMap<>();
    this.fallback = fallback;
    this.tree = Optional.empty();
    for (FilterChain chain : chains) {
      add(chain);
    }
  }

  private FilterChainMatcher(MatchTree<Query, FilterChain> tree, Optional<FilterChain> fallback) {
    this.ports = Map.of();
    this.fallback = fallback;
    this.tree = Optional.of(tree);
  }

  /** Chooses by a tree of questions, whatever the chains themselves ask. */
  static FilterChainMatcher of(MatchTree<Query, FilterChain> tree, Optional<FilterChain> fallback) {
    return new FilterChainMatcher(tree, fallback);
  }

  private void add(FilterChain chain) throws AmbiguousException {
    FilterChainMatch match = chain.match();
    IpLevel<NameLevel> ips = ports.computeIfAbsent(match.destinationPort(), _ -> new IpLevel<>());
    for (NameLevel names : ips.make(match.destinations(), NameLevel::new)) {
      for (TransportLevel transports : names.make(match.serverNames())) {
        ApplicationLevel applications =
            transports.byProtocol.computeIfAbsent(
                match.transportProtocol(), _ -> new ApplicationLevel());
        for (IpLevel<SourceTypeLevel> direct : applications.make(match.applicationProtocols())) {
          addSources(chain, direct);
        }
      }
    }
  }

  private static void addSources(FilterChain chain, IpLevel<SourceTypeLevel> direct)
      throws AmbiguousException {
    FilterChainMatch.Sources sources = chain.match().sources();
    for (SourceTypeLevel types : direct.make(sources.direct(), SourceTypeLevel::new)) {
      IpLevel<PortLevel> ranges =
          types.byType.computeIfAbsent(sources.type(), _ -> new IpLevel<>());
      for (PortLevel leaf : ranges.make(sources.ranges(), PortLevel::new)) {
        for (int port : sources.ports().isEmpty() ? List.of(0) : sources.ports()) {
          FilterChain other = leaf.byPort.putIfAbsent(port, chain);
          if (other != null) {
            throw new AmbiguousException(
                "filter chain '"
                    + chain.name()
                    + "' has the same matching rules defined as '"
                    + other.name()
                    + "'");
          }
        }
      }
    }
  }

  /** The chain of a connection; null when there is none for it. */
  public @Nullable FilterChain match(Query query, MatchTrace trace) {
    FilterChain found = tree.isPresent() ? tree.get().match(query, trace) : find(query, trace);
    if (found != null) {
      return found;
    }
    if (trace.isRecording()) {
      trace.result(fallback.isPresent(), "default filter chain", "");
    }
    return fallback.orElse(null);
  }

  private @Nullable FilterChain find(Query query, MatchTrace trace) {
    int port = query.destination() instanceof InetSocketAddress inet ? inet.getPort() : 0;
    IpLevel<NameLevel> ips = ports.get(port);
    boolean exact = ips != null;
    if (ips == null) {
      ips = ports.get(0);
    }
    if (trace.isRecording()) {
      trace.result(ips != null, "destination port " + port, exact ? "exact" : "any");
    }
    if (ips == null) {
      return null;
    }
    NameLevel names = ips.find(query.destination(), "destination", trace);
    TransportLevel transports = names == null ? null : names.find(query.serverName(), trace);
    ApplicationLevel applications =
        transports == null ? null : transports.find(query.transportProtocol(), trace);
    IpLevel<SourceTypeLevel> direct =
        applications == null ? null : applications.find(query.applicationProtocols(), trace);
    SourceTypeLevel types =
        direct == null ? null : direct.find(query.directSource(), "direct source", trace);
    IpLevel<PortLevel> ranges = types == null ? null : types.find(query, trace);
    PortLevel leaf = ranges == null ? null : ranges.find(query.source(), "source", trace);
    return leaf == null ? null : leaf.find(query.source(), trace);
  }

  /** Entries by address range; the longest prefix that holds the address counts. */
  private static final class IpLevel<T> {
    private final Map<IpRange, T> byRange = new HashMap<>();

    /** Lengths in use, longest first, of either family. */
    private final List<Integer> lengths = new ArrayList<>();

    private @Nullable T any;

    List<T> make(List<IpRange> ranges, Supplier<T> maker) {
      if (ranges.isEmpty()) {
        if (any == null) {
          any = maker.get();
        }
        return List.of(any);
      }
      List<T> made = new ArrayList<>();
      for (IpRange range : ranges) {
        made.add(byRange.computeIfAbsent(range, _ -> maker.get()));
        if (!lengths.contains(range.bits())) {
          lengths.add(range.bits());
          lengths.sort(java.util.Comparator.reverseOrder());
        }
      }
      return made;
    }

    @Nullable T find(SocketAddress address, String what, MatchTrace trace) {
      if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
        InetAddress ip = inet.getAddress();
        int bitsMax = ip.getAddress().length * 8;
        for (int i = 0; i < lengths.size(); i++) {
          int bits = lengths.get(i);
          if (bits <= bitsMax) {
            IpRange range = IpRange.of(ip, bits);
            T found = byRange.get(range);
            if (found != null) {
              if (trace.isRecording()) {
                trace.matched(what + " " + address, range.toString());
              }
              return found;
            }
          }
        }
      }
      if (trace.isRecording()) {
        trace.result(any != null, what + " " + address, any == null ? "no range holds it" : "any");
      }
      return any;
    }
  }

  /** Entries by server name: exact, then by ever shorter suffix, then any. */
  private static final class NameLevel {
    private final Map<String, TransportLevel> byName = new HashMap<>();

    List<TransportLevel> make(List<String> names) {
      List<TransportLevel> made = new ArrayList<>();
      for (String name : names.isEmpty() ? List.of("") : names) {
        String key = name.startsWith("*.") ? name.substring(1) : name;
        made.add(byName.computeIfAbsent(key, _ -> new TransportLevel()));
      }
      return made;
    }

    @Nullable TransportLevel find(String name, MatchTrace trace) {
      TransportLevel found = byName.get(name);
      String how = "exact";
      int dot = name.indexOf('.', 1);
      while (found == null && dot >= 0 && dot < name.length() - 1) {
        found = byName.get(name.substring(dot));
        how = "*" + name.substring(dot);
        dot = name.indexOf('.', dot + 1);
      }
      if (found == null) {
        found = byName.get("");
        how = "any";
      }
      if (trace.isRecording()) {
        trace.result(
            found != null, "server name \"" + name + "\"", found == null ? "no entry" : how);
      }
      return found;
    }
  }

  private static final class TransportLevel {
    private final Map<String, ApplicationLevel> byProtocol = new HashMap<>();

    @Nullable ApplicationLevel find(String protocol, MatchTrace trace) {
      ApplicationLevel exact = byProtocol.get(protocol);
      ApplicationLevel found = exact != null ? exact : byProtocol.get("");
      if (trace.isRecording()) {
        trace.result(
            found != null, "transport protocol " + protocol, exact != null ? "exact" : "any");
      }
      return found;
    }
  }

  private static final class ApplicationLevel {
    private final Map<String, IpLevel<SourceTypeLevel>> byProtocol = new HashMap<>();

    List<IpLevel<SourceTypeLevel>> make(List<String> protocols) {
      List<IpLevel<SourceTypeLevel>> made = new ArrayList<>();
      for (String protocol : protocols.isEmpty() ? List.of("") : protocols) {
        made.add(byProtocol.computeIfAbsent(protocol, _ -> new IpLevel<>()));
      }
      return made;
    }

    @Nullable IpLevel<SourceTypeLevel> find(List<String> protocols, MatchTrace trace) {
      for (int i = 0; i < protocols.size(); i++) {
        IpLevel<SourceTypeLevel> found = byProtocol.get(protocols.get(i));
        if (found != null) {
          if (trace.isRecording()) {
            trace.matched("application protocols " + protocols, protocols.get(i));
          }
          return found;
        }
      }
      IpLevel<SourceTypeLevel> any = byProtocol.get("");
      if (trace.isRecording()) {
        trace.result(
            any != null, "application protocols " + protocols, any == null ? "none known" : "any");
      }
      return any;
    }
  }

  private static final class SourceTypeLevel {
    private final Map<SourceType, IpLevel<PortLevel>> byType = new EnumMap<>(SourceType.class);

    @Nullable IpLevel<PortLevel> find(Query query, MatchTrace trace) {
      SourceType type = isLocal(query) ? SourceType.SAME_IP_OR_LOOPBACK : SourceType.EXTERNAL;
      IpLevel<PortLevel> exact = byType.get(type);
      IpLevel<PortLevel> found = exact != null ? exact : byType.get(SourceType.ANY);
      if (trace.isRecording()) {
        trace.result(found != null, "source type " + type, exact != null ? "exact" : "any");
      }
      return found;
    }

    private static boolean isLocal(Query query) {
      if (!(query.source() instanceof InetSocketAddress source) || source.getAddress() == null) {
        return true;
      }
      return source.getAddress().isLoopbackAddress()
          || (query.destination() instanceof InetSocketAddress destination
              && source.getAddress().equals(destination.getAddress()));
    }
  }

  private static final class PortLevel {
    private final Map<Integer, FilterChain> byPort = new HashMap<>();

    @Nullable FilterChain find(SocketAddress source, MatchTrace trace) {
      int port = source instanceof InetSocketAddress inet ? inet.getPort() : 0;
      FilterChain exact = byPort.get(port);
      FilterChain found = exact != null ? exact : byPort.get(0);
      if (trace.isRecording()) {
        trace.result(found != null, "source port " + port, exact != null ? "exact" : "any");
        if (found != null) {
          trace.matched("filter chain " + found.name(), "");
        }
      }
      return found;
    }
  }
}
