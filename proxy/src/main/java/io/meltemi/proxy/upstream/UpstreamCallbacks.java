package io.meltemi.proxy.upstream;

import io.meltemi.proxy.header.HeaderBlock;
import io.netty.buffer.ByteBuf;

/**
 * What a stream hears from its pool and connection. All on its loop. After the response has ended,
 * or {@link #onReset} or {@link #onPoolFailure} was called, nothing more comes.
 */
public interface UpstreamCallbacks {
  /** A connection is leased; may be called before the asking call returns. */
  void onReady(UpstreamStream stream);

  /**
   * No connection will come.
   *
   * @param detail the system's words; may be empty
   */
  void onPoolFailure(PoolFailure failure, String detail);

  /** The block that the response's head shall be parsed into. */
  HeaderBlock responseHeaders();

  /** The final response's head is in {@link #responseHeaders()}. */
  void onResponseHeaders(int status, boolean endStream);

  /** A piece of the body, lent for the call. */
  void onResponseData(ByteBuf data, boolean endStream);

  /** Trailers, lent for the call; they end the response. */
  void onResponseTrailers(HeaderBlock trailers);

  /**
   * The stream is broken.
   *
   * @param detail for {@code upstream_transport_failure_reason}; may be empty
   */
  void onReset(ResetReason reason, String detail);

  /** The connection's send buffer has crossed its limit one way or the other. */
  void onUpstreamWritable(boolean writable);
}
