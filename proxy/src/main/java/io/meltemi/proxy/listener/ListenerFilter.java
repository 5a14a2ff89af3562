package io.meltemi.proxy.listener;

import io.netty.buffer.ByteBuf;

/**
 * Looks at a connection before its filter chain is chosen. One instance per connection; event loop
 * of the connection.
 */
public interface ListenerFilter {
  /** What a filter wants next. */
  enum Status {
    /** It has seen enough. */
    DONE,

    /** It needs more bytes than there are. */
    MORE,

    /** The connection is to be closed. */
    CLOSE
  }

  /** The connection was accepted; {@link Status#MORE} asks for bytes. */
  Status onAccept(AcceptedSocket socket);

  /**
   * The bytes received so far, from the first; called again with more after {@link Status#MORE}.
   *
   * @param peeked from reader to writer index; neither may be moved, the bytes may not be changed.
   *     {@link AcceptedSocket#consume} takes bytes off once the filter is done
   */
  default Status onData(AcceptedSocket socket, ByteBuf peeked) {
    return Status.DONE;
  }

  /** How many bytes it may ask for; with that many there it has to decide. */
  default int bytesMax() {
    return 0;
  }
}
