package io.meltemi.controlplane.translate;

import io.envoyproxy.envoy.config.route.v3.RetryPolicy;
import java.util.ArrayList;
import java.util.List;

/** What Istio's {@code retryOn} says, as Envoy wants it. */
public final class RetryTerms {
  private static final String RETRIABLE_STATUS_CODES = "retriable-status-codes";

  private RetryTerms() {}

  /** Numbers become retriable status codes, which need a word of their own in the list. */
  public static void apply(RetryPolicy.Builder policy, List<String> written) {
    List<String> words = new ArrayList<>();
    for (String token : written) {
      if (token.chars().allMatch(Character::isDigit)) {
        policy.addRetriableStatusCodes(Integer.parseInt(token));
      } else {
        words.add(token);
      }
    }
    if (policy.getRetriableStatusCodesCount() > 0 && !words.contains(RETRIABLE_STATUS_CODES)) {
      words.add(RETRIABLE_STATUS_CODES);
    }
    policy.setRetryOn(String.join(",", words));
  }
}
