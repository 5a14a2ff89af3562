package io.meltemi.proxy.upstream;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A call of a gRPC method that sends and takes messages as they come, over the pools of the request
 * path. Messages that are sent before there is a connection wait for it. Loop only.
 */
public final class GrpcStream<R extends Message> implements UpstreamCallbacks {
  private static final int PREFIX_BYTES = 5;
  private static final int MESSAGE_BYTES_MAX = 4 << 20;
  private static final int RESOURCE_EXHAUSTED = 8;
  private static final int INTERNAL = 13;
  private static final int UNAVAILABLE = 14;

  private final LoopContext loop;
  private final HeaderBlock request;
  private final Parser<R> parser;
  private final Listener<R> listener;
  private final HeaderBlock response = new HeaderBlock();
  private final ArrayDeque<ByteString> waiting = new ArrayDeque<>();
  private @Nullable Cluster cluster;
  private @Nullable Host host;
  private @Nullable ConnectionPool pool;
  private @Nullable UpstreamStream stream;
  private @Nullable ByteBuf received;
  private boolean ending;
  private boolean over;

  /** Hears messages in their order, then the end, unless the call is closed before. */
  public interface Listener<R extends Message> {
    void onMessage(R message);

    /**
     * @param status gRPC's; 0 when the service has ended the call well
     */
    void onClosed(int status);
  }

  GrpcStream(LoopContext loop, HeaderBlock request, Parser<R> parser, Listener<R> listener) {
    this.loop = loop;
    this.request = request;
    this.parser = parser;
    this.listener = listener;
  }

  void start(UpstreamClient client, String clusterName) {
    Cluster found = client.clusters.get(clusterName);
    if (found == null) {
      closed(UNAVAILABLE);
      return;
    }
    cluster = found;
    Host chosen = found.loadBalancer().choose(loop::random);
    if (chosen == null) {
      found.stats().cxNoneHealthy.inc();
      closed(UNAVAILABLE);
      return;
    }
    host = chosen;
    ConnectionPool leased = client.pools.of(loop).get(found, chosen, false, TransportOptions.NONE);
    pool = leased;
    leased.lease(this);
  }

  /** Whether nothing more can be sent or heard. */
  public boolean isOver() {
    return over;
  }

  public void send(Message message) {
    if (over || ending) {
      return;
    }
    ByteString frame = GrpcClient.frame(message);
    UpstreamStream present = stream;
    if (present == null) {
      waiting.add(frame);
    } else {
      present.sendData(Unpooled.wrappedBuffer(frame.asReadOnlyByteBuffer()), false);
    }
  }

  /** Sends no more; the end that the service gives the call is not heard. */
  public void close() {
    if (over) {
      return;
    }
    UpstreamStream present = stream;
    ConnectionPool from = pool;
    over();
    if (present != null) {
      ending = true;
      present.sendData(Unpooled.EMPTY_BUFFER, true);
      present.reset();
    } else if (from != null) {
      from.cancel(this);
    }
  }

  private void over() {
    over = true;
    stream = null;
    pool = null;
    waiting.clear();
    ByteBuf left = received;
    if (left != null) {
      received = null;
      left.release();
    }
  }

  private void closed(int status) {
    if (!over) {
      over();
      listener.onClosed(status);
    }
  }

  private void fail(int status) {
    UpstreamStream present = stream;
    stream = null;
    if (present != null) {
      present.reset();
    }
    closed(status);
  }

  @Override
  public void onReady(UpstreamStream ready) {
    stream = ready;
    pool = null;
    ready.sendHeaders(request, false);
    for (ByteString next = waiting.poll(); next != null && stream == ready; next = waiting.poll()) {
      ready.sendData(Unpooled.wrappedBuffer(next.asReadOnlyByteBuffer()), false);
    }
  }

  @Override
  public void onPoolFailure(PoolFailure failure, String detail) {
    pool = null;
    Cluster to = cluster;
    Host by = host;
    if (failure != PoolFailure.OVERFLOW && to != null && by != null) {
      to.outlierDetector().onLocalFailure(by);
      to.stats().responseCode(503);
    }
    closed(UNAVAILABLE);
  }

  @Override
  public HeaderBlock responseHeaders() {
    return response;
  }

  @Override
  public void onResponseHeaders(int status, boolean endStream) {
    Cluster to = cluster;
    Host by = host;
    if (to != null && by != null) {
      to.stats().responseCode(status);
      to.outlierDetector().onResponse(by, status);
    }
    if (endStream) {
      stream = null;
      int told = GrpcHeaders.status(response);
      closed(
          told != GrpcHeaders.NO_STATUS
              ? told
              : status == 200 ? INTERNAL : GrpcHeaders.ofHttpStatus(status));
    } else if (status != 200) {
      fail(GrpcHeaders.ofHttpStatus(status));
    }
  }

  @Override
  public void onResponseData(ByteBuf data, boolean endStream) {
    ByteBuf all = received;
    if (all == null) {
      all = Unpooled.buffer(data.readableBytes());
      received = all;
    }
    all.writeBytes(data, data.readerIndex(), data.readableBytes());
    while (!over && all.readableBytes() >= PREFIX_BYTES) {
      long length = all.getUnsignedInt(all.readerIndex() + 1);
      if (all.getByte(all.readerIndex()) != 0 || length > MESSAGE_BYTES_MAX) {
        fail(length > MESSAGE_BYTES_MAX ? RESOURCE_EXHAUSTED : INTERNAL);
        return;
      }
      if (all.readableBytes() < PREFIX_BYTES + length) {
        break;
      }
      all.skipBytes(PREFIX_BYTES);
      byte[] bytes = new byte[(int) length];
      all.readBytes(bytes);
      R message;
      try {
        message = parser.parseFrom(bytes);
      } catch (InvalidProtocolBufferException e) {
        fail(INTERNAL);
        return;
      }
      listener.onMessage(message);
    }
    if (!over) {
      all.discardReadBytes();
      if (endStream) {
        stream = null;
        closed(INTERNAL);
      }
    }
  }

  @Override
  public void onResponseTrailers(HeaderBlock trailers) {
    stream = null;
    int status = GrpcHeaders.status(trailers);
    closed(status == GrpcHeaders.NO_STATUS ? INTERNAL : status);
  }

  @Override
  public void onReset(ResetReason reason, String detail) {
    stream = null;
    Cluster to = cluster;
    Host by = host;
    if (to != null && by != null) {
      to.outlierDetector().onLocalFailure(by);
    }
    closed(UNAVAILABLE);
  }

  @Override
  public void onUpstreamWritable(boolean writable) {
    // one message at a time of each direction waits for its answer
  }
}
