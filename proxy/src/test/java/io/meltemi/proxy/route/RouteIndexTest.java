package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.re2j.Pattern;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.tracing.RequestTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index answers as trying all routes in order does, for random routes and requests. */
final class RouteIndexTest {
  private static final List<String> SEGMENTS = List.of("a", "A", "b", "ab", "aB", "abc", "", "é");
  private static final List<String> REGEXES =
      List.of(
          "/a.*",
          "/(a|b)/.*",
          "/a|/b",
          "/ab?c?",
          "/a/b+",
          "(?i)/a/b",
          "^/ab/.*$",
          "/a\\.b",
          ".*/b",
          "/[ab]/c",
          "/ab",
          "/a/b{0,1}",
          "/a\\/b.*",
          "/aé.*",
          "\\Q/a\\E.*");
  private static final List<HeaderName> HEADERS =
      List.of(HeaderName.of("x-tenant"), HeaderName.of(":method"), HeaderName.of("x-other"));

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void answersAsALinearScan(int series) {
    for (int round = 0; round < 40; round++) {
      long seed = series * 1000L + round;
      SplittableRandom random = new SplittableRandom(seed);
      List<Route> routes = new ArrayList<>();
      int count = 1 + random.nextInt(round % 10 == 0 ? 400 : 40);
      int headerShare = random.nextInt(3);
      for (int i = 0; i < count; i++) {
        routes.add(route("r" + i, matcher(random, headerShare)));
      }
      RouteIndex index = new RouteIndex(routes, 0);
      for (int i = 0; i < 60; i++) {
        FakeRequest request = request(random);
        assertSame(
            linear(routes, request),
            find(index, request, MatchTrace.NONE),
            () -> "seed " + seed + "\n" + request.headers() + routes);
        assertSame(
            linear(routes, request),
            find(index, request, MatchTrace.recording()),
            () -> "traced, seed " + seed);
      }
    }
  }

  @Test
  void findsEachOfManyRoutes() {
    List<Route> routes = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      routes.add(route("r" + i, matcher(new PathMatcher.Exact(pattern("/route-" + i)))));
    }
    RouteIndex index = new RouteIndex(routes);
    for (int i = 0; i < 5000; i++) {
      assertSame(routes.get(i), find(index, new FakeRequest("h", "/route-" + i), MatchTrace.NONE));
    }
    assertEquals(null, find(index, new FakeRequest("h", "/route-5000"), MatchTrace.NONE));
  }

  @Test
  void tellsRoutesOfOnePathApartByAHeader() {
    List<Route> routes = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      HeaderMatcher tenant =
          new HeaderMatcher(
              HEADERS.get(0),
              new HeaderMatcher.Test.Value(new StringMatcher.Exact(pattern("t" + i))),
              false,
              false);
      routes.add(
          route(
              "r" + i,
              new RouteMatcher(
                  new PathMatcher.Prefix(pattern("/")),
                  List.of(tenant),
                  List.of(),
                  Fraction.ALWAYS,
                  false)));
    }
    RouteIndex index = new RouteIndex(routes);
    FakeRequest request = new FakeRequest("h", "/x");
    request.headers().set(HEADERS.get(0), "t998");
    MatchTrace trace = MatchTrace.recording();
    assertSame(routes.get(998), find(index, request, trace));
    assertEquals(
        """
        routes 0 to 997: no match (by index: the request lacks what they ask for)
        route 998 r998: trying
          path: matched (prefix /)
          header x-tenant: matched (exact "t998", found "t998")
        route 998 r998: matched
        """,
        trace.toString());
  }

  @Test
  void theTraceTellsWhatTheIndexSkipped() {
    List<Route> routes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      routes.add(route("", matcher(new PathMatcher.Exact(pattern("/" + i)))));
    }
    MatchTrace trace = MatchTrace.recording();
    assertNotNull(find(new RouteIndex(routes), new FakeRequest("h", "/17"), trace));
    assertTrue(trace.toString().startsWith("routes 0 to 16: no match (by index"), trace::toString);
  }

  private static RouteMatcher matcher(PathMatcher path) {
    return new RouteMatcher(path, List.of(), List.of(), Fraction.ALWAYS, false);
  }

  private static RouteMatcher matcher(RandomGenerator random, int headerShare) {
    List<HeaderMatcher> headers = new ArrayList<>();
    while (random.nextInt(3) < headerShare && headers.size() < 3) {
      headers.add(header(random));
    }
    List<QueryParameterMatcher> query =
        random.nextInt(8) == 0
            ? List.of(
                new QueryParameterMatcher(
                    pattern("q"), new QueryParameterMatcher.Test.Present(true)))
            : List.of();
    return new RouteMatcher(
        path(random),
        headers,
        query,
        random.nextInt(8) == 0 ? new Fraction(50, 100) : Fraction.ALWAYS,
        random.nextInt(20) == 0);
  }

  private static PathMatcher path(RandomGenerator random) {
    BytePattern text = BytePattern.of(pathText(random), random.nextInt(4) == 0);
    return switch (random.nextInt(6)) {
      case 0, 1 -> new PathMatcher.Exact(text);
      case 2, 3 -> new PathMatcher.Prefix(text);
      case 4 -> new PathMatcher.SeparatedPrefix(text);
      default -> new PathMatcher.Regex(Pattern.compile(any(REGEXES, random)));
    };
  }

  private static HeaderMatcher header(RandomGenerator random) {
    BytePattern text =
        BytePattern.of(any(List.of("a", "b", "ab", "GET", ""), random), random.nextBoolean());
    StringMatcher value =
        switch (random.nextInt(5)) {
          case 0 -> new StringMatcher.Prefix(text);
          case 1 -> new StringMatcher.Suffix(text);
          case 2 -> new StringMatcher.Contains(text);
          case 3 -> new StringMatcher.SafeRegex(Pattern.compile("a.*"));
          default -> new StringMatcher.Exact(text);
        };
    HeaderMatcher.Test test =
        switch (random.nextInt(6)) {
          case 0 -> new HeaderMatcher.Test.Present(random.nextBoolean());
          case 1 -> new HeaderMatcher.Test.Range(0, 10);
          default -> new HeaderMatcher.Test.Value(value);
        };
    return new HeaderMatcher(
        any(HEADERS, random), test, random.nextInt(5) == 0, random.nextInt(4) == 0);
  }

  private static String pathText(RandomGenerator random) {
    StringBuilder path = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      path.append('/').append(any(SEGMENTS, random));
    }
    return path.toString();
  }

  private static FakeRequest request(RandomGenerator random) {
    String path = pathText(random) + any(List.of("", "", "/", "c", "?q=1", "#x"), random);
    FakeRequest request = new FakeRequest("h", path);
    request.random = random.nextLong();
    for (int i = random.nextInt(4); i > 0; i--) {
      request
          .headers()
          .add(any(HEADERS, random), any(List.of("a", "AB", "abc", "get", "", "7"), random));
    }
    return request;
  }

  private static <T> T any(List<T> of, RandomGenerator random) {
    return of.get(random.nextInt(of.size()));
  }

  private static BytePattern pattern(String text) {
    return BytePattern.of(text, false);
  }

  private static Route route(String name, RouteMatcher matcher) {
    return new Route(
        name,
        matcher,
        new RouteAction.NonForwarding(),
        RouteHeaders.NONE,
        RouteFilterConfigs.NONE,
        new Route.Labels("v", "", RequestTrace.OfRoute.NONE, Metadata.EMPTY));
  }

  private record Bounds(int start, int length, int queryEnd) {
    static Bounds of(HeaderBlock headers) {
      int index = headers.find(HeaderName.PATH);
      int start = headers.valueStart(index);
      int end = start + headers.valueLength(index);
      int pathEnd = start;
      while (pathEnd < end && headers.array()[pathEnd] != '?' && headers.array()[pathEnd] != '#') {
        pathEnd++;
      }
      boolean query = pathEnd < end && headers.array()[pathEnd] == '?';
      return new Bounds(start, pathEnd - start, query ? end : pathEnd);
    }
  }

  private static @Nullable Route linear(List<Route> routes, FakeRequest request) {
    Bounds at = Bounds.of(request.headers());
    return routes.stream()
        .filter(
            route ->
                route
                    .matcher()
                    .matches(
                        request,
                        at.start,
                        at.length,
                        at.start + at.length,
                        at.queryEnd,
                        MatchTrace.NONE))
        .findFirst()
        .orElse(null);
  }

  private static @Nullable Route find(RouteIndex index, FakeRequest request, MatchTrace trace) {
    Bounds at = Bounds.of(request.headers());
    return index.find(request, at.start, at.length, at.start + at.length, at.queryEnd, trace);
  }
}
