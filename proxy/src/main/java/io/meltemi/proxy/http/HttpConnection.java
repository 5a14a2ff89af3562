package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.network.DownstreamConnection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.SocketAddress;

/** What a stream asks of the connection it came by, whatever the HTTP version. Loop only. */
interface HttpConnection {
  void sendHeaders(HttpStream stream, int status, HeaderBlock headers, boolean endStream);

  void sendData(HttpStream stream, ByteBuf data, boolean endStream);

  void sendTrailers(HttpStream stream, HeaderBlock trailers);

  /** The stream breaks its response off. */
  void resetStream(HttpStream stream);

  /** The stream is over and forgotten. */
  void streamFinished(HttpStream stream);

  void setReading(HttpStream stream, boolean reading);

  /** Counts the stream's request and writes its version into the record. */
  void describe(HttpStream stream);

  /** Whether the client takes more of the stream's response. */
  boolean isWritable(HttpStream stream);

  int bufferBytesMax();

  boolean isTls();

  SocketAddress remoteAddress();

  /** The peer's address as text, without port. */
  byte[] remoteAddressText();

  /** The peer's address in network order; empty when it is not an IP address. */
  byte[] remoteAddressBytes();

  int localPort();

  ByteBufAllocator allocator();

  /** The connection itself, as its listener accepted it. */
  DownstreamConnection downstream();
}
