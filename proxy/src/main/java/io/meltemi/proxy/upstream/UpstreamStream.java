package io.meltemi.proxy.upstream;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.telemetry.TlsInfo;
import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One request on a leased connection. The lease ends with the response or with {@link #reset}; then
 * no method may be called any more. Loop only.
 */
public interface UpstreamStream {
  /** Sends the request's head. A call of this kind may end the lease: {@code onReset} tells. */
  void sendHeaders(HeaderBlock headers, boolean endStream);

  /** Sends a piece of the body; the buffer stays the caller's. */
  void sendData(ByteBuf data, boolean endStream);

  /** Ends the request with trailers. */
  void sendTrailers(HeaderBlock trailers);

  /** Gives the stream up: nothing more is heard from it. */
  void reset();

  /** Stops or resumes reading the response. */
  void setReading(boolean reading);

  boolean isWritable();

  /** Requests that this connection has begun, this one included. */
  int requestNumber();

  /** Envoy's name of the protocol, such as {@code HTTP/1.1}. */
  String protocol();

  @Nullable SocketAddress localAddress();

  /** What TLS found about the connection; null on a plain one. */
  @Nullable TlsInfo tls();
}
