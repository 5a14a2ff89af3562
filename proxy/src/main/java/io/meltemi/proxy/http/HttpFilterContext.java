package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.tracing.RequestTrace;
import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a filter sees of its stream. One context belongs to one filter instance and is valid for
 * every stream that the instance serves. Event loop of the stream only.
 */
public interface HttpFilterContext {
  /** Time, timers and random numbers of the stream's loop. */
  LoopContext loop();

  /** The request's headers as the filters so far have left them. */
  HeaderBlock requestHeaders();

  /** The response's headers; empty until there are some. */
  HeaderBlock responseHeaders();

  StreamInfo streamInfo();

  /** The connection manager's numbers, {@code http.<prefix>.}. */
  StatScope stats();

  /** The connection that the request came by. */
  DownstreamConnection connection();

  /** The immediate peer's address. */
  SocketAddress remoteAddress();

  /** Whether the request is from inside (Envoy's {@code x-envoy-internal}). */
  boolean isInternal();

  /** Whether the response is the proxy's own. */
  boolean isLocalReply();

  /** Whether the request asks for an upgrade or is a CONNECT: its body has no end of its own. */
  boolean isTunnel();

  /** The stream's random bits; the same at every call for one request. */
  long streamRandom();

  /** The route of the request, found when first asked for; null when none matches. */
  @Nullable Route route();

  /** Forgets the route, so that it is found again with the headers as they are now. */
  void clearRoute();

  /** What the route says to this filter; null when it says nothing. */
  @Nullable RouteFilterConfig routeConfig();

  /**
   * How much of the request a {@link FilterStatus#BUFFER} keeps before it is answered 413, in
   * bytes; {@link #bufferBytesMax} unless set. Of several filters the one that says so last counts.
   */
  void setRequestBufferBytesMax(int max);

  /** Goes on behind a {@link FilterStatus#PAUSE} or {@link FilterStatus#BUFFER} of a decode. */
  void continueDecoding();

  /** Goes on behind a {@link FilterStatus#PAUSE} or {@link FilterStatus#BUFFER} of an encode. */
  void continueEncoding();

  /**
   * In {@link HttpFilter#decodeData}: adds the piece to what is held at this filter and gives the
   * whole, which may be changed in place until the callback returns. What the callback answers then
   * counts for the whole.
   */
  ByteBuf gatherRequest(ByteBuf data);

  /** The same in {@link HttpFilter#encodeData}. */
  ByteBuf gatherResponse(ByteBuf data);

  /**
   * Goes on behind a {@link FilterStatus#TAKEN}: the filters behind this one get the piece, which
   * stays the caller's.
   *
   * @return false when a filter before this one holds the message: nothing is sent, and the caller
   *     is to try again later
   */
  boolean injectRequestData(ByteBuf data, boolean endStream);

  /** The request's own trailers, which the filter has taken. */
  boolean injectRequestTrailers();

  /** As {@link #injectRequestData}, towards the client. */
  boolean injectResponseData(ByteBuf data, boolean endStream);

  /** As {@link #injectRequestTrailers}; also ends a response that came without trailers. */
  boolean injectResponseTrailers(HeaderBlock trailers);

  /** Whether this filter takes more of the response. */
  void setResponseReading(boolean reading);

  /**
   * Answers the request here; the answer runs through the encode callbacks. The filter's own decode
   * callback then returns {@link FilterStatus#PAUSE}. When a response has already begun the stream
   * is broken off instead.
   *
   * @param flag for the access log; null for none
   * @param details response code details, such as {@code fault_filter_abort}
   */
  void sendLocalReply(int status, String body, @Nullable ResponseFlag flag, String details);

  /** As above, with headers of its own. */
  void sendLocalReply(LocalReply reply);

  /**
   * Answers in place of the response that came; no filter sees the answer. When the head of the
   * response is out, the stream is broken off instead. The filter's own encode callback then
   * returns {@link FilterStatus#PAUSE}.
   */
  void replaceResponse(LocalReply reply);

  /* For the filter that ends the chain. */

  /** The request's spans; null when nothing is traced here. */
  @Nullable RequestTrace trace();

  /** The choices made with the route; null when none matches. */
  @Nullable RouteChoice routeChoice();

  /** The response's head is in {@link #responseHeaders()}. */
  void encodeHeaders(int status, boolean endStream);

  /** A piece of the response's body; the buffer stays the caller's. */
  void encodeData(ByteBuf data, boolean endStream);

  /** Trailers; they end the response. */
  void encodeTrailers(HeaderBlock trailers);

  /** Breaks the response off, in HTTP/1.1 by closing the connection. */
  void resetStream(@Nullable ResponseFlag flag, String details);

  /** Whether this filter takes more of the request. */
  void setRequestReading(boolean reading);

  /** Whether the client takes more of the response. */
  boolean isDownstreamWritable();

  /** How much of a body may be kept in memory, in bytes. */
  int bufferBytesMax();
}
