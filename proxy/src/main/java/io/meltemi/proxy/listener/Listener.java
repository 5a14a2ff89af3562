package io.meltemi.proxy.listener;

import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.transport.RemoteSecret;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A listener's configuration.
 *
 * @param accessLog of connections, those without a filter chain included
 * @param fingerprint equal for listeners whose whole configuration is equal
 */
public record Listener(
    String name,
    Binding binding,
    Chains chains,
    Peeking peeking,
    Options options,
    AccessLog accessLog,
    String fingerprint) {

  /**
   * Where it accepts.
   *
   * @param addresses none of a listener that is reached from inside the proxy only, by its name
   * @param bindToPort false for one that only gets connections handed over
   * @param reusePort whether each worker has a socket of its own, where the system can
   * @param backlog length of the accept queue
   */
  public record Binding(
      List<InetSocketAddress> addresses, boolean bindToPort, boolean reusePort, int backlog) {
    public static final int BACKLOG_DEFAULT = 1024;

    public Binding {
      addresses = List.copyOf(addresses);
    }

    /** Whether it is reached from inside the proxy only. */
    public boolean isInside() {
      return addresses.isEmpty();
    }
  }

  /** Filter chains and how one is chosen. */
  public record Chains(
      List<FilterChain> chains, Optional<FilterChain> fallback, FilterChainMatcher matcher) {
    public Chains {
      chains = List.copyOf(chains);
    }

    /** Every chain, the default one last. */
    public List<FilterChain> all() {
      if (fallback.isEmpty()) {
        return chains;
      }
      List<FilterChain> all = new ArrayList<>(chains);
      all.add(fallback.get());
      return List.copyOf(all);
    }
  }

  /**
   * What happens before a chain is chosen.
   *
   * @param timeoutNanos 0 for none
   * @param continueOnTimeout whether a chain is chosen with what is known then; else the connection
   *     is closed
   * @param handOff whether a connection goes to the listener of its restored destination
   */
  public record Peeking(
      List<ListenerFilterConfig> filters,
      long timeoutNanos,
      boolean continueOnTimeout,
      boolean handOff) {
    public Peeking {
      filters = List.copyOf(filters);
    }
  }

  /**
   * @param statPrefix of {@code listener.<prefix>.} stats
   * @param bufferBytesMax limit of each connection's buffers
   */
  public record Options(
      String statPrefix, int bufferBytesMax, Direction direction, Metadata metadata) {}

  /** Which way traffic goes. */
  public enum Direction {
    UNSPECIFIED,
    INBOUND,
    OUTBOUND
  }

  /** Secrets that servers deliver to its filter chains. */
  public List<RemoteSecret> remoteSecrets() {
    List<RemoteSecret> secrets = new ArrayList<>();
    chains
        .all()
        .forEach(
            chain -> chain.transport().tls().ifPresent(tls -> secrets.addAll(tls.remoteSecrets())));
    return secrets;
  }

  /** It is to be put in force: its filters ask for what they need. Configuration thread. */
  public void hold() {
    chains.all().forEach(chain -> chain.filters().forEach(NetworkFilterConfig::hold));
  }

  /** Whether a filter waits for what is still to come. */
  public boolean isWaiting() {
    return chains.all().stream()
        .anyMatch(chain -> chain.filters().stream().anyMatch(NetworkFilterConfig::isWaiting));
  }

  /** It was replaced or removed. After {@link #hold}. */
  public void close() {
    chains.all().forEach(chain -> chain.filters().forEach(NetworkFilterConfig::close));
  }

  /** Names of the route configurations its filters wait for. */
  public Set<String> routeNames() {
    Set<String> names = new LinkedHashSet<>();
    chains
        .all()
        .forEach(chain -> chain.filters().forEach(filter -> names.addAll(filter.routeNames())));
    return names;
  }
}
