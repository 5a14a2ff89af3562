package io.meltemi.proxy.codec;

/**
 * What {@code Http2ProtocolOptions} says; for either role.
 *
 * @param hpackTableBytes of the dynamic tables, both directions
 * @param concurrentStreamsMax that a peer may open, or that are opened towards a peer
 * @param streamWindowBytes what a peer may send ahead on one stream
 * @param connectionWindowBytes what a peer may send ahead on all streams together
 * @param resetsMalformed whether a malformed message ends its stream only, not the connection
 * @param allowsConnect whether a server takes {@code :protocol} (RFC 8441)
 */
public record Http2Settings(
    int hpackTableBytes,
    int concurrentStreamsMax,
    int streamWindowBytes,
    int connectionWindowBytes,
    boolean resetsMalformed,
    boolean allowsConnect,
    Floods floods,
    KeepAlive keepAlive) {

  /**
   * How much a peer may ask for without giving.
   *
   * @param outboundFramesMax frames written and not yet taken by the socket
   * @param outboundControlFramesMax of these, PING, SETTINGS, RST_STREAM and WINDOW_UPDATE
   * @param emptyFramesMax frames in a row with neither payload nor end of stream
   * @param priorityFramesPerStreamMax for each stream ever opened
   * @param windowUpdatesPerDataFrameMax for each DATA frame ever sent
   */
  public record Floods(
      int outboundFramesMax,
      int outboundControlFramesMax,
      int emptyFramesMax,
      int priorityFramesPerStreamMax,
      int windowUpdatesPerDataFrameMax) {
    /** Envoy's defaults. */
    public static final Floods DEFAULT = new Floods(10_000, 1_000, 1, 100, 10);
  }

  /**
   * PING frames that find a dead peer.
   *
   * @param intervalNanos between pings; 0 for none
   * @param timeoutNanos for an answer
   * @param idleNanos a ping goes out before the first request after so long; 0 for none
   */
  public record KeepAlive(long intervalNanos, long timeoutNanos, long idleNanos) {
    public static final KeepAlive NONE = new KeepAlive(0, 0, 0);
  }

  /** Largest window (RFC 9113 section 6.9.1), and initial one. */
  public static final int WINDOW_BYTES_MAX = Integer.MAX_VALUE;

  public static final int WINDOW_BYTES_DEFAULT = 65_535;

  /** Envoy's defaults: 1024 streams, 16 MiB for a stream, 24 MiB for a connection. */
  public static final Http2Settings DEFAULT =
      new Http2Settings(
          4096,
          1024,
          16 * 1024 * 1024,
          24 * 1024 * 1024,
          true,
          false,
          Floods.DEFAULT,
          KeepAlive.NONE);

  public Http2Settings {
    if (hpackTableBytes < 0
        || concurrentStreamsMax < 1
        || streamWindowBytes < WINDOW_BYTES_DEFAULT
        || connectionWindowBytes < WINDOW_BYTES_DEFAULT) {
      throw new IllegalArgumentException(
          "HTTP/2 settings: "
              + hpackTableBytes
              + ", "
              + concurrentStreamsMax
              + ", "
              + streamWindowBytes
              + ", "
              + connectionWindowBytes
              + " (expected: >= 0, >= 1, >= 65535, >= 65535)");
    }
  }
}
