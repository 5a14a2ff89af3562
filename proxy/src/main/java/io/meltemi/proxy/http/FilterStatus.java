package io.meltemi.proxy.http;

/** What a filter wants to happen after one of its callbacks. */
public enum FilterStatus {
  /** Go on to the next filter with this piece. */
  CONTINUE,

  /**
   * Hold the message here until {@code continueDecoding} or {@code continueEncoding}; what arrives
   * meanwhile is kept, the peer is read no further than the buffer limit, and this filter is not
   * asked again for what was kept (Envoy's {@code StopAllIterationAndWatermark}).
   */
  PAUSE,

  /**
   * Hold the message here, but show this filter each further piece; what it answers {@code BUFFER}
   * to is kept for the next filter. Beyond the buffer limit a request is answered 413 and a
   * response 500 (Envoy's {@code StopIteration} then {@code StopIterationAndBuffer}).
   */
  BUFFER,

  /**
   * This piece of a body, or these trailers, go no further; what takes their place the filter sends
   * itself ({@code injectRequestData} and the like), now or later. Never an answer to headers; only
   * of a filter with {@link HttpFilter#changesBody()} (Envoy's {@code StopIterationNoBuffer}).
   */
  TAKEN
}
