package io.meltemi.proxy.http.filter.ratelimit;

import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.upstream.GrpcClient;

/**
 * The chain's configuration.
 *
 * @param statPrefix of the counters, empty or with its final dot
 */
record RateLimitConfig(
    Service service, String domain, int stage, Asked asked, Answers answers, String statPrefix)
    implements HttpFilterConfig {
  /**
   * What is shared with others.
   *
   * @param localCluster of this proxy's node
   */
  record Service(
      GrpcClient client, GrpcClient.Target target, ClusterManager clusters, String localCluster) {}

  /** Which requests are asked about. */
  enum Requests {
    BOTH,
    INTERNAL,
    EXTERNAL
  }

  /**
   * @param enforced which of those beyond the limit are answered
   */
  record Asked(Requests requests, Fraction enabled, Fraction enforced) {}

  /**
   * How it answers.
   *
   * @param errorStatus when the service fails and failures deny
   * @param tellsLimits whether responses have {@code x-ratelimit-} headers
   * @param tellsLimited whether refusals have {@code x-envoy-ratelimited}
   */
  record Answers(
      int status,
      int errorStatus,
      boolean failureDenies,
      boolean resourceExhausted,
      boolean tellsLimits,
      boolean tellsLimited,
      HeaderMutations response) {}

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new RateLimitFilter(this, context);
  }
}
