package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One fetch of a module from a server, tried again until it comes with the digest that it shall
 * have or there were tries enough. On one event loop, but for its making.
 */
final class RemoteCode {
  private static final System.Logger LOG = System.getLogger(RemoteCode.class.getName());

  private final UpstreamClient client;
  private final LoopContext loop;
  private final Source source;
  private final Consumer<ByteString> listener;
  private @Nullable UpstreamCall call;
  private int tries;
  private boolean over;
  private final LoopTimer again =
      new LoopTimer() {
        @Override
        protected void onTimeout() {
          attempt();
        }
      };

  /**
   * Where a module is.
   *
   * @param sha256 in hexadecimal digits, lower case
   * @param retries further tries; each pause is drawn from up to twice as long
   */
  record Source(ServiceParser.HttpTarget target, String sha256, UpstreamClient.Retries retries) {}

  /**
   * @param listener told once, of the code or of no bytes when it did not come
   */
  RemoteCode(
      UpstreamClient client, LoopContext loop, Source source, Consumer<ByteString> listener) {
    this.client = client;
    this.loop = loop;
    this.source = source;
    this.listener = listener;
  }

  void attempt() {
    if (over) {
      return;
    }
    tries++;
    HeaderBlock head = new HeaderBlock();
    head.add(HeaderName.METHOD, "GET");
    head.add(HeaderName.PATH, source.target().path());
    head.add(HeaderName.AUTHORITY, source.target().host());
    head.add(HeaderName.SCHEME, "http");
    UpstreamCall begun =
        client.send(
            loop,
            source.target().cluster(),
            new UpstreamClient.Request(
                head,
                ByteString.EMPTY,
                source.target().timeoutNanos(),
                WasmFilterFactory.CODE_BYTES_MAX,
                UpstreamClient.Retries.NONE),
            new UpstreamClient.Listener() {
              @Override
              public void onAnswer(UpstreamClient.Answer answer) {
                String digest = WasmFilterFactory.digest(answer.body());
                if (answer.status() != 200) {
                  failed("status " + answer.status());
                } else if (!digest.equals(source.sha256())) {
                  failed("sha256 " + digest);
                } else {
                  over = true;
                  listener.accept(answer.body());
                }
              }

              @Override
              public void onFailure(UpstreamClient.Failure failure) {
                failed(failure.name());
              }
            });
    call = over ? null : begun;
  }

  private void failed(String reason) {
    LOG.log(
        System.Logger.Level.WARNING,
        "wasm code of " + source.target().host() + source.target().path() + ": " + reason);
    UpstreamClient.Retries retries = source.retries();
    if (tries > retries.max()) {
      over = true;
      listener.accept(ByteString.EMPTY);
      return;
    }
    long ceiling =
        Math.min(
            retries.maxNanos(), retries.baseNanos() * ((1L << Math.min(tries - 1, 20)) * 2 - 1));
    loop.timers().start(again, Math.max(1, Long.remainderUnsigned(loop.random(), ceiling)));
  }

  void cancel() {
    over = true;
    loop.timers().cancel(again);
    UpstreamCall open = call;
    if (open != null) {
      call = null;
      open.cancel();
    }
  }
}
