package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;

/**
 * What a filter sees of its stream. One context belongs to one filter instance and is valid for
 * every stream that the instance serves. Event loop of the stream only.
 */
public interface HttpFilterContext {
  EventLoop eventLoop();

  /** The request's headers as the filters so far have left them. */
  HeaderBlock requestHeaders();

  /** Goes on behind a {@link FilterStatus#PAUSE} or {@link FilterStatus#BUFFER} of a decode. */
  void continueDecoding();

  /** Goes on behind a {@link FilterStatus#PAUSE} or {@link FilterStatus#BUFFER} of an encode. */
  void continueEncoding();

  /** The immediate peer's address. */
  SocketAddress remoteAddress();
}
