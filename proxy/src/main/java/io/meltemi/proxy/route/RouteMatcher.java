package io.meltemi.proxy.route;

import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import java.util.List;

/**
 * Envoy's {@code RouteMatch}: every part must hold.
 *
 * @param share of the requests that may take the route
 * @param grpc whether only gRPC requests match
 */
public record RouteMatcher(
    PathMatcher path,
    List<HeaderMatcher> headers,
    List<QueryParameterMatcher> queryParameters,
    Fraction share,
    boolean grpc,
    List<CookieMatcher> cookies) {
  public RouteMatcher {
    cookies = List.copyOf(cookies);
    headers = List.copyOf(headers);
    queryParameters = List.copyOf(queryParameters);
  }

  /** Asks no cookies. */
  public RouteMatcher(
      PathMatcher path,
      List<HeaderMatcher> headers,
      List<QueryParameterMatcher> queryParameters,
      Fraction share,
      boolean grpc) {
    this(path, headers, queryParameters, share, grpc, List.of());
  }

  /** Matches every path and nothing else is asked. */
  static RouteMatcher any() {
    return new RouteMatcher(
        new PathMatcher.Prefix(io.meltemi.proxy.matcher.BytePattern.of("", false)),
        List.of(),
        List.of(),
        Fraction.ALWAYS,
        false);
  }

  /** Whether a request that has a path matches. */
  public boolean matches(RequestView request) {
    HeaderBlock block = request.headers();
    int index = block.find(HeaderName.PATH);
    if (index < 0) {
      return false;
    }
    byte[] array = block.array();
    int start = block.valueStart(index);
    int end = start + block.valueLength(index);
    int pathEnd = start;
    while (pathEnd < end && array[pathEnd] != '?' && array[pathEnd] != '#') {
      pathEnd++;
    }
    int queryEnd = pathEnd;
    while (queryEnd < end && array[queryEnd] != '#') {
      queryEnd++;
    }
    return matches(request, start, pathEnd - start, pathEnd, queryEnd, MatchTrace.NONE);
  }

  /**
   * @param pathStart where the path starts in the block's array
   * @param pathLength its length as compared
   * @param pathEnd where its query or fragment starts, if any
   * @param queryEnd behind its query; {@code pathEnd} when it has none
   */
  boolean matches(
      RequestView request,
      int pathStart,
      int pathLength,
      int pathEnd,
      int queryEnd,
      MatchTrace trace) {
    if (!path.matches(request.headers().array(), pathStart, pathLength)) {
      return trace.isRecording() && trace.result(false, "path", path.toString());
    }
    return matchesBehindPath(request, pathEnd, queryEnd, trace);
  }

  /** Everything but the path, which is known to match. */
  boolean matchesBehindPath(RequestView request, int pathEnd, int queryEnd, MatchTrace trace) {
    HeaderBlock block = request.headers();
    byte[] array = block.array();
    if (trace.isRecording()) {
      trace.matched("path", path.toString());
    }
    if (share.numerator() < share.denominator() && !share.includes(request.random())) {
      return trace.isRecording() && trace.result(false, "runtime_fraction", share.toString());
    }
    if (grpc && !GrpcHeaders.isGrpc(block)) {
      return trace.isRecording() && trace.result(false, "grpc", "content-type is not gRPC");
    }
    for (int i = 0; i < headers.size(); i++) {
      if (!headers.get(i).matches(block, trace)) {
        return false;
      }
    }
    for (int i = 0; i < cookies.size(); i++) {
      boolean held = cookies.get(i).matches(block);
      if (trace.isRecording()) {
        trace.result(held, "cookie", cookies.get(i).toString());
      }
      if (!held) {
        return false;
      }
    }
    for (int i = 0; i < queryParameters.size(); i++) {
      QueryParameterMatcher parameter = queryParameters.get(i);
      boolean held = parameter.matches(array, pathEnd + 1, queryEnd);
      if (trace.isRecording()) {
        trace.result(held, "query_parameter", parameter.toString());
      }
      if (!held) {
        return false;
      }
    }
    return true;
  }
}
