package io.meltemi.proxy.codec;

/** Why a stream ended before its time. */
public enum Http2Reset {
  /** The peer reset it. */
  REMOTE,
  /** The peer has not looked at it, by its own word: it can be sent again. */
  REMOTE_REFUSED,
  /** What the peer sent on this stream is malformed; it was reset here. */
  MALFORMED,
  /** A head or trailers beyond the limits; it was reset here. */
  HEAD_TOO_LARGE,
  /** The connection broke the protocol and was ended here. */
  CONNECTION_ERROR,
  /** The connection is gone. */
  CONNECTION_CLOSED
}
