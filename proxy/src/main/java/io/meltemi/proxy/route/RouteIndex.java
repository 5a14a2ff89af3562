package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.HeaderIndex;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.RuleCandidates;
import io.meltemi.proxy.matcher.TextIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first route of a virtual host that matches. Few routes are tried one after the other.
 * Of many, each is filed under one literal that a request must hold for it, mostly of its path and
 * else of a header that tells it apart from more routes; a request then tries, in order, only the
 * routes whose literal it holds and those that have none. The route's own matcher always decides,
 * so the answer is that of trying all. Immutable; allocates nothing on its own.
 */
final class RouteIndex {
  /** Up to so many routes are tried one after the other: an index would not pay. */
  static final int SCANNED_MAX = 8;

  /** So many routes may share the literal of a path before a header is looked at. */
  private static final int SHARED_MAX = 8;

  private final List<Route> routes;
  private final boolean scans;
  private final TextIndex paths;
  private final List<HeaderIndex> headers;

  /** Routes that ask for no literal, in order. */
  private final int[] unfiled;

  RouteIndex(List<Route> routes) {
    this(routes, SCANNED_MAX);
  }

  /**
   * @param scannedMax up to so many routes are tried one after the other
   */
  RouteIndex(List<Route> routes, int scannedMax) {
    this.routes = routes;
    this.scans = routes.size() <= scannedMax;
    Filing filing = new Filing(scans ? List.of() : routes);
    this.paths = filing.paths.build();
    this.headers =
        filing.headers.entrySet().stream()
            .map(entry -> new HeaderIndex(entry.getKey(), entry.getValue().build()))
            .toList();
    this.unfiled = filing.unfiled.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Chooses the literal of each route. */
  private static final class Filing {
    private final TextIndex.Builder paths = new TextIndex.Builder();
    private final Map<HeaderName, TextIndex.Builder> headers = new LinkedHashMap<>();
    private final List<Integer> unfiled = new ArrayList<>();

    /** How many routes ask for a literal of the path, or none (empty). */
    private final Map<Optional<TextIndex.Literal>, Integer> pathUses = new HashMap<>();

    private final Map<HeaderUse, Integer> headerUses = new HashMap<>();

    private record HeaderUse(HeaderName name, TextIndex.Literal literal) {}

    Filing(List<Route> routes) {
      for (Route route : routes) {
        pathUses.merge(Optional.ofNullable(route.matcher().path().literal()), 1, Integer::sum);
        for (HeaderMatcher header : route.matcher().headers()) {
          TextIndex.Literal literal = HeaderIndex.literal(header);
          if (literal != null) {
            headerUses.merge(new HeaderUse(header.name(), literal), 1, Integer::sum);
          }
        }
      }
      for (int i = 0; i < routes.size(); i++) {
        file(routes.get(i).matcher(), i);
      }
    }

    private void file(RouteMatcher matcher, int number) {
      TextIndex.Literal path = matcher.path().literal();
      int uses = pathUses.getOrDefault(Optional.ofNullable(path), 0);
      HeaderUse header = uses > SHARED_MAX ? rarest(matcher, uses / 2) : null;
      if (header != null) {
        headers
            .computeIfAbsent(header.name, _ -> new TextIndex.Builder())
            .add(header.literal, number);
      } else if (path != null) {
        paths.add(path, number);
      } else {
        unfiled.add(number);
      }
    }

    private @Nullable HeaderUse rarest(RouteMatcher matcher, int usesMax) {
      HeaderUse rarest = null;
      int least = usesMax + 1;
      for (HeaderMatcher header : matcher.headers()) {
        TextIndex.Literal literal = HeaderIndex.literal(header);
        if (literal != null) {
          HeaderUse use = new HeaderUse(header.name(), literal);
          int uses = headerUses.getOrDefault(use, 0);
          if (uses < least) {
            least = uses;
            rarest = use;
          }
        }
      }
      return rarest;
    }
  }

  /**
   * @param pathStart where the path starts in the block's array
   * @param pathLength its length as compared
   * @param pathEnd where its query or fragment starts, if any
   * @param queryEnd behind its query; {@code pathEnd} when it has none
   */
  @Nullable Route find(
      RequestView request,
      int pathStart,
      int pathLength,
      int pathEnd,
      int queryEnd,
      MatchTrace trace) {
    if (scans) {
      for (int i = 0; i < routes.size(); i++) {
        Route route = routes.get(i);
        if (matches(i, route, request, pathStart, pathLength, pathEnd, queryEnd, trace)) {
          return route;
        }
      }
      return null;
    }
    RuleCandidates candidates = RuleCandidates.borrow(routes.size());
    try {
      HeaderBlock block = request.headers();
      paths.collect(block.array(), pathStart, pathLength, candidates);
      for (int i = 0; i < headers.size(); i++) {
        headers.get(i).collect(block, candidates);
      }
      int nextUnfiled = 0;
      int nextFiled = candidates.next();
      int tried = 0;
      while (true) {
        int number;
        if (nextUnfiled < unfiled.length && (nextFiled < 0 || unfiled[nextUnfiled] < nextFiled)) {
          number = unfiled[nextUnfiled++];
        } else if (nextFiled >= 0) {
          number = nextFiled;
          nextFiled = candidates.next();
        } else {
          skipped(tried, routes.size(), trace);
          return null;
        }
        skipped(tried, number, trace);
        tried = number + 1;
        Route route = routes.get(number);
        if (matches(number, route, request, pathStart, pathLength, pathEnd, queryEnd, trace)) {
          return route;
        }
      }
    } finally {
      candidates.release();
    }
  }

  private static boolean matches(
      int number,
      Route route,
      RequestView request,
      int pathStart,
      int pathLength,
      int pathEnd,
      int queryEnd,
      MatchTrace trace) {
    if (!trace.isRecording()) {
      return route.matcher().matches(request, pathStart, pathLength, pathEnd, queryEnd, trace);
    }
    String subject = "route " + number + (route.name().isEmpty() ? "" : " " + route.name());
    trace.enter(subject, "");
    boolean matched =
        route.matcher().matches(request, pathStart, pathLength, pathEnd, queryEnd, trace);
    trace.exit();
    if (matched) {
      trace.matched(subject, "");
    }
    return matched;
  }

  private static void skipped(int from, int to, MatchTrace trace) {
    if (trace.isRecording() && from < to) {
      trace.failed(
          from + 1 == to ? "route " + from : "routes " + from + " to " + (to - 1),
          "by index: the request lacks what they ask for");
    }
  }
}
