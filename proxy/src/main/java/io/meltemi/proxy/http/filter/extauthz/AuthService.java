package io.meltemi.proxy.http.filter.extauthz;

import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.upstream.UpstreamCall;
import java.util.function.Consumer;

/** The service that is asked. Shared by event loops. */
sealed interface AuthService permits GrpcAuthService, HttpAuthService {
  /**
   * Asks; the listener may be told before this returns, and hears nothing of a call that was
   * cancelled.
   *
   * @param info of the stream that is asked about
   */
  UpstreamCall check(
      LoopContext loop, CheckRequest request, StreamInfo info, Consumer<Verdict> listener);
}
