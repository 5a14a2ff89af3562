package io.meltemi.proxy.network.filter.metadataexchange;

import com.google.protobuf.Any;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.transport.PeerExchange;
import io.meltemi.proxy.transport.PeerExchangeConfig;
import io.meltemi.proxy.transport.Peers;
import java.util.Optional;
import java.util.Set;

/** Exchanges metadata with clients that agreed to it by ALPN; others are served as they are. */
public final class MetadataExchangeFactory implements NetworkFilterFactory {
  private final Peers peers;

  public MetadataExchangeFactory(Peers peers) {
    this.peers = peers;
  }

  @Override
  public String name() {
    return "istio.metadata_exchange";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(PeerExchangeConfig.TYPE_URL);
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return PeerExchangeConfig.parse(config, scope)
        .map(parsed -> connection -> install(parsed.protocol(), connection));
  }

  private void install(String protocol, DownstreamConnection connection) {
    if (protocol.equals(connection.facts().negotiatedProtocol())) {
      connection.channel().pipeline().addLast(new PeerExchange(peers.own(), peers.stats()));
    } else {
      peers.stats().alpnNotFound().inc();
    }
  }
}
