package io.meltemi.proxy.listener;

import io.meltemi.proxy.matcher.IpRange;
import java.util.List;

/**
 * What a filter chain asks of a connection; an empty part asks nothing.
 *
 * @param destinationPort 0 for any
 * @param serverNames lower case; a leading {@code *.} stands for any labels before the rest
 * @param transportProtocol {@code tls}, {@code raw_buffer}; empty for any
 */
public record FilterChainMatch(
    int destinationPort,
    List<IpRange> destinations,
    List<String> serverNames,
    String transportProtocol,
    List<String> applicationProtocols,
    Sources sources) {
  public static final FilterChainMatch ANY =
      new FilterChainMatch(0, List.of(), List.of(), "", List.of(), Sources.ANY);

  /**
   * @param direct ranges of the socket's peer
   * @param ranges ranges of the client
   * @param ports of the client
   */
  public record Sources(
      SourceType type, List<IpRange> direct, List<IpRange> ranges, List<Integer> ports) {
    public static final Sources ANY = new Sources(SourceType.ANY, List.of(), List.of(), List.of());

    public Sources {
      direct = List.copyOf(direct);
      ranges = List.copyOf(ranges);
      ports = List.copyOf(ports);
    }
  }

  /** Whether the client is this machine. */
  public enum SourceType {
    ANY,
    SAME_IP_OR_LOOPBACK,
    EXTERNAL
  }

  public FilterChainMatch {
    destinations = List.copyOf(destinations);
    serverNames = List.copyOf(serverNames);
    applicationProtocols = List.copyOf(applicationProtocols);
  }
}
