package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.Http2Error;
import io.meltemi.proxy.codec.Http2Reset;
import io.meltemi.proxy.codec.Http2Stream;
import io.meltemi.proxy.header.HeaderBlock;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What is on the wire of one HTTP/2 request. It may outlive its {@link HttpStream}: the rest of a
 * response waits here for the client's windows.
 */
final class Http2ServerStream extends Http2Stream {
  private @Nullable Http2ServerConnection owner;
  private @Nullable HttpStream http;

  /** Whether the {@link HttpStream} has heard of its request. */
  private boolean told;

  /** Whether the codec has forgotten the stream. */
  private boolean forgotten;

  void attach(Http2ServerConnection connection, HttpStream stream) {
    owner = connection;
    http = stream;
    told = false;
    forgotten = false;
    stream.http2 = this;
  }

  /** The request is over for the proxy. */
  void detach() {
    http = null;
  }

  boolean isAttached() {
    return http != null;
  }

  void forget() {
    forgotten = true;
  }

  boolean isForgotten() {
    return forgotten;
  }

  private HttpStream http() {
    HttpStream present = http;
    if (present == null) {
      throw new IllegalStateException("stream is over");
    }
    return present;
  }

  @Override
  protected HeaderBlock headers() {
    return http().request;
  }

  @Override
  protected HeaderBlock trailers() {
    HttpStream present = http;
    return present == null ? new HeaderBlock() : present.requestTrailers;
  }

  @Override
  protected void onHeaders(int status, boolean endStream) {
    told = true;
    Http2ServerConnection connection = owner;
    if (connection != null) {
      connection.onRequest(this, http(), endStream);
    }
  }

  @Override
  protected void onData(ByteBuf data, boolean endStream) {
    HttpStream present = http;
    if (present != null) {
      present.onData(data, endStream);
    }
  }

  @Override
  protected void onTrailers() {
    HttpStream present = http;
    if (present != null) {
      present.onTrailers();
    }
  }

  @Override
  protected void onReset(Http2Reset reason, Http2Error error, String details) {
    HttpStream present = http;
    Http2ServerConnection connection = owner;
    if (present != null && connection != null) {
      connection.onReset(present, told, reason, details);
    }
  }

  @Override
  protected void onWritable(boolean writable) {
    HttpStream present = http;
    if (present != null) {
      present.onWritable(writable);
    }
  }
}
