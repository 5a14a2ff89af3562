package io.meltemi.proxy.upstream;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.HealthProbe;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.transport.TransportOptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Asks by an HTTP request, over a pool of its own. Its state belongs to its event loop. */
final class HttpProbe implements HealthProbe {
  /** Of an answer's body this much is looked at. */
  private static final int BODY_BYTES_MAX = 4096;

  private final Place place;
  private final HttpQuestion question;
  private @Nullable ConnectionPool pool;
  private @Nullable Call call;

  /** Where to ask. */
  record Place(
      LoopContext loop, Connector connector, Cluster cluster, Host host, boolean reuseConnection) {}

  HttpProbe(Place place, HttpQuestion question) {
    this.place = place;
    this.question = question;
  }

  @Override
  public void ask(Consumer<Result> answer) {
    run(
        () -> {
          ConnectionPool asked = pool;
          if (asked == null) {
            asked =
                new ConnectionPool(
                    place.loop(),
                    place.connector(),
                    place.cluster(),
                    place.host(),
                    place.cluster().settings().http().protocol(),
                    TransportOptions.NONE);
            pool = asked;
          }
          Call next = new Call(asked, answer);
          call = next;
          asked.lease(next);
        });
  }

  private void run(Runnable task) {
    place.loop().eventLoop().execute(task);
  }

  private void endCall() {
    Call present = call;
    call = null;
    if (present != null) {
      present.giveUp();
    }
  }

  private void drop() {
    ConnectionPool present = pool;
    pool = null;
    if (present != null) {
      present.drain();
    }
  }

  @Override
  public void cancel() {
    run(
        () -> {
          endCall();
          // a host that does not answer on one connection may do so on the next
          drop();
        });
  }

  @Override
  public void close() {
    cancel();
  }

  /** One request and its answer. */
  private final class Call implements UpstreamCallbacks {
    private final ConnectionPool asked;
    private final Consumer<Result> answer;
    private final HeaderBlock request = new HeaderBlock();
    private final HeaderBlock response = new HeaderBlock();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable UpstreamStream stream;
    private int status;
    private boolean over;

    Call(ConnectionPool asked, Consumer<Result> answer) {
      this.asked = asked;
      this.answer = answer;
    }

    void giveUp() {
      if (over) {
        return;
      }
      over = true;
      UpstreamStream present = stream;
      if (present == null) {
        asked.cancel(this);
      } else {
        present.reset();
      }
    }

    private void finish(Result result) {
      if (over) {
        return;
      }
      over = true;
      call = null;
      if (!place.reuseConnection()) {
        // behind this call's own end, which is being told
        run(HttpProbe.this::drop);
      }
      answer.accept(result);
    }

    @Override
    public void onReady(UpstreamStream ready) {
      stream = ready;
      question.write(request);
      byte[] bytes = question.body();
      ready.sendHeaders(request, bytes.length == 0);
      if (bytes.length > 0 && !over) {
        ByteBuf data = Unpooled.wrappedBuffer(bytes);
        ready.sendData(data, true);
        data.release();
      }
    }

    @Override
    public void onPoolFailure(PoolFailure failure, String detail) {
      finish(Result.UNREACHABLE);
    }

    @Override
    public HeaderBlock responseHeaders() {
      return response;
    }

    @Override
    public void onResponseHeaders(int responseStatus, boolean endStream) {
      status = responseStatus;
      if (endStream) {
        finish(question.judge(status, response, new byte[0]));
      }
    }

    @Override
    public void onResponseData(ByteBuf data, boolean endStream) {
      int left = BODY_BYTES_MAX - body.size();
      body.writeBytes(
          ByteBufUtil.getBytes(data, data.readerIndex(), Math.min(left, data.readableBytes())));
      if (endStream) {
        finish(question.judge(status, response, body.toByteArray()));
      }
    }

    @Override
    public void onResponseTrailers(HeaderBlock trailers) {
      finish(question.judge(status, trailers, body.toByteArray()));
    }

    @Override
    public void onReset(ResetReason reason, String detail) {
      finish(Result.UNREACHABLE);
    }

    @Override
    public void onUpstreamWritable(boolean writable) {}
  }
}
