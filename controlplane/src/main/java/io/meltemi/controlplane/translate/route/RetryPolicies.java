package io.meltemi.controlplane.translate.route;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate;
import io.envoyproxy.envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig;
import io.meltemi.config.traffic.HttpRetry;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RetryTerms;
import java.util.Optional;

/**
 * Istio's retry settings as Envoy's {@code route.v3.RetryPolicy}, over the defaults that hold even
 * without any VirtualService.
 */
final class RetryPolicies {
  private static final String DEFAULT_RETRY_ON =
      "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
  private static final int DEFAULT_RETRIES = 2;

  /** Picks before Envoy takes a host that was tried already. */
  private static final int HOST_SELECTION_ATTEMPTS = 5;

  /** Failed attempts after which the priorities are computed anew. */
  private static final int PRIORITY_UPDATE_FREQUENCY = 2;

  private RetryPolicies() {}

  /**
   * The policy of a route.
   *
   * @param written the route's own, else the mesh's default when it has one
   * @param hashed the endpoint is chosen by a hash, so a retry must be able to go to it again
   * @return empty when retries are switched off
   */
  static Optional<RetryPolicy> of(Optional<HttpRetry> written, boolean hashed) {
    if (written.isEmpty()) {
      return Optional.of(defaults(!hashed).build());
    }
    HttpRetry retry = written.get();
    if (retry.attempts() <= 0) {
      return Optional.empty();
    }
    RetryPolicy.Builder policy =
        defaults(retry.retryIgnorePreviousHosts().orElse(true) && !hashed)
            .setNumRetries(ProtoValues.uint32(retry.attempts()));
    if (!retry.retryOn().isEmpty()) {
      RetryTerms.apply(policy, retry.retryOn());
    }
    retry
        .perTryTimeout()
        .ifPresent(timeout -> policy.setPerTryTimeout(ProtoValues.duration(timeout)));
    retry
        .backoff()
        .ifPresent(
            base ->
                policy.setRetryBackOff(
                    RetryPolicy.RetryBackOff.newBuilder()
                        .setBaseInterval(ProtoValues.duration(base))));
    if (retry.retryRemoteLocalities().orElse(false)) {
      policy.setRetryPriority(
          RetryPolicy.RetryPriority.newBuilder()
              .setName("envoy.retry_priorities.previous_priorities")
              .setTypedConfig(
                  Any.pack(
                      PreviousPrioritiesConfig.newBuilder()
                          .setUpdateFrequency(PRIORITY_UPDATE_FREQUENCY)
                          .build())));
    }
    return Optional.of(policy.build());
  }

  private static RetryPolicy.Builder defaults(boolean avoidPreviousHosts) {
    RetryPolicy.Builder policy =
        RetryPolicy.newBuilder()
            .setRetryOn(DEFAULT_RETRY_ON)
            .setNumRetries(ProtoValues.uint32(DEFAULT_RETRIES))
            .setHostSelectionRetryMaxAttempts(HOST_SELECTION_ATTEMPTS);
    if (avoidPreviousHosts) {
      policy.addRetryHostPredicate(
          RetryPolicy.RetryHostPredicate.newBuilder()
              .setName("envoy.retry_host_predicates.previous_hosts")
              .setTypedConfig(Any.pack(PreviousHostsPredicate.getDefaultInstance())));
    }
    return policy;
  }
}
