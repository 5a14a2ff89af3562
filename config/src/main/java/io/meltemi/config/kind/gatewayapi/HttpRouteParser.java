package io.meltemi.config.kind.gatewayapi;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.meltemi.config.kind.gatewayapi.HttpRoute.Match;
import io.meltemi.config.kind.gatewayapi.HttpRoute.Path;
import io.meltemi.config.kind.gatewayapi.HttpRoute.PathType;
import io.meltemi.config.kind.gatewayapi.HttpRoute.Retry;
import io.meltemi.config.kind.gatewayapi.HttpRoute.Rule;
import io.meltemi.config.kind.gatewayapi.HttpRoute.Timeouts;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.StringMatch;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads HTTPRoute. */
public final class HttpRouteParser {
  private static final List<String> METHODS =
      List.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");
  private static final java.util.regex.Pattern PATH =
      java.util.regex.Pattern.compile("([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+");
  private static final Rule DEFAULT_RULE =
      new Rule(
          "", List.of(), List.of(), List.of(), Timeouts.NONE, Optional.empty(), Optional.empty());

  private HttpRouteParser() {}

  public static HttpRoute parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with parentRefs and rules");
    return document
        .object("spec", HttpRouteParser::spec)
        .orElseGet(() -> new HttpRoute(List.of(), List.of(), List.of()));
  }

  private static HttpRoute spec(ObjectReader spec) {
    List<Rule> rules =
        RouteParser.rules(spec, 1, RouteParser.RULES_MAX, HttpRouteParser::rule, Rule::name);
    RouteParser.checkMatchCount(
        spec, rules.stream().mapToInt(r -> Math.max(1, r.matches().size())).sum());
    return new HttpRoute(
        RouteParser.parentRefs(spec),
        Fields.hostnames(spec, "hostnames", 16),
        spec.has("rules") ? rules : List.of(DEFAULT_RULE));
  }

  private static Rule rule(ObjectReader reader) {
    List<Match> matches = reader.objects("matches", HttpRouteParser::match);
    Fields.size(reader, "matches", 0, 64);
    List<HttpFilter> filters = HttpFilterParser.HTTP.parseAll(reader);
    List<Backend> backends =
        reader.objects("backendRefs", r -> RouteParser.backend(r, HttpFilterParser.HTTP));
    Fields.size(reader, "backendRefs", 0, 16);
    if (!backends.isEmpty() && filters.stream().anyMatch(HttpFilter.Redirect.class::isInstance)) {
      reader.error("backendRefs", "backends beside a RequestRedirect", "one of them");
    }
    checkPrefixChanges(reader, matches, filters, backends);
    return new Rule(
        Fields.sectionName(reader, "name").orElse(""),
        matches,
        filters,
        backends,
        reader.object("timeouts", HttpRouteParser::timeouts).orElse(Timeouts.NONE),
        reader.object("retry", HttpRouteParser::retry),
        RouteParser.sessionPersistence(reader));
  }

  private static void checkPrefixChanges(
      ObjectReader reader, List<Match> matches, List<HttpFilter> filters, List<Backend> backends) {
    boolean onePrefix =
        !reader.has("matches")
            || (matches.size() == 1 && matches.getFirst().path().type() == PathType.PATH_PREFIX);
    if (onePrefix) {
      return;
    }
    List<HttpFilter> all = new ArrayList<>(filters);
    backends.forEach(backend -> all.addAll(backend.filters()));
    for (HttpFilter filter : all) {
      Optional<HttpFilter.PathChange> path =
          switch (filter) {
            case HttpFilter.Redirect redirect -> redirect.path();
            case HttpFilter.Rewrite rewrite -> rewrite.path();
            default -> Optional.empty();
          };
      if (path.isPresent() && path.get() instanceof HttpFilter.PathChange.Prefix) {
        reader.error(
            "matches",
            matches.size() == 1 ? "no PathPrefix" : matches.size() + " matches",
            "exactly one match, of type PathPrefix, for replacePrefixMatch");
        return;
      }
    }
  }

  private static Match match(ObjectReader reader) {
    return new Match(
        reader.object("path", HttpRouteParser::path).orElse(Path.ALL),
        matches(reader, "headers", true, true),
        matches(reader, "queryParams", false, true),
        Fields.word(reader, "method", METHODS));
  }

  private static Path path(ObjectReader reader) {
    PathType type =
        switch (Fields.word(reader, "type", List.of("Exact", "PathPrefix", "RegularExpression"))
            .orElse("PathPrefix")) {
          case "Exact" -> PathType.EXACT;
          case "RegularExpression" -> PathType.REGULAR_EXPRESSION;
          default -> PathType.PATH_PREFIX;
        };
    String value = Fields.text(reader, "value", 0, 1024).orElse("/");
    if (type == PathType.REGULAR_EXPRESSION) {
      checkRegex(reader, value);
    } else {
      checkPath(reader, value);
    }
    return new Path(type, value);
  }

  private static void checkPath(ObjectReader reader, String value) {
    if (!value.startsWith("/")) {
      reader.error("value", '"' + value + '"', "a path that begins with '/'");
      return;
    }
    for (String part : List.of("//", "/./", "/../", "%2f", "%2F", "#")) {
      if (value.contains(part)) {
        reader.error("value", '"' + value + '"', "a path without '" + part + "'");
      }
    }
    if (value.endsWith("/..") || value.endsWith("/.")) {
      reader.error("value", '"' + value + '"', "a path that does not end with '/.' or '/..'");
    }
    if (!PATH.matcher(value).matches()) {
      reader.error("value", '"' + value + '"', "letters, digits, -/._~!$&'()*+,;=:@ and %xx only");
    }
  }

  /** The CRDs do not check expressions; what cannot be compiled cannot be served, though. */
  static void checkRegex(ObjectReader reader, String value) {
    try {
      Pattern.compile(value);
    } catch (PatternSyntaxException e) {
      reader.error("value", '"' + value + '"', "an RE2 expression: " + e.getDescription());
    }
  }

  private record NamedMatch(String name, StringMatch match) {}

  /**
   * Conditions by name.
   *
   * @param strictValues whether values must be those of headers
   */
  static Map<String, StringMatch> matches(
      ObjectReader reader, String field, boolean headers, boolean strictValues) {
    List<NamedMatch> matches =
        reader.objects(field, r -> namedMatch(r, headers, headers && strictValues));
    Fields.size(reader, field, 0, 16);
    Fields.each(reader, field, matches.stream().map(NamedMatch::name).toList());
    Map<String, StringMatch> byName = new LinkedHashMap<>();
    for (NamedMatch one : matches) {
      String name = headers ? one.name().toLowerCase(Locale.ROOT) : one.name();
      byName.putIfAbsent(name, one.match());
    }
    return byName;
  }

  private static NamedMatch namedMatch(ObjectReader reader, boolean header, boolean strict) {
    Fields.require(reader, "name", header ? "the name of a header" : "the name of a parameter");
    String name = Fields.token(reader, "name").orElse("");
    boolean regex =
        Fields.word(reader, "type", List.of("Exact", "RegularExpression"))
            .orElse("Exact")
            .equals("RegularExpression");
    String value;
    if (strict) {
      value = Fields.headerValue(reader);
    } else {
      Fields.require(reader, "value", "a text");
      value = Fields.text(reader, "value", 1, header ? 4096 : 1024).orElse("");
    }
    if (regex) {
      checkRegex(reader, value);
    }
    return new NamedMatch(
        name, regex ? new StringMatch.Regex(value) : new StringMatch.Exact(value));
  }

  private static Timeouts timeouts(ObjectReader reader) {
    Optional<Duration> request = Fields.duration(reader, "request");
    Optional<Duration> backend = Fields.duration(reader, "backendRequest");
    if (request.isPresent()
        && backend.isPresent()
        && !request.get().isZero()
        && backend.get().compareTo(request.get()) > 0) {
      reader.error(
          "backendRequest", reader.written("backendRequest"), "at most the request timeout");
    }
    return new Timeouts(request, backend);
  }

  private static Retry retry(ObjectReader reader) {
    List<Integer> codes = reader.integers("codes", 400, 599);
    Fields.each(reader, "codes", codes);
    return new Retry(
        codes,
        reader.integer("attempts", 1, Integer.MAX_VALUE),
        Fields.duration(reader, "backoff"));
  }
}
