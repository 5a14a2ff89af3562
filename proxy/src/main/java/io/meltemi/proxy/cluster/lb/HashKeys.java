package io.meltemi.proxy.cluster.lb;

import io.meltemi.proxy.cluster.Host;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;

/** The bytes that a host is hashed by. */
public final class HashKeys {
  private HashKeys() {}

  /**
   * {@code hash_key} of the endpoint's metadata in {@code envoy.lb}, else its name where wanted and
   * known, else its address and port.
   */
  public static byte[] of(Host host, boolean useHostname) {
    return text(host, useHostname).getBytes(StandardCharsets.UTF_8);
  }

  private static String text(Host host, boolean useHostname) {
    if (host.lbMetadata().get("hash_key") instanceof String key && !key.isEmpty()) {
      return key;
    }
    if (useHostname && !host.hostname().isEmpty()) {
      return host.hostname();
    }
    SocketAddress address = host.address();
    if (address instanceof InetSocketAddress inet) {
      return NetUtil.toSocketAddressString(inet);
    }
    return address.toString();
  }
}
