package io.meltemi.proxy.http.filter.jwtauthn;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where the keys of a provider come from. Shared by event loops. */
sealed interface KeySource {
  /** Keys of the configuration. */
  record Local(KeySet keys) implements KeySource {}

  /**
   * Keys of a server, kept for a while once fetched.
   *
   * <p>Differs from Envoy: keys are fetched when first needed, with {@code async_fetch} too; the
   * requests that need them wait.
   */
  final class Remote implements KeySource {
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private final UpstreamClient client;
    private final ServiceParser.HttpTarget target;
    private final UpstreamClient.Retries retries;
    private final long keptNanos;
    private volatile @Nullable Kept kept;

    private record Kept(KeySet keys, long untilNanos) {}

    /**
     * @param keptNanos how long fetched keys count
     */
    Remote(
        UpstreamClient client,
        ServiceParser.HttpTarget target,
        UpstreamClient.Retries retries,
        long keptNanos) {
      this.client = client;
      this.target = target;
      this.retries = retries;
      this.keptNanos = keptNanos;
    }

    /** The keys fetched last; null when there are none or they are too old. */
    @Nullable KeySet present(long nowNanos) {
      Kept last = kept;
      return last == null || nowNanos - last.untilNanos() >= 0 ? null : last.keys();
    }

    /**
     * Fetches them; the listener may be told before this returns, and hears nothing of a cancel.
     */
    UpstreamCall fetch(LoopContext loop, StatScope stats, Consumer<Optional<KeySet>> listener) {
      HeaderBlock headers = new HeaderBlock();
      headers.add(HeaderName.METHOD, "GET");
      headers.add(HeaderName.PATH, target.path());
      headers.add(HeaderName.AUTHORITY, target.host());
      headers.add(HeaderName.SCHEME, "http");
      Counter success = stats.counter("jwt_authn.jwks_fetch_success");
      Counter failed = stats.counter("jwt_authn.jwks_fetch_failed");
      return client.send(
          loop,
          target.cluster(),
          new UpstreamClient.Request(
              headers,
              com.google.protobuf.ByteString.EMPTY,
              target.timeoutNanos(),
              ANSWER_BYTES_MAX,
              retries),
          new UpstreamClient.Listener() {
            @Override
            public void onAnswer(UpstreamClient.Answer answer) {
              Optional<KeySet> keys =
                  answer.status() == 200
                      ? KeySet.parse(answer.body().toStringUtf8())
                      : Optional.empty();
              keys.ifPresent(found -> kept = new Kept(found, loop.nanos() + keptNanos));
              (keys.isPresent() ? success : failed).inc();
              listener.accept(keys);
            }

            @Override
            public void onFailure(UpstreamClient.Failure failure) {
              failed.inc();
              listener.accept(Optional.empty());
            }
          });
    }
  }
}
