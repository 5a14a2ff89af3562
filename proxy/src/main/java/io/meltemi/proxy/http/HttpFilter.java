package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.netty.buffer.ByteBuf;

/**
 * One filter of a chain. An instance serves one stream at a time and is used again for later
 * streams: {@link #onStreamEnd()} must forget everything of the stream. Runs on the event loop of
 * the stream; must not block.
 *
 * <p>Requests run through the chain in its order, responses in reverse. Header blocks are the
 * stream's own and may be changed in the callback that shows them. A buffer is lent for the call:
 * who keeps it longer retains it.
 */
public interface HttpFilter {
  /**
   * The request's headers; the first callback of a stream.
   *
   * @param endStream whether neither body nor trailers follow
   */
  default FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    return FilterStatus.CONTINUE;
  }

  /** A piece of the request's body; may be empty when it only ends the stream. */
  default FilterStatus decodeData(ByteBuf data, boolean endStream) {
    return FilterStatus.CONTINUE;
  }

  /** The request's trailers; they end the request. */
  default FilterStatus decodeTrailers(HeaderBlock trailers) {
    return FilterStatus.CONTINUE;
  }

  /**
   * The response's headers, of a local reply too. Also shown to filters whose decode callbacks
   * never ran.
   *
   * @param endStream whether neither body nor trailers follow
   */
  default FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    return FilterStatus.CONTINUE;
  }

  /** A piece of the response's body; may be empty when it only ends the stream. */
  default FilterStatus encodeData(ByteBuf data, boolean endStream) {
    return FilterStatus.CONTINUE;
  }

  /** The response's trailers; they end the response. */
  default FilterStatus encodeTrailers(HeaderBlock trailers) {
    return FilterStatus.CONTINUE;
  }

  /**
   * Whether the filter, when it goes on behind a {@link FilterStatus#PAUSE} at the headers, is
   * shown the body that came meanwhile, as all of Envoy's are.
   */
  default boolean seesHeldBody() {
    return false;
  }

  /**
   * Whether the filter puts other pieces of a body in the place of those that come. It is shown
   * them also while a filter behind it holds the message, and must not hold any itself.
   */
  default boolean changesBody() {
    return false;
  }

  /** The client's connection has crossed its send limit one way or the other. */
  default void onDownstreamWritable(boolean writable) {}

  /**
   * The stream is over, whatever happened to it: timers must be cancelled and state forgotten.
   * Called once for each stream on which a decode or encode callback ran.
   */
  default void onStreamEnd() {}
}
