package io.meltemi.proxy.listener.filter.proxyprotocol;

import io.meltemi.proxy.listener.AcceptedSocket;
import io.meltemi.proxy.listener.ListenerFilter;
import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Takes the header off the front of the connection: its source becomes the remote address, its
 * destination the local one. A header that is cut waits, one that is wrong closes.
 */
final class ProxyProtocolFilter implements ListenerFilter {
  private static final byte[] V1_START = "PROXY ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] V2_START = {
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A
  };

  /** Of the longest line the page allows, with its end. */
  private static final int V1_BYTES_MAX = 107;

  private static final int V2_HEAD_BYTES = 16;
  private static final int V2_TCP4 = 0x11;
  private static final int V2_TCP6 = 0x21;
  private static final int V2_BYTES_MAX = V2_HEAD_BYTES + 0xFFFF;

  private final Settings settings;
  private final ProxyProtocolStats stats;

  /**
   * What is let in.
   *
   * @param without connections that begin with anything else
   */
  record Settings(boolean without, boolean v1, boolean v2) {}

  ProxyProtocolFilter(Settings settings, ProxyProtocolStats stats) {
    this.settings = settings;
    this.stats = stats;
  }

  @Override
  public Status onAccept(AcceptedSocket socket) {
    return Status.MORE;
  }

  @Override
  public int bytesMax() {
    return V2_BYTES_MAX;
  }

  @Override
  public Status onData(AcceptedSocket socket, ByteBuf peeked) {
    int length = peeked.readableBytes();
    int v2 = sharedPrefix(peeked, V2_START);
    if (v2 == V2_START.length) {
      return length < V2_HEAD_BYTES ? Status.MORE : version2(socket, peeked);
    }
    int v1 = sharedPrefix(peeked, V1_START);
    if (v1 == V1_START.length) {
      return version1(socket, peeked);
    }
    if (v1 == length || v2 == length) {
      return Status.MORE;
    }
    if (settings.without()) {
      stats.notFoundAllowed.inc();
      return Status.DONE;
    }
    stats.notFoundDisallowed.inc();
    return Status.CLOSE;
  }

  private Status version1(AcceptedSocket socket, ByteBuf peeked) {
    int start = peeked.readerIndex();
    int searched = Math.min(peeked.readableBytes(), V1_BYTES_MAX);
    int lineFeed = peeked.indexOf(start, start + searched, (byte) '\n');
    if (lineFeed < 0) {
      return searched == V1_BYTES_MAX ? wrong(stats.v1) : Status.MORE;
    }
    if (!settings.v1()) {
      stats.v1.disallowed.inc();
      return settings.without() ? Status.DONE : Status.CLOSE;
    }
    if (peeked.getByte(lineFeed - 1) != '\r') {
      return wrong(stats.v1);
    }
    String line = peeked.toString(start, lineFeed - 1 - start, StandardCharsets.US_ASCII);
    String[] words = line.split(" ", -1);
    if (!words[1].equals("UNKNOWN")) {
      boolean v4 = words[1].equals("TCP4");
      if (words.length != 6 || !(v4 || words[1].equals("TCP6"))) {
        return wrong(stats.v1);
      }
      InetSocketAddress source = address(words[2], words[4], v4);
      InetSocketAddress destination = address(words[3], words[5], v4);
      if (source == null || destination == null) {
        return wrong(stats.v1);
      }
      told(socket, source, destination);
    }
    stats.v1.found.inc();
    socket.consume(lineFeed + 1 - start);
    return Status.DONE;
  }

  private Status version2(AcceptedSocket socket, ByteBuf peeked) {
    int start = peeked.readerIndex();
    int bytes = V2_HEAD_BYTES + peeked.getUnsignedShort(start + 14);
    int command = peeked.getUnsignedByte(start + 12);
    int family = peeked.getUnsignedByte(start + 13);
    boolean local = command == 0x20;
    boolean forwarded = command == 0x21 && (family == V2_TCP4 || family == V2_TCP6);
    int ipBytes = family == V2_TCP4 ? 4 : 16;
    int bytesMin = V2_HEAD_BYTES + 2 * ipBytes + 4;
    if (!(local || forwarded) || (forwarded && bytes < bytesMin)) {
      return wrong(stats.v2);
    }
    if (peeked.readableBytes() < bytes) {
      return Status.MORE;
    }
    if (!settings.v2()) {
      stats.v2.disallowed.inc();
      return settings.without() ? Status.DONE : Status.CLOSE;
    }
    if (forwarded) {
      int at = start + V2_HEAD_BYTES;
      int ports = at + 2 * ipBytes;
      told(
          socket,
          address(peeked, at, ipBytes, peeked.getUnsignedShort(ports)),
          address(peeked, at + ipBytes, ipBytes, peeked.getUnsignedShort(ports + 2)));
    }
    stats.v2.found.inc();
    socket.consume(bytes);
    return Status.DONE;
  }

  private static Status wrong(ProxyProtocolStats.Version version) {
    version.error.inc();
    return Status.CLOSE;
  }

  private static void told(
      AcceptedSocket socket, InetSocketAddress source, InetSocketAddress destination) {
    if (!destination.equals(socket.localAddress())) {
      socket.restoreLocalAddress(destination);
    }
    socket.remoteAddress(source);
  }

  private static @Nullable InetSocketAddress address(String ip, String port, boolean v4) {
    if (v4 ? !NetUtil.isValidIpV4Address(ip) : !NetUtil.isValidIpV6Address(ip)) {
      return null;
    }
    if (port.isEmpty() || port.length() > 5 || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return null;
    }
    int number = Integer.parseInt(port);
    InetAddress address = NetUtil.createInetAddressFromIpAddressString(ip);
    return number > 0xFFFF || address == null ? null : new InetSocketAddress(address, number);
  }

  private static InetSocketAddress address(ByteBuf bytes, int at, int length, int port) {
    byte[] ip = new byte[length];
    bytes.getBytes(at, ip);
    try {
      return new InetSocketAddress(InetAddress.getByAddress(ip), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int sharedPrefix(ByteBuf bytes, byte[] text) {
    int max = Math.min(bytes.readableBytes(), text.length);
    int i = 0;
    while (i < max && bytes.getByte(bytes.readerIndex() + i) == text[i]) {
      i++;
    }
    return i;
  }
}
