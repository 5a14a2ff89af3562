package io.meltemi.proxy.route;

/**
 * Times that bound a forwarded request, in nanoseconds.
 *
 * @param responseNanos from the end of the request to the end of the response, retries included; 0
 *     for no limit
 * @param idleNanos without any byte; 0 for no limit, {@link #UNSET} leaves it to the connection
 *     manager
 * @param streamNanosMax whole life of the stream; 0 for no limit, {@link #UNSET} as above
 * @param grpcHeaderNanosMax upper limit of a client's {@code grpc-timeout}, 0 for none; {@link
 *     #UNSET} does not look at that header
 * @param grpcHeaderOffsetNanos taken off a client's {@code grpc-timeout}
 * @param grpcHeaderBoundsStream whether {@code grpc-timeout} bounds the whole life of the stream
 *     ({@code max_stream_duration}) rather than the response ({@code max_grpc_timeout})
 */
public record Timeouts(
    long responseNanos,
    long idleNanos,
    long streamNanosMax,
    long grpcHeaderNanosMax,
    long grpcHeaderOffsetNanos,
    boolean grpcHeaderBoundsStream) {
  public static final long UNSET = -1;

  /** Envoy's: 15 seconds for the response. */
  public static final Timeouts DEFAULT =
      new Timeouts(15_000_000_000L, UNSET, UNSET, UNSET, 0, false);

  /** Whether {@code grpc-timeout} stands in for the response's limit. */
  public boolean boundsGrpcResponse() {
    return grpcHeaderNanosMax != UNSET && !grpcHeaderBoundsStream;
  }
}
