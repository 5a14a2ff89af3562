package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopTimer;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an {@link Http2Connection}: what both sides send on it, and its flow control. The
 * subclass gives the blocks that heads are decoded into and hears what comes. An object can be used
 * again for later streams, after {@link Http2Listener#onStreamClosed}. Loop only.
 *
 * <p>Any callback may send, reset, or end the connection. After {@link #onReset}, or when both
 * sides have ended, nothing more is called but {@link Http2Listener#onStreamClosed}.
 */
public abstract class Http2Stream {
  @Nullable Http2Connection connection;
  int id;

  /** Bytes that may be sent; below 0 after the peer has made its windows smaller. */
  int sendWindow;

  /** Bytes that the peer may still send. */
  int receiveWindow;

  /** Bytes taken that the peer has not been told of. */
  int unannounced;

  /** Bytes taken while reading was stopped; not to be announced before it goes on. */
  int withheld;

  boolean readingStopped;
  boolean headReceived;
  boolean remoteEnded;
  boolean localEnded;
  boolean headSent;

  /** Request and response at once are over, or it was reset: out of the table. */
  boolean closed = true;

  boolean toldUnwritable;
  boolean headRequest;

  /** Nobody waits for the rest of the peer's side. */
  boolean abandoned;

  /** Bytes of body still to come by content-length, or -1. */
  long bodyLeft;

  // what waits for windows
  private @Nullable ArrayDeque<ByteBuf> queue;
  int queuedBytes;
  boolean endQueued;
  @Nullable HeaderBlock trailersQueued;
  boolean waiting;
  @Nullable Http2Stream nextWaiting;
  @Nullable Http2Stream previousWaiting;
  private @Nullable FlushTimer flushTimer;

  private final class FlushTimer extends LoopTimer {
    @Override
    protected void onTimeout() {
      Http2Connection present = connection;
      if (present != null && !closed) {
        present.flushTimedOut(Http2Stream.this);
      }
    }
  }

  /** The next use begins. */
  final void begin(Http2Connection newConnection, int newId, int sendBytes, int receiveBytes) {
    connection = newConnection;
    id = newId;
    sendWindow = sendBytes;
    receiveWindow = receiveBytes;
    unannounced = 0;
    withheld = 0;
    readingStopped = false;
    headReceived = false;
    remoteEnded = false;
    localEnded = false;
    headSent = false;
    closed = false;
    toldUnwritable = false;
    headRequest = false;
    abandoned = false;
    bodyLeft = -1;
    endQueued = false;
  }

  // ---- what the subclass gives and hears

  /** The block that a head is decoded into; it is cleared first. */
  protected abstract HeaderBlock headers();

  /** The block that trailers are decoded into; it is cleared first. */
  protected abstract HeaderBlock trailers();

  /**
   * The head is in {@link #headers()}: a request's, or a final response's.
   *
   * @param status of a response; 0 for a request
   * @param endStream whether neither body nor trailers follow
   */
  protected abstract void onHeaders(int status, boolean endStream);

  /** An interim response's head is in {@link #headers()}; the final one will replace it. */
  protected void onInterim(int status) {}

  /** A piece of the body, lent for the call; may be empty when it only ends the stream. */
  protected abstract void onData(ByteBuf data, boolean endStream);

  /** The trailers are in {@link #trailers()}; they end the peer's side. */
  protected abstract void onTrailers();

  /**
   * The stream is over before its time; not called after {@link #reset}.
   *
   * @param error on the wire, either way
   * @param details Envoy's words, such as {@code http2.remote_reset}
   */
  protected abstract void onReset(Http2Reset reason, Http2Error error, String details);

  /** What waits to be sent has crossed its limit one way or the other. */
  protected abstract void onWritable(boolean writable);

  // ---- what the subclass can do

  /** The id on the wire; 0 before a client's head is sent. */
  public final int id() {
    return id;
  }

  /** Whether nothing can be sent and nothing will be heard any more. */
  public final boolean isClosed() {
    return closed;
  }

  /** Whether the peer has ended its side. */
  public final boolean isRemoteEnded() {
    return remoteEnded;
  }

  /** Whether this side has been ended, though some of it may still wait for windows. */
  public final boolean isLocalEnded() {
    return localEnded;
  }

  private Http2Connection open() {
    Http2Connection present = connection;
    if (present == null || closed) {
      throw new IllegalStateException("stream is closed");
    }
    return present;
  }

  /** Sends a request's head, pseudo headers included; only after {@link Http2Connection#open}. */
  public final void sendRequest(HeaderBlock headers, boolean endStream) {
    open().sendHead(this, 0, headers, endStream);
  }

  /**
   * Sends a response's head; interim statuses may come before the final one.
   *
   * @param headers pseudo headers in it are left out
   */
  public final void sendResponse(int status, HeaderBlock headers, boolean endStream) {
    open().sendHead(this, status, headers, endStream);
  }

  /**
   * Sends a piece of the body, or keeps it until the peer takes it; the buffer stays the caller's,
   * its bytes must not change.
   */
  public final void sendData(ByteBuf data, boolean endStream) {
    open().sendData(this, data, endStream);
  }

  /** Ends this side with trailers, behind what waits. */
  public final void sendTrailers(HeaderBlock trailers) {
    open().sendTrailers(this, trailers);
  }

  /** Ends the stream at once; nothing is heard of it any more but that it is closed. */
  public final void reset(Http2Error error) {
    Http2Connection present = connection;
    if (present != null && !closed) {
      present.resetStream(this, error);
    }
  }

  /**
   * Nobody waits for the rest of the peer's side: once what was sent is out, a stream that the peer
   * has not ended is reset without an error (RFC 9113 section 8.1). What still comes is told as
   * before. Only when this side has ended.
   */
  public final void abandon() {
    Http2Connection present = connection;
    if (present != null && !closed) {
      abandoned = true;
      present.closeIfOver(this);
    }
  }

  /**
   * Stops or resumes reading. What the peer has sent, or may send by its window, still comes; it
   * gets no further window until reading goes on.
   */
  public final void setReading(boolean reading) {
    Http2Connection present = connection;
    if (present != null && !closed && readingStopped == reading) {
      readingStopped = !reading;
      if (reading) {
        present.readingResumed(this);
      }
    }
  }

  /** Whether what waits is below its limit and the socket takes bytes. */
  public final boolean isWritable() {
    Http2Connection present = connection;
    return present != null && !closed && present.isWritable(this);
  }

  // ---- the queue, for the connection

  final boolean hasQueued() {
    ArrayDeque<ByteBuf> present = queue;
    return endQueued || (present != null && !present.isEmpty());
  }

  final void enqueue(ByteBuf data) {
    ArrayDeque<ByteBuf> present = queue;
    if (present == null) {
      present = new ArrayDeque<>(4);
      queue = present;
    }
    queuedBytes += data.readableBytes();
    present.addLast(data);
  }

  final @Nullable ByteBuf firstQueued() {
    ArrayDeque<ByteBuf> present = queue;
    return present == null ? null : present.peekFirst();
  }

  /** The first piece was sent whole. */
  final void removeQueued() {
    ArrayDeque<ByteBuf> present = queue;
    if (present != null) {
      present.removeFirst().release();
    }
  }

  final void discardQueued() {
    ArrayDeque<ByteBuf> present = queue;
    if (present != null) {
      for (ByteBuf next = present.pollFirst(); next != null; next = present.pollFirst()) {
        next.release();
      }
    }
    queuedBytes = 0;
    endQueued = false;
    trailersQueued = null;
  }

  final LoopTimer flushTimer() {
    FlushTimer present = flushTimer;
    if (present == null) {
      present = new FlushTimer();
      flushTimer = present;
    }
    return present;
  }

  final boolean hasFlushTimer() {
    FlushTimer present = flushTimer;
    return present != null && present.isStarted();
  }
}
