package io.meltemi.proxy.listener;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Listeners by address, for connections that are handed to the listener of their original
 * destination. Written by the configuration thread, read by any event loop.
 */
final class ListenerTable {
  private static final InetAddress ANY_V4 = address(new byte[4]);
  private static final InetAddress ANY_V6 = address(new byte[16]);
  private volatile Map<InetSocketAddress, ActiveListener> listeners = Map.of();

  private static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  void replaceAll(Map<InetSocketAddress, ActiveListener> newListeners) {
    listeners = Map.copyOf(newListeners);
  }

  /** The listener at that address, then the one at any address of that port; null without one. */
  @Nullable ActiveListener find(SocketAddress destination) {
    if (!(destination instanceof InetSocketAddress inet) || inet.getAddress() == null) {
      return null;
    }
    Map<InetSocketAddress, ActiveListener> all = listeners;
    ActiveListener found = all.get(inet);
    if (found == null && !(inet.getAddress() instanceof Inet6Address)) {
      found = all.get(new InetSocketAddress(ANY_V4, inet.getPort()));
    }
    return found != null ? found : all.get(new InetSocketAddress(ANY_V6, inet.getPort()));
  }
}
