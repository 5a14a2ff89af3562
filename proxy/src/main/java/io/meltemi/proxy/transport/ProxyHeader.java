package io.meltemi.proxy.transport;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a connection to a host begins with, so that the host knows the client: the header of the <a
 * href="https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt">PROXY protocol</a>. Any
 * thread.
 *
 * @param second whether it is that of version 2
 * @param extras further facts, of version 2 only
 */
public record ProxyHeader(boolean second, List<Extra> extras) {
  /** How long the part of a header of version 2 may be that its length tells. */
  static final int BYTES_MAX = 0xFFFF;

  private static final byte[] START = {
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A
  };
  private static final int LOCAL = 0x20;
  private static final int PROXY = 0x21;
  private static final int TCP4 = 0x11;
  private static final int TCP6 = 0x21;
  private static final int IP4_BYTES = 4;
  private static final int IP6_BYTES = 16;
  private static final int EXTRA_HEAD_BYTES = 3;

  public ProxyHeader {
    extras = List.copyOf(extras);
  }

  /**
   * A fact of a type that nobody else has.
   *
   * @param type 0 to 255
   */
  public record Extra(int type, ByteString value) {}

  /** Whose connection another one carries on. */
  public record Client(SocketAddress remote, SocketAddress local) {}

  /** How many bytes the extras take. */
  int extraBytes() {
    int bytes = 0;
    for (Extra extra : extras) {
      bytes += EXTRA_HEAD_BYTES + extra.value().size();
    }
    return bytes;
  }

  /**
   * The header of a connection; its owner is the caller.
   *
   * @param client null for a connection that carries nobody's on, such as that of a health check
   * @param local the connection's own end
   * @param remote the host
   */
  public ByteBuf encode(
      ByteBufAllocator allocator,
      @Nullable Client client,
      SocketAddress local,
      SocketAddress remote) {
    SocketAddress from = client == null ? local : client.remote();
    SocketAddress to = client == null ? remote : client.local();
    InetSocketAddress source = from instanceof InetSocketAddress inet ? inet : null;
    InetSocketAddress destination = to instanceof InetSocketAddress inet ? inet : null;
    if (!second) {
      return line(allocator, source, destination);
    }
    return client == null || source == null || destination == null
        ? binary(allocator, LOCAL, null, null)
        : binary(allocator, PROXY, source, destination);
  }

  private static ByteBuf line(
      ByteBufAllocator allocator,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination) {
    String text = "PROXY UNKNOWN\r\n";
    if (source != null && destination != null) {
      text =
          "PROXY "
              + (isV6(source) ? "TCP6 " : "TCP4 ")
              + NetUtil.toAddressString(source.getAddress())
              + " "
              + NetUtil.toAddressString(destination.getAddress())
              + " "
              + source.getPort()
              + " "
              + destination.getPort()
              + "\r\n";
    }
    ByteBuf out = allocator.buffer(text.length());
    out.writeCharSequence(text, StandardCharsets.US_ASCII);
    return out;
  }

  private static boolean isV6(InetSocketAddress address) {
    return address.getAddress().getAddress().length == IP6_BYTES;
  }

  private ByteBuf binary(
      ByteBufAllocator allocator,
      int command,
      @Nullable InetSocketAddress source,
      @Nullable InetSocketAddress destination) {
    ByteBuf out = allocator.buffer();
    out.writeBytes(START).writeByte(command);
    if (source == null || destination == null) {
      return out.writeByte(0).writeShort(0);
    }
    boolean wide = isV6(source) || isV6(destination);
    int ipBytes = wide ? IP6_BYTES : IP4_BYTES;
    out.writeByte(wide ? TCP6 : TCP4).writeShort(2 * ipBytes + 4 + extraBytes());
    address(out, source.getAddress(), wide);
    address(out, destination.getAddress(), wide);
    out.writeShort(source.getPort()).writeShort(destination.getPort());
    for (Extra extra : extras) {
      out.writeByte(extra.type()).writeShort(extra.value().size());
      out.writeBytes(extra.value().asReadOnlyByteBuffer());
    }
    return out;
  }

  /** An IPv4 address beside one of IPv6 is written as that version maps it. */
  private static void address(ByteBuf out, InetAddress address, boolean wide) {
    byte[] bytes = address.getAddress();
    if (wide && bytes.length == IP4_BYTES) {
      out.writeZero(10).writeShort(0xFFFF);
    }
    out.writeBytes(bytes);
  }
}
