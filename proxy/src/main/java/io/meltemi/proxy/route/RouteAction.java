package io.meltemi.proxy.route;

import io.meltemi.proxy.cluster.HashPolicy;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.RegexRewrite;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What happens to a request that took a route. */
public sealed interface RouteAction {

  /**
   * Sent to a cluster.
   *
   * @param mirrors copies that are sent and forgotten
   */
  record Forward(
      ClusterSpecifier cluster,
      PathRewrite pathRewrite,
      HostRewrite hostRewrite,
      Timeouts timeouts,
      Optional<RetryPolicy> retryPolicy,
      List<MirrorPolicy> mirrors,
      ForwardOptions options)
      implements RouteAction {
    public Forward {
      mirrors = List.copyOf(mirrors);
    }
  }

  /**
   * The rarer settings of forwarding.
   *
   * @param clusterNotFoundStatus answer when the cluster does not exist: 503, 404 or 500
   * @param appendForwardedHost whether a rewritten authority leaves the old one in {@code
   *     x-forwarded-host}
   * @param highPriority which circuit breakers count
   * @param hashPolicies what consistent hashing looks at, in order
   * @param upgrades upgrade type in lower case to whether the route allows it; others are the
   *     connection manager's choice
   * @param connect how CONNECT ends here; empty when it is passed on as it is
   * @param includeAttemptCount whether the request carries {@code x-envoy-attempt-count}
   * @param attemptCountInResponse whether the response does
   */
  record ForwardOptions(
      int clusterNotFoundStatus,
      boolean appendForwardedHost,
      boolean highPriority,
      List<HashPolicy> hashPolicies,
      Map<String, Boolean> upgrades,
      Optional<Connect> connect,
      boolean includeAttemptCount,
      boolean attemptCountInResponse) {
    public ForwardOptions {
      hashPolicies = List.copyOf(hashPolicies);
      upgrades = Map.copyOf(upgrades);
    }
  }

  /**
   * CONNECT ends at this proxy: what follows goes to the upstream as plain TCP.
   *
   * @param allowPost whether POST does the same
   */
  record Connect(boolean allowPost) {}

  /**
   * Answered with a redirect.
   *
   * @param status 301, 302, 303, 307 or 308
   * @param scheme new scheme; empty keeps it
   * @param host new host; empty keeps it
   * @param port new port; 0 keeps it (and drops a default port when the scheme changes)
   */
  record Redirect(
      int status, String scheme, String host, int port, PathRewrite path, boolean stripQuery)
      implements RouteAction {}

  /** Answered here. */
  record DirectResponse(int status, Body body) implements RouteAction {}

  /** Not forwarded: a filter is expected to answer; else 404. */
  record NonForwarding() implements RouteAction {}

  /** The body of a direct response; its bytes are shared and must not be changed. */
  final class Body {
    public static final Body EMPTY = new Body(new byte[0]);
    private final byte[] bytes;

    public Body(byte[] bytes) {
      this.bytes = bytes.clone();
    }

    public byte[] bytes() {
      return bytes;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Body that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** How the path changes; the query string stays. */
  sealed interface PathRewrite {
    record None() implements PathRewrite {
      public static final None INSTANCE = new None();
    }

    /** The part that the route matched is replaced ({@code prefix_rewrite}). */
    record Prefix(String replacement) implements PathRewrite {}

    /** Path and query become this text, a redirect only ({@code path_redirect}). */
    record Full(String path) implements PathRewrite {}

    record Regex(RegexRewrite rewrite) implements PathRewrite {}
  }

  /** How the authority changes. */
  sealed interface HostRewrite {
    record None() implements HostRewrite {
      public static final None INSTANCE = new None();
    }

    record Literal(String host) implements HostRewrite {}

    /** The name of the upstream host, where it has one. */
    record Auto() implements HostRewrite {}

    /** The value of a request header, where present. */
    record Header(HeaderName name) implements HostRewrite {}

    /** The path without query, rewritten. */
    record PathRegex(RegexRewrite rewrite) implements HostRewrite {}
  }
}
