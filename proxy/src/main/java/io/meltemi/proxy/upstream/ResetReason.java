package io.meltemi.proxy.upstream;

/** Why a leased stream ended before its response did. */
public enum ResetReason {
  /** The peer closed the connection before any byte of a response. */
  CLOSED_BEFORE_RESPONSE,
  /** The peer closed the connection within a response. */
  CLOSED,
  /** The peer sent what is not HTTP. */
  PROTOCOL_ERROR,
  /** The peer reset the stream. */
  REMOTE_RESET,
  /** The peer reset a tunnel, as what it leads to is gone. */
  REMOTE_CONNECT_ERROR,
  /** The peer has not looked at the stream, by its own word. */
  REMOTE_REFUSED
}
