package io.meltemi.proxy.cluster;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Endpoints whose addresses are IP literals; nothing is looked up. */
enum IpResolution implements Resolution {
  INSTANCE;

  @Override
  public List<SocketAddress> addresses(EndpointAssignment.Endpoint endpoint) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(endpoint.address().host());
    if (bytes == null) {
      throw new IllegalArgumentException(
          "address: " + endpoint.address().host() + " (expected: an IP address)");
    }
    try {
      return List.of(
          new InetSocketAddress(InetAddress.getByAddress(bytes), endpoint.address().port()));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(endpoint.address().host(), e);
    }
  }
}
