package io.meltemi.config.traffic;

import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads {@code HTTPRetry}. */
public final class HttpRetryParser {
  private static final Set<String> WORDS =
      Set.of(
          "5xx",
          "gateway-error",
          "reset",
          "reset-before-request",
          "connect-failure",
          "retriable-4xx",
          "refused-stream",
          "retriable-status-codes",
          "retriable-headers",
          "envoy-ratelimited",
          "http3-post-connect-failure",
          "cancelled",
          "deadline-exceeded",
          "internal",
          "resource-exhausted",
          "unavailable");

  private HttpRetryParser() {}

  public static HttpRetry parse(ObjectReader reader) {
    HttpRetry retry =
        new HttpRetry(
            reader.count("attempts").orElse(0),
            reader.durationMillis("perTryTimeout"),
            retryOn(reader),
            reader.optionalBool("retryRemoteLocalities"),
            reader.optionalBool("retryIgnorePreviousHosts"),
            reader.durationMillis("backoff"));
    if (retry.attempts() == 0) {
      for (String field : List.of("perTryTimeout", "retryOn", "retryRemoteLocalities")) {
        if (reader.has(field)) {
          reader.error(
              field, reader.written(field), "no such setting while attempts is 0 or not set");
        }
      }
    }
    return retry;
  }

  private static List<String> retryOn(ObjectReader reader) {
    List<String> words = new ArrayList<>();
    for (String part : reader.string("retryOn").split(",", -1)) {
      String word = part.trim();
      if (word.isEmpty()) {
        continue;
      }
      if (!WORDS.contains(word) && !isStatus(word)) {
        reader.error(
            "retryOn",
            '"' + word + '"',
            "a status such as 503, or one of "
                + String.join(", ", WORDS.stream().sorted().toList()));
      }
      words.add(word);
    }
    return words;
  }

  /** The statuses that IANA has registered. */
  private static boolean isStatus(String word) {
    if (word.length() != 3 || !word.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return false;
    }
    int status = Integer.parseInt(word);
    return (status >= 100 && status <= 103)
        || (status >= 200 && status <= 208)
        || status == 226
        || (status >= 300 && status <= 308)
        || (status >= 400 && status <= 418)
        || (status >= 421 && status <= 431 && status != 427 && status != 430)
        || status == 451
        || (status >= 500 && status <= 511 && status != 509);
  }
}
