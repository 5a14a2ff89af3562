package io.meltemi.proxy.listener;

import io.meltemi.proxy.transport.internal.Passed;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.List;

/**
 * What listener filters learn about a connection before its filter chain is chosen. Event loop of
 * the connection only.
 */
public final class AcceptedSocket {
  private final Channel channel;
  private final Passed passed;
  private final SocketAddress directRemoteAddress;
  private SocketAddress localAddress;
  private SocketAddress remoteAddress;
  private boolean localAddressRestored;
  private String serverName = "";
  private String transportProtocol = "";
  private List<String> applicationProtocols = List.of();
  private int consumedBytes;

  AcceptedSocket(Channel channel, Passed passed) {
    this(channel, channel.localAddress(), channel.remoteAddress(), passed);
  }

  AcceptedSocket(Channel channel, SocketAddress localAddress, SocketAddress remoteAddress) {
    this(channel, localAddress, remoteAddress, Passed.NOTHING);
  }

  private AcceptedSocket(
      Channel channel, SocketAddress localAddress, SocketAddress remoteAddress, Passed passed) {
    this.channel = channel;
    this.passed = passed;
    this.localAddress = localAddress;
    this.directRemoteAddress = remoteAddress;
    this.remoteAddress = remoteAddress;
  }

  /** What a connection from inside the proxy brought along. */
  public Passed passed() {
    return passed;
  }

  public Channel channel() {
    return channel;
  }

  /** Where the client wanted to go, as far as known. */
  public SocketAddress localAddress() {
    return localAddress;
  }

  /** Tells where the client wanted to go before it was redirected here. */
  public void restoreLocalAddress(SocketAddress original) {
    localAddress = original;
    localAddressRestored = true;
  }

  public boolean isLocalAddressRestored() {
    return localAddressRestored;
  }

  public SocketAddress directRemoteAddress() {
    return directRemoteAddress;
  }

  public SocketAddress remoteAddress() {
    return remoteAddress;
  }

  /** Tells who the client is behind the peer. */
  public void remoteAddress(SocketAddress client) {
    remoteAddress = client;
  }

  /** Empty for none. */
  public String serverName() {
    return serverName;
  }

  public void serverName(String name) {
    serverName = name;
  }

  /** {@code raw_buffer} unless a filter found another. */
  public String transportProtocol() {
    return transportProtocol.isEmpty() ? "raw_buffer" : transportProtocol;
  }

  public void transportProtocol(String protocol) {
    transportProtocol = protocol;
  }

  public List<String> applicationProtocols() {
    return applicationProtocols;
  }

  public void applicationProtocols(List<String> protocols) {
    applicationProtocols = List.copyOf(protocols);
  }

  /** Takes bytes off the front: the filters behind, and the connection, begin after them. */
  public void consume(int bytes) {
    consumedBytes += bytes;
  }

  /** What was consumed since the last call. */
  int takeConsumedBytes() {
    int bytes = consumedBytes;
    consumedBytes = 0;
    return bytes;
  }

  FilterChainMatcher.Query query() {
    return new FilterChainMatcher.Query(
        localAddress,
        directRemoteAddress,
        remoteAddress,
        serverName,
        transportProtocol(),
        applicationProtocols);
  }
}
