package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterSettings.HostNames;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.util.NetUtil;
import java.util.List;
import java.util.Optional;

/** Server names and certificate names that follow the host of a request. Stateless. */
final class HostNaming {
  private HostNaming() {}

  /**
   * What a request asks of its connection.
   *
   * @param headers as they go out, with the authority rewritten
   */
  static TransportOptions options(Cluster cluster, HeaderBlock headers) {
    HostNames names = cluster.settings().http().names();
    if (names.isNone()) {
      return TransportOptions.NONE;
    }
    String value = headers.get(names.header().orElse(HeaderName.AUTHORITY));
    if (value == null || value.isEmpty()) {
      value = headers.get(HeaderName.AUTHORITY);
    }
    String host = value == null ? "" : withoutPort(value);
    if (host.isEmpty()) {
      return TransportOptions.NONE;
    }
    boolean address = NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    return new TransportOptions(
        names.asServerName() && !address ? host : "",
        names.asSubjectAltName() ? List.of(host) : List.of(),
        List.of(),
        List.of(),
        Optional.empty(),
        FilterState.NONE);
  }

  /** The host of an authority; an IPv6 address without its brackets. */
  private static String withoutPort(String authority) {
    if (authority.startsWith("[")) {
      int end = authority.indexOf(']');
      return end < 0 ? authority : authority.substring(1, end);
    }
    int colon = authority.indexOf(':');
    return colon < 0 ? authority : authority.substring(0, colon);
  }
}
