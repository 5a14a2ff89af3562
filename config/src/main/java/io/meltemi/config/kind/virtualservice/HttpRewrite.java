package io.meltemi.config.kind.virtualservice;

import java.util.Optional;

/**
 * Changes of path and authority before a request is sent on.
 *
 * @param uri unset keeps the path; otherwise replaces the matched prefix, or the whole path after
 *     an exact match
 * @param uriRegex not together with {@code uri}
 * @param authority empty keeps it
 */
public record HttpRewrite(Optional<String> uri, Optional<RegexRewrite> uriRegex, String authority) {
  /**
   * An RE2 substitution.
   *
   * @param rewrite may hold {@code \1} and so on
   */
  public record RegexRewrite(String match, String rewrite) {}
}
