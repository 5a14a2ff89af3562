package io.meltemi.proxy.transport;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The transport sockets of a cluster. The first whose criteria a host has is used, else the default
 * one ({@code Cluster.transport_socket_matches}). Any thread.
 *
 * @param fallback empty for plain text
 */
public record UpstreamTransports(List<Match> matches, Optional<UpstreamTransport> fallback)
    implements AutoCloseable {
  /** Plain text to every host. */
  public static final UpstreamTransports RAW = new UpstreamTransports(List.of(), Optional.empty());

  public UpstreamTransports {
    matches = List.copyOf(matches);
  }

  /**
   * @param criteria what a host's metadata {@code envoy.transport_socket_match} must have; empty
   *     for any host
   * @param transport empty for plain text
   */
  public record Match(
      String name, Map<String, Object> criteria, Optional<UpstreamTransport> transport) {
    public Match {
      criteria = Map.copyOf(criteria);
    }

    private boolean takes(Map<String, Object> metadata) {
      for (Map.Entry<String, Object> wanted : criteria.entrySet()) {
        if (!wanted.getValue().equals(metadata.get(wanted.getKey()))) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * The socket for a host.
   *
   * @param metadata the host's {@code envoy.transport_socket_match}, or that of its locality; empty
   *     for none
   */
  public Optional<UpstreamTransport> choose(Map<String, Object> metadata) {
    for (Match match : matches) {
      if (match.takes(metadata)) {
        return match.transport();
      }
    }
    return fallback;
  }

  /** The certificates of every socket. */
  public List<CertificatesInUse> certificates() {
    return Stream.concat(matches.stream().map(Match::transport), Stream.of(fallback))
        .flatMap(Optional::stream)
        .map(UpstreamTransport::inUse)
        .toList();
  }

  /** Tells every socket to {@link UpstreamTransport#exchangeMetadata exchange metadata}. */
  public void exchangeMetadata(String protocol, PeerMetadata own, PeerExchange.Stats stats) {
    fallback.ifPresent(transport -> transport.exchangeMetadata(protocol, own, stats));
    matches.forEach(
        match ->
            match
                .transport()
                .ifPresent(transport -> transport.exchangeMetadata(protocol, own, stats)));
  }

  /** The secrets of every socket that servers deliver. */
  public List<RemoteSecret> remoteSecrets() {
    return Stream.concat(matches.stream().map(Match::transport), Stream.of(fallback))
        .flatMap(Optional::stream)
        .flatMap(transport -> transport.remoteSecrets().stream())
        .toList();
  }

  /** Releases the engines' contexts; connections live on. */
  @Override
  public void close() {
    fallback.ifPresent(UpstreamTransport::close);
    matches.forEach(match -> match.transport().ifPresent(UpstreamTransport::close));
  }
}
