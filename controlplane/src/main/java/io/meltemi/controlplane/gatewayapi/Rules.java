package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.Backend;
import io.meltemi.config.kind.gatewayapi.GrpcRoute;
import io.meltemi.config.kind.gatewayapi.HttpFilter;
import io.meltemi.config.kind.gatewayapi.HttpRoute;
import io.meltemi.config.kind.gatewayapi.StreamRoute;
import io.meltemi.config.kind.virtualservice.CorsPolicy;
import io.meltemi.config.kind.virtualservice.HeaderOperations;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRewrite;
import io.meltemi.config.kind.virtualservice.SourceMatch;
import io.meltemi.config.kind.virtualservice.TcpRoute;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.HttpRetry;
import io.meltemi.config.traffic.StringMatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Rules of routes as rules of virtual services, one for each match. */
final class Rules {
  private static final HttpAction.DirectResponse NO_BACKEND =
      new HttpAction.DirectResponse(500, new HttpAction.Body.Empty());

  /** A place that no service has, for connections that are to be refused. */
  private static final Destination REFUSED =
      new Destination("internal.cluster.local", "zero-weight", OptionalInt.of(65535));

  private static final List<String> RETRIED =
      List.of("connect-failure", "refused-stream", "unavailable", "cancelled");
  private static final int ATTEMPTS = 2;

  /** Any origin that has the form of one. */
  private static final String ANY_ORIGIN = "^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$";

  private final Backends backends;

  Rules(Backends backends) {
    this.backends = backends;
  }

  /**
   * Rules that could be made, and the last problem found.
   *
   * @param rules empty when the route as a whole cannot be served
   */
  record Converted<T>(List<T> rules, Optional<Problem> problem) {}

  /** The parts that HTTP and gRPC rules have in common. */
  private record Common(
      List<HttpFilter> filters,
      List<Backend> backends,
      Optional<HttpRoute.Retry> retry,
      HttpRoute.Timeouts timeouts) {}

  private record Treatment(
      HttpAction action, io.meltemi.config.kind.virtualservice.HttpRoute.Policy policy) {}

  /** The rules of an HTTPRoute. */
  Converted<io.meltemi.config.kind.virtualservice.HttpRoute> http(
      HttpRoute route, String defaultName, Backends.Referrer referrer) {
    List<io.meltemi.config.kind.virtualservice.HttpRoute> rules = new ArrayList<>();
    Optional<Problem> problem = Optional.empty();
    for (int i = 0; i < route.rules().size(); i++) {
      HttpRoute.Rule rule = route.rules().get(i);
      Outcome outcome =
          treatment(
              new Common(rule.filters(), rule.backends(), rule.retry(), rule.timeouts()), referrer);
      problem = outcome.problem().or(latest(problem));
      if (outcome.treatment().isEmpty()) {
        return new Converted<>(List.of(), problem);
      }
      String name = rule.name().isEmpty() ? defaultName + "." + i : rule.name();
      add(rules, name, rule.matches().stream().map(Rules::match).toList(), outcome);
    }
    return new Converted<>(rules, problem);
  }

  /** The rules of a GRPCRoute. */
  Converted<io.meltemi.config.kind.virtualservice.HttpRoute> grpc(
      GrpcRoute route, String defaultName, Backends.Referrer referrer) {
    List<io.meltemi.config.kind.virtualservice.HttpRoute> rules = new ArrayList<>();
    Optional<Problem> problem = Optional.empty();
    for (int i = 0; i < route.rules().size(); i++) {
      GrpcRoute.Rule rule = route.rules().get(i);
      Outcome outcome =
          treatment(
              new Common(
                  rule.filters(), rule.backends(), Optional.empty(), HttpRoute.Timeouts.NONE),
              referrer);
      problem = outcome.problem().or(latest(problem));
      if (outcome.treatment().isEmpty()) {
        return new Converted<>(List.of(), problem);
      }
      String name = rule.name().isEmpty() ? defaultName + "." + i : rule.name();
      add(rules, name, rule.matches().stream().map(Rules::match).toList(), outcome);
    }
    return new Converted<>(rules, problem);
  }

  private static java.util.function.Supplier<Optional<Problem>> latest(Optional<Problem> problem) {
    return () -> problem;
  }

  private static void add(
      List<io.meltemi.config.kind.virtualservice.HttpRoute> rules,
      String name,
      List<HttpMatch> matches,
      Outcome outcome) {
    Treatment treatment = outcome.treatment().orElseThrow();
    if (matches.isEmpty()) {
      rules.add(
          new io.meltemi.config.kind.virtualservice.HttpRoute(
              name, List.of(), treatment.action(), treatment.policy()));
    }
    for (HttpMatch match : matches) {
      rules.add(
          new io.meltemi.config.kind.virtualservice.HttpRoute(
              name, List.of(match), treatment.action(), treatment.policy()));
    }
  }

  /** Connections of a TLSRoute, TCPRoute: the backends of each rule. */
  Converted<List<TcpRoute.WeightedDestination>> stream(
      StreamRoute route, Backends.Referrer referrer) {
    List<List<TcpRoute.WeightedDestination>> rules = new ArrayList<>();
    Optional<Problem> problem = Optional.empty();
    for (StreamRoute.Rule rule : route.rules()) {
      if (weightSum(rule.backends()) == 0) {
        rules.add(List.of(new TcpRoute.WeightedDestination(REFUSED, 0)));
        continue;
      }
      List<TcpRoute.WeightedDestination> destinations = new ArrayList<>();
      List<Backend> active = active(rule.backends());
      for (Backend backend : active) {
        Backends.Resolved resolved = backends.resolve(backend.target(), referrer);
        problem = resolved.problem().or(latest(problem));
        if (resolved.destination().isEmpty()) {
          return new Converted<>(List.of(), problem);
        }
        destinations.add(
            new TcpRoute.WeightedDestination(
                resolved.destination().get(), active.size() == 1 ? 0 : backend.weight()));
      }
      rules.add(destinations);
    }
    return new Converted<>(rules, problem);
  }

  private record Outcome(Optional<Treatment> treatment, Optional<Problem> problem) {
    static Outcome fatal(Problem problem) {
      return new Outcome(Optional.empty(), Optional.of(problem));
    }
  }

  /** What filters add up to. */
  private static final class Filters {
    HeaderOperations headers = HeaderOperations.NONE;
    Optional<HttpFilter.Redirect> redirect = Optional.empty();
    Optional<HttpRewrite> rewrite = Optional.empty();
    Optional<CorsPolicy> cors = Optional.empty();
    final List<io.meltemi.config.kind.virtualservice.HttpRoute.Mirror> mirrors = new ArrayList<>();
    Optional<Problem> mirrorProblem = Optional.empty();
    Optional<Problem> fatal = Optional.empty();
  }

  private Outcome treatment(Common rule, Backends.Referrer referrer) {
    Filters filters = filters(rule.filters(), referrer);
    if (filters.fatal.isPresent()) {
      return Outcome.fatal(filters.fatal.get());
    }
    Optional<Problem> problem = filters.mirrorProblem;
    HttpAction action;
    if (filters.redirect.isPresent()) {
      action = redirect(filters.redirect.get());
    } else if (weightSum(rule.backends()) == 0) {
      action = NO_BACKEND;
    } else {
      List<HttpAction.WeightedDestination> destinations = new ArrayList<>();
      List<Backend> active = active(rule.backends());
      Optional<Problem> backendProblem = Optional.empty();
      for (Backend backend : active) {
        Backends.Resolved resolved = backends.resolve(backend.target(), referrer);
        if (resolved.destination().isEmpty()) {
          return new Outcome(Optional.empty(), resolved.problem());
        }
        backendProblem = resolved.problem().or(latest(backendProblem));
        HeaderOperations headers = HeaderOperations.NONE;
        for (HttpFilter filter : backend.filters()) {
          Optional<HeaderOperations> more = headers(headers, filter);
          if (more.isEmpty()) {
            return Outcome.fatal(unsupported(filter));
          }
          headers = more.get();
        }
        destinations.add(
            new HttpAction.WeightedDestination(
                resolved.destination().get(), active.size() == 1 ? 0 : backend.weight(), headers));
      }
      action = new HttpAction.Forward(destinations);
      problem = joined(backendProblem, filters.mirrorProblem);
    }
    return new Outcome(Optional.of(new Treatment(action, policy(rule, filters))), problem);
  }

  private static Optional<Problem> joined(Optional<Problem> first, Optional<Problem> second) {
    if (first.isEmpty() || second.isEmpty()) {
      return first.or(() -> second);
    }
    return Optional.of(first.get().and(second.get()));
  }

  private Filters filters(List<HttpFilter> written, Backends.Referrer referrer) {
    Filters filters = new Filters();
    for (HttpFilter filter : written) {
      switch (filter) {
        case HttpFilter.RequestHeaders _, HttpFilter.ResponseHeaders _ ->
            filters.headers = headers(filters.headers, filter).orElse(filters.headers);
        case HttpFilter.Redirect redirect -> filters.redirect = Optional.of(redirect);
        case HttpFilter.Rewrite rewrite -> filters.rewrite = rewrite(rewrite);
        case HttpFilter.Cors cors -> filters.cors = Optional.of(cors(cors));
        case HttpFilter.Mirror mirror -> {
          Backends.Resolved resolved = backends.resolve(mirror.target(), referrer);
          if (resolved.problem().isPresent()) {
            filters.mirrorProblem = resolved.problem();
          } else {
            filters.mirrors.add(
                new io.meltemi.config.kind.virtualservice.HttpRoute.Mirror(
                    resolved.destination().orElseThrow(), mirror.share().percent()));
          }
        }
        case HttpFilter.ExternalAuth _, HttpFilter.Extension _, HttpFilter.Unreadable _ ->
            filters.fatal = Optional.of(unsupported(filter));
      }
    }
    return filters;
  }

  private static Problem unsupported(HttpFilter filter) {
    return new Problem("InvalidFilter", "unsupported filter type \"" + filter.type() + '"');
  }

  private static Optional<HeaderOperations> headers(HeaderOperations so, HttpFilter filter) {
    return switch (filter) {
      case HttpFilter.RequestHeaders(HttpFilter.HeaderChanges changes) ->
          Optional.of(new HeaderOperations(changes(changes), so.response()));
      case HttpFilter.ResponseHeaders(HttpFilter.HeaderChanges changes) ->
          Optional.of(new HeaderOperations(so.request(), changes(changes)));
      default -> Optional.empty();
    };
  }

  private static HeaderOperations.Changes changes(HttpFilter.HeaderChanges changes) {
    return new HeaderOperations.Changes(changes.set(), changes.add(), changes.remove());
  }

  private static io.meltemi.config.kind.virtualservice.HttpRoute.Policy policy(
      Common rule, Filters filters) {
    Optional<Duration> request = rule.timeouts().request().filter(d -> !d.isZero());
    Optional<Duration> backend = rule.timeouts().backendRequest().filter(d -> !d.isZero());
    Optional<HttpRetry> retries = rule.retry().map(retry -> retry(retry, backend));
    return new io.meltemi.config.kind.virtualservice.HttpRoute.Policy(
        filters.rewrite,
        retries.isPresent() ? request : backend.or(() -> request),
        retries,
        Optional.empty(),
        filters.mirrors,
        filters.cors,
        filters.headers);
  }

  private static HttpRetry retry(HttpRoute.Retry retry, Optional<Duration> perTry) {
    List<String> retryOn = new ArrayList<>(RETRIED);
    retry.codes().forEach(code -> retryOn.add(Integer.toString(code)));
    int attempts = retry.attempts().orElse(ATTEMPTS);
    return new HttpRetry(
        attempts,
        perTry,
        attempts == 0 ? List.of() : retryOn,
        Optional.empty(),
        Optional.empty(),
        retry.backoff());
  }

  private static HttpAction.Redirect redirect(HttpFilter.Redirect redirect) {
    HttpAction.RedirectPath path =
        switch (redirect.path().orElse(null)) {
          case null -> new HttpAction.RedirectPath.Keep();
          case HttpFilter.PathChange.Full(String value) ->
              new HttpAction.RedirectPath.Replace(value);
          case HttpFilter.PathChange.Prefix(String value) ->
              new HttpAction.RedirectPath.ReplacePrefix(value);
        };
    HttpAction.RedirectPort port =
        redirect.port().isPresent()
            ? new HttpAction.RedirectPort.Explicit(redirect.port().getAsInt())
            : redirect.scheme().isPresent()
                ? new HttpAction.RedirectPort.FromProtocolDefault()
                : new HttpAction.RedirectPort.FromRequestPort();
    return new HttpAction.Redirect(
        path,
        redirect.hostname().orElse(""),
        port,
        redirect.scheme().orElse(""),
        redirect.statusCode().orElse(302));
  }

  private static Optional<HttpRewrite> rewrite(HttpFilter.Rewrite rewrite) {
    Optional<String> uri = Optional.empty();
    Optional<HttpRewrite.RegexRewrite> regex = Optional.empty();
    switch (rewrite.path().orElse(null)) {
      case null -> {}
      case HttpFilter.PathChange.Full(String value) ->
          regex = Optional.of(new HttpRewrite.RegexRewrite("/.*", value));
      case HttpFilter.PathChange.Prefix(String value) -> {
        String trimmed = withoutTrailingSlash(value);
        uri = Optional.of(trimmed.isEmpty() ? "/" : trimmed);
      }
    }
    if (uri.isEmpty() && regex.isEmpty() && rewrite.hostname().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new HttpRewrite(uri, regex, rewrite.hostname().orElse("")));
  }

  private static String withoutTrailingSlash(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  private static CorsPolicy cors(HttpFilter.Cors cors) {
    return new CorsPolicy(
        cors.allowOrigins().stream().map(Rules::origin).toList(),
        cors.allowMethods(),
        cors.allowHeaders(),
        cors.exposeHeaders(),
        cors.maxAgeSeconds().isPresent()
            ? Optional.of(Duration.ofSeconds(cors.maxAgeSeconds().getAsInt()))
            : Optional.empty(),
        cors.allowCredentials() ? Optional.of(true) : Optional.empty(),
        CorsPolicy.UnmatchedPreflights.IGNORE);
  }

  private static StringMatch origin(String origin) {
    if (origin.equals("*")) {
      return new StringMatch.Regex(ANY_ORIGIN);
    }
    int star = origin.indexOf('*');
    if (star < 0) {
      return new StringMatch.Exact(origin);
    }
    if (star == origin.length() - 1) {
      return new StringMatch.Prefix(origin.substring(0, star));
    }
    return new StringMatch.Regex("^" + GatewayApi.literal(origin).replace("\\*", ".*") + "$");
  }

  private static HttpMatch match(HttpRoute.Match match) {
    String value = match.path().value();
    StringMatch uri =
        switch (match.path().type()) {
          case EXACT -> new StringMatch.Exact(value);
          case PATH_PREFIX ->
              new StringMatch.Prefix(value.equals("/") ? value : withoutTrailingSlash(value));
          case REGULAR_EXPRESSION -> new StringMatch.Regex(value);
        };
    return match(
        Optional.of(uri),
        match.method().map(StringMatch.Exact::new),
        match.headers(),
        match.queryParams());
  }

  private static HttpMatch match(GrpcRoute.Match match) {
    return match(match.method().map(Rules::uri), Optional.empty(), match.headers(), Map.of());
  }

  private static StringMatch uri(GrpcRoute.Method method) {
    String service = method.service().orElse("");
    String name = method.method().orElse("");
    if (method.service().isEmpty()) {
      return new StringMatch.Regex("/[^/]+/" + name);
    }
    if (method.method().isEmpty()) {
      return method.regex()
          ? new StringMatch.Regex("/" + service + "/.+")
          : new StringMatch.Prefix("/" + service + "/");
    }
    String path = "/" + service + "/" + name;
    return method.regex() ? new StringMatch.Regex(path) : new StringMatch.Exact(path);
  }

  private static HttpMatch match(
      Optional<StringMatch> uri,
      Optional<? extends StringMatch> method,
      Map<String, StringMatch> headers,
      Map<String, StringMatch> queryParams) {
    return new HttpMatch(
        "",
        new HttpMatch.Request(
            uri,
            false,
            Optional.empty(),
            method.map(m -> m),
            Optional.empty(),
            headers,
            Map.of(),
            queryParams),
        SourceMatch.ANY,
        OptionalInt.empty(),
        "");
  }

  private static List<Backend> active(List<Backend> backends) {
    return backends.stream().filter(backend -> backend.weight() > 0).toList();
  }

  private static long weightSum(List<Backend> backends) {
    return backends.stream().mapToLong(Backend::weight).sum();
  }
}
