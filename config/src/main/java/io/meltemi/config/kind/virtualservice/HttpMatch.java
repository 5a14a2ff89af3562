package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.StringMatch;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Conditions on a request; all must hold.
 *
 * @param name appended to the route's name; may be empty
 * @param port service (or gateway server) port that the request came to
 * @param statPrefix empty means no statistics of its own
 */
public record HttpMatch(
    String name, Request request, SourceMatch source, OptionalInt port, String statPrefix) {

  /**
   * What a request looks like. Maps are sorted by key; keys are as written, header names in lower
   * case.
   *
   * @param ignoreUriCase only for exact and prefix
   * @param withoutHeaders conditions that must not hold
   */
  public record Request(
      Optional<StringMatch> uri,
      boolean ignoreUriCase,
      Optional<StringMatch> scheme,
      Optional<StringMatch> method,
      Optional<StringMatch> authority,
      Map<String, StringMatch> headers,
      Map<String, StringMatch> withoutHeaders,
      Map<String, StringMatch> queryParams) {
    public Request {
      headers = Collections.unmodifiableMap(new TreeMap<>(headers));
      withoutHeaders = Collections.unmodifiableMap(new TreeMap<>(withoutHeaders));
      queryParams = Collections.unmodifiableMap(new TreeMap<>(queryParams));
    }
  }
}
