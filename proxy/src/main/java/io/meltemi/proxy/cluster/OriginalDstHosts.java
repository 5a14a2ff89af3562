package io.meltemi.proxy.cluster;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a host for every address that clients wanted to reach ({@code ORIGINAL_DST}). Hosts without
 * connections are forgotten at each {@link #sweep}; their number is bounded.
 */
final class OriginalDstHosts implements LoadBalancer {
  private static final int HOSTS_MAX = 65_536;
  private static final Host.Placement PLACEMENT =
      new Host.Placement(0, Locality.UNKNOWN, 1, HealthStatus.UNKNOWN);
  private final ConcurrentHashMap<SocketAddress, Host> hosts = new ConcurrentHashMap<>();
  private final int portOverride;
  private final List<String> metadataKey;

  /**
   * @param portOverride 0 for the client's port
   * @param metadataKey namespace and path of the connection's metadata where another destination
   *     may be told; empty for none
   */
  OriginalDstHosts(int portOverride, List<String> metadataKey) {
    this.portOverride = portOverride;
    this.metadataKey = metadataKey;
  }

  List<Host> all() {
    return List.copyOf(hosts.values());
  }

  @Override
  public @Nullable Host choose(LbContext context) {
    InetSocketAddress told = told(context);
    SocketAddress wanted = told != null ? told : context.originalDestination();
    if (!(wanted instanceof InetSocketAddress inet)) {
      return null;
    }
    if (portOverride != 0 && inet.getPort() != portOverride) {
      wanted = new InetSocketAddress(inet.getAddress(), portOverride);
    }
    Host known = hosts.get(wanted);
    if (known != null) {
      return known;
    }
    if (hosts.size() >= HOSTS_MAX) {
      return null;
    }
    return hosts.computeIfAbsent(wanted, address -> new Host(address, "", PLACEMENT));
  }

  private @Nullable InetSocketAddress told(LbContext context) {
    if (metadataKey.isEmpty()
        || !(context.connectionMetadata(metadataKey) instanceof String written)) {
      return null;
    }
    try {
      HostPort parsed = HostPort.parse(written);
      byte[] ip = NetUtil.createByteArrayFromIpAddressString(parsed.host());
      return ip == null ? null : new InetSocketAddress(InetAddress.getByAddress(ip), parsed.port());
    } catch (IllegalArgumentException | UnknownHostException e) {
      return null;
    }
  }

  /** Forgets hosts that nothing uses. */
  void sweep() {
    for (Host host : hosts.values()) {
      if (host.get(HostStat.CX_ACTIVE) == 0 && host.get(HostStat.RQ_ACTIVE) == 0) {
        hosts.remove(host.address(), host);
        host.remove();
      }
    }
  }

  void close() {
    hosts.values().forEach(Host::remove);
    hosts.clear();
  }
}
