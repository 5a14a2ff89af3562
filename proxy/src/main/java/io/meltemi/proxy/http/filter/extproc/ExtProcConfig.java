package io.meltemi.proxy.http.filter.extproc;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.upstream.GrpcClient;

/**
 * The chain's configuration.
 *
 * @param statPrefix of the counters, with its final dot
 * @param timeoutNanos for each message's answer
 */
record ExtProcConfig(
    GrpcClient client,
    GrpcClient.Target target,
    Modes modes,
    String statPrefix,
    long timeoutNanos,
    Answers answers)
    implements HttpFilterConfig {
  /**
   * What becomes of answers.
   *
   * @param failurePasses whether a request goes on when the service fails
   * @param overridesModes whether the service may change what it is shown
   * @param takesReplies whether the service may answer the client
   * @param clearsRoute whether it may have the route chosen anew
   */
  record Answers(
      boolean failurePasses, boolean overridesModes, boolean takesReplies, boolean clearsRoute) {}

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new ExtProcFilter(this, context);
  }
}
