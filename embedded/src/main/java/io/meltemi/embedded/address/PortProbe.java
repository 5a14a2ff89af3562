package io.meltemi.embedded.address;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Says whether an address can be listened on now. */
@FunctionalInterface
public interface PortProbe {
  /** True when the address is free. */
  boolean isFree(String host, int port);

  /** Asks the operating system, by binding. */
  static PortProbe binding() {
    return (host, port) -> {
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getAllByName(host)[0], port), 1);
        return true;
      } catch (IOException _) {
        // taken, not permitted, or no address of this machine
        return false;
      }
    };
  }

  /**
   * Asks the operating system, and leaves the usual ports of 127.0.0.1 alone: a rehearsal must not
   * answer where people and scripts wait for the mesh itself.
   */
  static PortProbe rehearsing() {
    PortProbe binding = binding();
    return (host, port) ->
        (!host.equals(PodAddresses.LOOPBACK) || port >= PodAddresses.PORT_FIRST)
            && binding.isFree(host, port);
  }
}
