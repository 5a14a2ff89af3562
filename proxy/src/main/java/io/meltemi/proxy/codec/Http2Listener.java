package io.meltemi.proxy.codec;

/** What the owner of an {@link Http2Connection} hears. All on its loop. */
public interface Http2Listener {
  /**
   * A peer opens a stream; its head follows at once. Only asked of a server.
   *
   * @return an object that is not in use
   */
  Http2Stream newStream();

  /**
   * A stream is closed and forgotten, after everything it was told itself; the object is free for
   * another use when this returns.
   */
  void onStreamClosed(Http2Stream stream);

  /**
   * The peer takes no further streams: no new one can be opened. Streams of ours that it will not
   * look at have been reset as {@link Http2Reset#REMOTE_REFUSED}.
   */
  void onGoAway(Http2Error error);

  /** The peer's settings have come or changed. */
  void onSettings();

  /**
   * The connection is over: GOAWAY is written, every stream was reset. The owner closes the channel
   * behind what is written; whatever is read until then is dropped.
   *
   * @param details Envoy's words, such as {@code http2.outbound_frames_flood}
   */
  void onFailed(Http2Error error, String details);
}
