package io.meltemi.proxy.cluster;

import java.net.SocketAddress;
import java.util.List;

/** Gives the addresses of an endpoint. */
interface Resolution {
  /** Where to connect for the endpoint; empty when its name has no address. */
  List<SocketAddress> addresses(EndpointAssignment.Endpoint endpoint);
}
