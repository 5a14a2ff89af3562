package io.meltemi.proxy.upstream;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.transport.TransportOptions;
import io.meltemi.proxy.upstream.UpstreamClient.Answer;
import io.meltemi.proxy.upstream.UpstreamClient.Failure;
import io.meltemi.proxy.upstream.UpstreamClient.Retries;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** One request of the proxy's own, tried again as told, and its whole answer. Loop only. */
public final class UpstreamCall implements UpstreamCallbacks {
  private final class Timeout extends LoopTimer {
    @Override
    protected void onTimeout() {
      onTimeoutOver();
    }
  }

  private final class BackOff extends LoopTimer {
    @Override
    protected void onTimeout() {
      attempt();
    }
  }

  private final UpstreamClient client;
  private final LoopContext loop;
  private final String clusterName;
  private final UpstreamClient.Request request;
  private final UpstreamClient.Listener listener;
  private final HeaderBlock response = new HeaderBlock();
  private final HeaderBlock trailers = new HeaderBlock();
  private final Timeout timeout = new Timeout();
  private final BackOff backOff = new BackOff();
  private ByteString.Output body = ByteString.newOutput(0);
  private @Nullable Cluster cluster;
  private @Nullable Host host;
  private @Nullable ConnectionPool pool;
  private @Nullable UpstreamStream stream;
  private int status;
  private int retries;
  private boolean over;

  UpstreamCall(
      UpstreamClient client,
      LoopContext loop,
      String clusterName,
      UpstreamClient.Request request,
      UpstreamClient.Listener listener) {
    this.client = client;
    this.loop = loop;
    this.clusterName = clusterName;
    this.request = request;
    this.listener = listener;
  }

  void start() {
    if (request.timeoutNanos() > 0) {
      loop.timers().start(timeout, request.timeoutNanos());
    }
    attempt();
  }

  /** Gives the request up; nothing more is heard of it. */
  public void cancel() {
    if (!over) {
      abandon();
      end();
    }
  }

  private void abandon() {
    UpstreamStream present = stream;
    ConnectionPool from = pool;
    stream = null;
    pool = null;
    if (present != null) {
      present.reset();
    } else if (from != null) {
      from.cancel(this);
    }
  }

  private void end() {
    over = true;
    stream = null;
    pool = null;
    loop.timers().cancel(timeout);
    loop.timers().cancel(backOff);
  }

  private void fail(Failure failure) {
    if (!over) {
      end();
      listener.onFailure(failure);
    }
  }

  private void attempt() {
    Cluster found = client.clusters.get(clusterName);
    if (found == null) {
      fail(Failure.NO_CLUSTER);
      return;
    }
    cluster = found;
    Host chosen = found.loadBalancer().choose(loop::random);
    if (chosen == null) {
      found.stats().cxNoneHealthy.inc();
      retryOr(Failure.NO_HOST);
      return;
    }
    host = chosen;
    status = 0;
    response.clear();
    trailers.clear();
    body = ByteString.newOutput(0);
    ConnectionPool leased = client.pools.of(loop).get(found, chosen, false, TransportOptions.NONE);
    pool = leased;
    leased.lease(this);
  }

  private void onTimeoutOver() {
    Cluster to = cluster;
    Host by = host;
    if (to != null && by != null && (stream != null || pool != null)) {
      to.stats().rqTimeout.inc();
      to.stats().responseCode(504);
      to.outlierDetector().onLocalFailure(by);
    }
    abandon();
    fail(Failure.TIMEOUT);
  }

  private void retryOr(Failure failure) {
    stream = null;
    pool = null;
    if (!retry()) {
      fail(failure);
    }
  }

  private boolean retry() {
    Retries policy = request.retries();
    Cluster to = cluster;
    if (to == null || policy.max() == 0) {
      return false;
    }
    if (retries >= policy.max()) {
      to.stats().rqRetryLimitExceeded.inc();
      return false;
    }
    to.stats().rqRetry.inc();
    to.stats().rqRetryBackoffExponential.inc();
    long ceiling =
        Math.min(policy.maxNanos(), policy.baseNanos() * ((1L << Math.min(retries, 20)) * 2 - 1));
    retries++;
    long wait = ceiling <= 0 ? 0 : Long.remainderUnsigned(loop.random(), ceiling);
    loop.timers().start(backOff, Math.max(1, wait));
    return true;
  }

  @Override
  public void onReady(UpstreamStream ready) {
    stream = ready;
    pool = null;
    ByteString sent = request.body();
    ready.sendHeaders(request.headers(), sent.isEmpty());
    if (!sent.isEmpty() && stream != null) {
      ready.sendData(Unpooled.wrappedBuffer(sent.asReadOnlyByteBuffer()), true);
    }
  }

  @Override
  public void onPoolFailure(PoolFailure failure, String detail) {
    Cluster to = cluster;
    Host by = host;
    if (failure == PoolFailure.OVERFLOW) {
      pool = null;
      fail(Failure.OVERFLOW);
      return;
    }
    if (to != null && by != null) {
      to.outlierDetector().onLocalFailure(by);
      to.stats().responseCode(503);
    }
    retryOr(Failure.CONNECT);
  }

  @Override
  public HeaderBlock responseHeaders() {
    return response;
  }

  @Override
  public void onResponseHeaders(int newStatus, boolean endStream) {
    status = newStatus;
    Cluster to = cluster;
    Host by = host;
    if (to != null && by != null) {
      to.stats().responseCode(newStatus);
      to.outlierDetector().onResponse(by, newStatus);
    }
    if (endStream) {
      complete();
    }
  }

  @Override
  public void onResponseData(ByteBuf data, boolean endStream) {
    int length = data.readableBytes();
    if (body.size() + length > request.answerBytesMax()) {
      abandon();
      fail(Failure.TOO_LARGE);
      return;
    }
    byte[] piece = new byte[length];
    data.getBytes(data.readerIndex(), piece);
    body.write(piece, 0, length);
    if (endStream) {
      complete();
    }
  }

  @Override
  public void onResponseTrailers(HeaderBlock told) {
    trailers.copyFrom(told);
    complete();
  }

  private void complete() {
    stream = null;
    Retries policy = request.retries();
    int grpc = GrpcHeaders.status(trailers);
    if (grpc == GrpcHeaders.NO_STATUS) {
      grpc = GrpcHeaders.status(response);
    }
    boolean again =
        (policy.onServerErrors() && status >= 500)
            || (grpc > 0 && grpc < Long.SIZE && (policy.grpcStatuses() >>> grpc & 1) != 0);
    if (again && retry()) {
      return;
    }
    end();
    listener.onAnswer(new Answer(status, response, body.toByteString(), trailers));
  }

  @Override
  public void onReset(ResetReason reason, String detail) {
    Cluster to = cluster;
    Host by = host;
    if (to != null && by != null) {
      to.outlierDetector().onLocalFailure(by);
      to.stats().responseCode(503);
    }
    retryOr(Failure.RESET);
  }

  @Override
  public void onUpstreamWritable(boolean writable) {
    // what is sent is small and sent at once
  }
}
