package io.meltemi.proxy.listener.filter.originaldst;

import io.meltemi.common.net.HostPort;
import io.meltemi.proxy.listener.AcceptedSocket;
import io.meltemi.proxy.listener.ListenerFilter;
import io.meltemi.proxy.transport.internal.InternalAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code SO_ORIGINAL_DST} of connections that iptables redirected, and what connections from
 * inside the proxy bring along. Without epoll, or for a connection that was not redirected, the
 * local address stays what it is.
 */
final class OriginalDestinationFilter implements ListenerFilter {
  private static final String LOCAL_STATE = "envoy.filters.listener.original_dst.local_ip";
  private static final String REMOTE_STATE = "envoy.filters.listener.original_dst.remote_ip";
  private static final int SOL_IP = 0;
  private static final int SOL_IPV6 = 41;
  private static final int SO_ORIGINAL_DST = 80;
  private static final int SOCKADDR_IN_BYTES = 16;
  private static final int SOCKADDR_IN6_BYTES = 28;
  private static final RawUnixChannelOption V4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN_BYTES);
  private static final RawUnixChannelOption V6 =
      new RawUnixChannelOption(
          "IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6_BYTES);

  @Override
  public Status onAccept(AcceptedSocket socket) {
    if (socket.localAddress() instanceof InternalAddress) {
      restore(socket);
      return Status.DONE;
    }
    InetSocketAddress original = originalDestination(socket.channel());
    if (original != null && !original.equals(socket.localAddress())) {
      socket.restoreLocalAddress(original);
    }
    return Status.DONE;
  }

  /** From what the stream or the host behind a connection inside the proxy tells. */
  private static void restore(AcceptedSocket socket) {
    InetSocketAddress local = told(socket, LOCAL_STATE, "local");
    if (local != null) {
      socket.restoreLocalAddress(local);
    }
    InetSocketAddress remote = told(socket, REMOTE_STATE, "remote");
    if (remote != null) {
      socket.remoteAddress(remote);
    }
  }

  private static @Nullable InetSocketAddress told(
      AcceptedSocket socket, String state, String field) {
    byte[] text = socket.passed().state().get(state);
    if (text != null) {
      return address(new String(text, StandardCharsets.UTF_8));
    }
    return socket.passed().tunnel().get(field) instanceof String written ? address(written) : null;
  }

  /** Of {@code ip:port}; null for anything else. */
  private static @Nullable InetSocketAddress address(String written) {
    try {
      HostPort parsed = HostPort.parse(written);
      byte[] ip = NetUtil.createByteArrayFromIpAddressString(parsed.host());
      return ip == null ? null : new InetSocketAddress(InetAddress.getByAddress(ip), parsed.port());
    } catch (IllegalArgumentException | UnknownHostException e) {
      return null;
    }
  }

  private static @Nullable InetSocketAddress originalDestination(Channel channel) {
    if (!(channel instanceof EpollSocketChannel epoll)) {
      return null;
    }
    InetSocketAddress local = epoll.localAddress();
    boolean v4 = local != null && local.getAddress() instanceof Inet4Address;
    try {
      ByteBuffer address = epoll.config().getOption(v4 ? V4 : V6);
      return address == null ? null : parse(address, v4);
    } catch (ChannelException e) {
      // the kernel tracks no connections, or not this one: it was not redirected
      return null;
    }
  }

  /** A {@code sockaddr_in} or {@code sockaddr_in6}; null when it is too short. */
  static @Nullable InetSocketAddress parse(ByteBuffer address, boolean v4) {
    int start = address.position();
    ByteBuffer bytes = address.duplicate().order(ByteOrder.BIG_ENDIAN);
    if (bytes.remaining() < (v4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES)) {
      return null;
    }
    int port = bytes.getShort(start + 2) & 0xFFFF;
    byte[] ip = new byte[v4 ? 4 : 16];
    bytes.get(start + (v4 ? 4 : 8), ip);
    try {
      return new InetSocketAddress(InetAddress.getByAddress(ip), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
