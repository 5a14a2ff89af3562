package io.meltemi.proxy.network;

import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.rbac.ConnectionFacts;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.meltemi.proxy.transport.ProxyHeader;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An accepted connection whose filter chain is chosen. Event loop of the connection only. */
public final class DownstreamConnection {
  private final Channel channel;
  private final LoopContext loop;
  private final Facts facts;
  private final Settings settings;
  private final DynamicMetadata dynamicMetadata = new DynamicMetadata();
  private FilterState filterState = FilterState.NONE;
  private @Nullable ConnectionFacts accessFacts;
  private String terminationDetails = "";
  private @Nullable String requestedHost;
  private @Nullable Runnable drainListener;
  private boolean refused;
  private ProxyHeader.@Nullable Client client;
  private boolean draining;
  private byte @Nullable [] clientCertificateText;

  /**
   * What is known about the connection.
   *
   * @param id unlike that of every other connection of this proxy
   * @param localAddress where the client wanted to go: the original destination where that is known
   * @param directRemoteAddress the peer of the socket
   * @param remoteAddress the client: the peer, or what the PROXY protocol says
   * @param serverName from the TLS client hello; empty for none
   * @param transportProtocol {@code raw_buffer} or {@code tls}
   * @param applicationProtocols as detected or offered, such as {@code http/1.1} or {@code h2c}
   * @param tls what the handshake found; empty on a plain connection
   */
  public record Facts(
      long id,
      SocketAddress localAddress,
      SocketAddress directRemoteAddress,
      SocketAddress remoteAddress,
      String serverName,
      String transportProtocol,
      List<String> applicationProtocols,
      Optional<TlsInfo> tls) {
    public Facts {
      applicationProtocols = List.copyOf(applicationProtocols);
    }

    /** What the ends agreed on by ALPN, such as {@code h2}; empty for nothing. */
    public String negotiatedProtocol() {
      return tls.isEmpty() ? "" : tls.get().applicationProtocol();
    }
  }

  /**
   * What the listener and the chain say.
   *
   * @param bufferBytesMax {@code per_connection_buffer_limit_bytes}
   * @param filterChainName may be empty
   * @param outbound whether the listener says that its traffic goes to others
   */
  public record Settings(
      int bufferBytesMax, String listenerName, String filterChainName, boolean outbound) {}

  public DownstreamConnection(Channel channel, LoopContext loop, Facts facts, Settings settings) {
    this.channel = channel;
    this.loop = loop;
    this.facts = facts;
    this.settings = settings;
  }

  public Channel channel() {
    return channel;
  }

  public LoopContext loop() {
    return loop;
  }

  public Facts facts() {
    return facts;
  }

  public Settings settings() {
    return settings;
  }

  /** The same facts as access control asks for them; computed at first use. */
  public ConnectionFacts accessFacts() {
    ConnectionFacts known = accessFacts;
    if (known == null) {
      known =
          new ConnectionFacts(
              new ConnectionFacts.Addresses(
                  facts.localAddress, facts.directRemoteAddress, facts.remoteAddress),
              facts.serverName,
              facts.tls);
      accessFacts = known;
    }
    return known;
  }

  /** What network filters say about the connection. */
  public DynamicMetadata dynamicMetadata() {
    return dynamicMetadata;
  }

  /** What came with the connection from inside the proxy. */
  public FilterState filterState() {
    return filterState;
  }

  /** Tells what comes with the connection. */
  public void filterState(FilterState state) {
    filterState = state;
  }

  /** The host with its port that a network filter found the client to want; null for none. */
  public @Nullable String requestedHost() {
    return requestedHost;
  }

  /** Tells which host the client wants. */
  public void requestedHost(String hostAndPort) {
    requestedHost = hostAndPort;
  }

  /** Why a network filter closes the connection; empty when none does. */
  public String terminationDetails() {
    return terminationDetails;
  }

  /** Tells why a network filter is about to close the connection. */
  public void terminationDetails(String details) {
    terminationDetails = details;
  }

  /** Tells that a network filter does not let the connection in; it closes it, now or later. */
  public void refuse(String details) {
    refused = true;
    terminationDetails = details;
  }

  /** Whether a filter does not let the connection in: no later one is to be installed. */
  public boolean isRefused() {
    return refused;
  }

  /** Its ends, as hosts are told of them that connections are carried on to. */
  public ProxyHeader.Client client() {
    ProxyHeader.Client known = client;
    if (known == null) {
      known = new ProxyHeader.Client(facts.remoteAddress, facts.localAddress);
      client = known;
    }
    return known;
  }

  /** The client's certificate as requests tell of it; null until it was made. Not to be changed. */
  public byte @Nullable [] clientCertificateText() {
    return clientCertificateText;
  }

  public void clientCertificateText(byte[] text) {
    clientCertificateText = text;
  }

  /** Writes the connection's fields of a stream's record. */
  public void describe(StreamInfo info) {
    info.connectionId = facts.id;
    info.downstreamLocalAddress = facts.localAddress;
    info.downstreamDirectRemoteAddress = facts.directRemoteAddress;
    info.downstreamRemoteAddress = facts.remoteAddress;
    info.requestedServerName = facts.serverName;
    info.filterChainName = settings.filterChainName;
    info.downstreamTls = facts.tls.orElse(null);
  }

  /** Whether the listener is going away or this chain was replaced: finish and close. */
  public boolean isDraining() {
    return draining;
  }

  /**
   * Runs once when draining begins, at once if it has begun. The filter that ends the chain sets
   * it: it closes the connection as soon as that breaks nothing. When the drain time is over the
   * listener closes it anyway.
   */
  public void onDrain(Runnable listener) {
    drainListener = listener;
    if (draining) {
      listener.run();
    }
  }

  /** Begins draining; later calls do nothing. */
  public void drain() {
    if (draining) {
      return;
    }
    draining = true;
    if (drainListener != null) {
      drainListener.run();
    }
  }
}
