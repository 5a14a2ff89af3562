package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.upstream.ConnectionPool;
import io.meltemi.proxy.upstream.PoolFailure;
import io.meltemi.proxy.upstream.ResetReason;
import io.meltemi.proxy.upstream.UpstreamCallbacks;
import io.meltemi.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request whose answer is dropped. It lives on its own: the original does not wait for
 * it and may be over first. A body that outgrows its limit ends the copy.
 */
final class MirrorRequest implements UpstreamCallbacks {
  private static final byte[] SHADOW = "-shadow".getBytes(StandardCharsets.US_ASCII);

  private final class Timeout extends LoopTimer {
    @Override
    protected void onTimeout() {
      abandon();
    }
  }

  private final LoopContext loop;
  private final Cluster cluster;
  private final ConnectionPool pool;
  private final Host host;
  private final int bufferBytesMax;
  private final HeaderBlock request = new HeaderBlock();
  private final HeaderBlock response = new HeaderBlock();
  private final BodyBuffer body = new BodyBuffer();
  private final Timeout timeout = new Timeout();
  private @Nullable UpstreamStream stream;
  private boolean requestEnded;
  private boolean over;

  MirrorRequest(
      LoopContext loop, Cluster cluster, ConnectionPool pool, Host host, int bufferBytesMax) {
    this.loop = loop;
    this.cluster = cluster;
    this.pool = pool;
    this.host = host;
    this.bufferBytesMax = bufferBytesMax;
  }

  /**
   * @param timeoutNanos 0 for none
   */
  void start(HeaderBlock original, boolean hostSuffix, boolean endStream, long timeoutNanos) {
    request.copyFrom(original);
    if (hostSuffix) {
      addSuffix();
    }
    requestEnded = endStream;
    if (timeoutNanos > 0) {
      loop.timers().start(timeout, timeoutNanos);
    }
    pool.lease(this);
  }

  /** {@code host:port} becomes {@code host-shadow:port}. */
  private void addSuffix() {
    String authority = request.get(HeaderName.AUTHORITY);
    if (authority != null) {
      int colon = authority.lastIndexOf(':');
      int at = colon > authority.lastIndexOf(']') ? colon : authority.length();
      String suffix = new String(SHADOW, StandardCharsets.US_ASCII);
      request.set(
          HeaderName.AUTHORITY, authority.substring(0, at) + suffix + authority.substring(at));
    }
  }

  void data(ByteBuf data, boolean endStream) {
    if (over) {
      return;
    }
    requestEnded = endStream;
    UpstreamStream present = stream;
    if (present != null) {
      present.sendData(data, endStream);
      if (!over && !endStream && !present.isWritable()) {
        abandon();
      }
      return;
    }
    body.add(data);
    if (body.size() > bufferBytesMax) {
      abandon();
    }
  }

  void trailers() {
    data(Unpooled.EMPTY_BUFFER, true);
  }

  /** The original is over; a copy that is not complete will never be. */
  void originalEnded() {
    if (!requestEnded) {
      abandon();
    }
  }

  private void abandon() {
    if (over) {
      return;
    }
    UpstreamStream present = stream;
    end();
    if (present == null) {
      pool.cancel(this);
    } else {
      present.reset();
    }
  }

  private void end() {
    over = true;
    stream = null;
    body.clear();
    loop.timers().cancel(timeout);
  }

  @Override
  public void onReady(UpstreamStream ready) {
    stream = ready;
    boolean bodyless = requestEnded && body.count() == 0;
    ready.sendHeaders(request, bodyless);
    for (int i = 0; i < body.count() && !over; i++) {
      ready.sendData(body.piece(i), requestEnded && i == body.count() - 1);
    }
    body.clear();
  }

  @Override
  public void onPoolFailure(PoolFailure failure, String detail) {
    end();
  }

  @Override
  public HeaderBlock responseHeaders() {
    return response;
  }

  @Override
  public void onResponseHeaders(int status, boolean endStream) {
    cluster.stats().responseCode(status);
    cluster.outlierDetector().onResponse(host, status);
    if (endStream) {
      end();
    }
  }

  @Override
  public void onResponseData(ByteBuf data, boolean endStream) {
    if (endStream) {
      end();
    }
  }

  @Override
  public void onResponseTrailers(HeaderBlock trailers) {
    end();
  }

  @Override
  public void onReset(ResetReason reason, String detail) {
    end();
  }

  @Override
  public void onUpstreamWritable(boolean writable) {
    // the original sets the pace; a copy that cannot keep up is given up
  }
}
