package io.meltemi.proxy.transport;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The transport sockets of a cluster. The first whose criteria a host has is used, else the default
 * one ({@code Cluster.transport_socket_matches}). Any thread.
 */
public record UpstreamTransports(List<Match> matches, UpstreamSocket fallback)
    implements AutoCloseable {
  /** Plain text to every host. */
  public static final UpstreamTransports RAW =
      new UpstreamTransports(List.of(), UpstreamSocket.RAW);

  public UpstreamTransports {
    matches = List.copyOf(matches);
  }

  /**
   * @param criteria what a host's metadata {@code envoy.transport_socket_match} must have; empty
   *     for any host
   */
  public record Match(String name, Map<String, Object> criteria, UpstreamSocket socket) {
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
  public UpstreamSocket choose(Map<String, Object> metadata) {
    for (Match match : matches) {
      if (match.takes(metadata)) {
        return match.socket();
      }
    }
    return fallback;
  }

  /** Whether hosts are told of clients before the first byte. */
  public boolean tellClients() {
    return fallback.header().isPresent()
        || matches.stream().anyMatch(match -> match.socket().header().isPresent());
  }

  private Stream<UpstreamTransport> secure() {
    return Stream.concat(matches.stream().map(Match::socket), Stream.of(fallback))
        .flatMap(socket -> socket.tls().stream());
  }

  /** The certificates of every socket. */
  public List<CertificatesInUse> certificates() {
    return secure().map(UpstreamTransport::inUse).toList();
  }

  /** Tells every socket to {@link UpstreamTransport#exchangeMetadata exchange metadata}. */
  public void exchangeMetadata(String protocol, PeerMetadata own, PeerExchange.Stats stats) {
    secure().forEach(transport -> transport.exchangeMetadata(protocol, own, stats));
  }

  /** The secrets of every socket that servers deliver. */
  public List<RemoteSecret> remoteSecrets() {
    return secure().flatMap(transport -> transport.remoteSecrets().stream()).toList();
  }

  /** Releases the engines' contexts; connections live on. */
  @Override
  public void close() {
    secure().forEach(UpstreamTransport::close);
  }
}
