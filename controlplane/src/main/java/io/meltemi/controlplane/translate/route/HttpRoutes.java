package io.meltemi.controlplane.translate.route;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.RuntimeFractionalPercent;
import io.envoyproxy.envoy.config.route.v3.Decorator;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatchAndSubstitute;
import io.meltemi.config.kind.virtualservice.HttpAction;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRewrite;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.HttpRetry;
import io.meltemi.controlplane.gatewayapi.GatewayApi;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.translate.DestinationPolicies;
import io.meltemi.controlplane.translate.Destinations;
import io.meltemi.controlplane.translate.ProtoValues;
import io.meltemi.controlplane.translate.RuleScope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The {@code http} rules of virtual services as the routes of one listener port. */
final class HttpRoutes {
  /** Percent of requests that are mirrored when a rule says nothing. */
  private static final double EVERY_REQUEST = 100;

  private final RuleScope scope;
  private final DestinationPolicies policies;
  private final Optional<HttpRetry> defaultRetry;
  private final Entrance entrance;
  private final int listenPort;
  private final Clusters clusters;

  /**
   * What clients come through.
   *
   * @param port the service port (or gateway server port) that they ask for
   * @param tls they come over TLS, which decides the default port of redirects
   * @param gateway a destination without port means the only port of its service; on a sidecar it
   *     means the port asked for
   * @param forwardedHost a request whose authority is rewritten tells the one it came with
   */
  record Entrance(int port, boolean tls, boolean gateway, boolean forwardedHost) {}

  /**
   * Routes for one listener port.
   *
   * @param scope which rules are for the proxy
   * @param policies services and load-balancing rules of destinations, as the proxy sees them
   * @param defaultRetry the mesh's own retry settings
   */
  HttpRoutes(
      RuleScope scope,
      DestinationPolicies policies,
      Optional<HttpRetry> defaultRetry,
      Entrance entrance) {
    this(scope, policies, defaultRetry, entrance, Destinations::cluster);
  }

  /** How clusters of destinations are called. */
  interface Clusters {
    String of(Destination destination, Optional<MeshService> service, int port);
  }

  /** The same, with clusters of other names than clients have. */
  HttpRoutes(
      RuleScope scope,
      DestinationPolicies policies,
      Optional<HttpRetry> defaultRetry,
      Entrance entrance,
      Clusters clusters) {
    this.clusters = clusters;
    this.scope = scope;
    this.policies = policies;
    this.defaultRetry = defaultRetry;
    this.entrance = entrance;
    this.listenPort = entrance.port();
  }

  /**
   * One route per match block, in order, up to the first that takes every request; empty when no
   * rule is for this proxy and port.
   */
  List<Route> of(Resource<VirtualService> rule) {
    List<Route> routes = new ArrayList<>();
    for (HttpRoute http : rule.spec().http()) {
      if (http.match().isEmpty()) {
        route(rule, http, http.name(), RouteMatches.ANY, "").ifPresent(routes::add);
        return routes;
      }
      for (HttpMatch match : http.match()) {
        if (!scope.includes(match.source(), match.port(), listenPort)) {
          continue;
        }
        Optional<Route> route =
            route(
                rule,
                http,
                name(http, match),
                RouteMatches.of(match.request(), GatewayApi.comparesSegments(rule)),
                match.statPrefix());
        route.ifPresent(routes::add);
        if (route.isPresent() && RouteMatches.isCatchAll(match)) {
          return routes;
        }
      }
    }
    return routes;
  }

  private static String name(HttpRoute http, HttpMatch match) {
    return match.name().isEmpty() ? http.name() : http.name() + '.' + match.name();
  }

  private Optional<Route> route(
      Resource<VirtualService> rule,
      HttpRoute http,
      String name,
      RouteMatch match,
      String statPrefix) {
    HeaderChanges changes = HeaderChanges.of(http.policy().headers());
    Route.Builder route =
        Route.newBuilder()
            .setName(name)
            .setMatch(match)
            .setStatPrefix(statPrefix)
            .setMetadata(ProtoValues.configMetadata(rule))
            .addAllRequestHeadersToAdd(changes.requestAdd())
            .addAllRequestHeadersToRemove(changes.requestRemove())
            .addAllResponseHeadersToAdd(changes.responseAdd())
            .addAllResponseHeadersToRemove(changes.responseRemove())
            .putAllTypedPerFilterConfig(RouteFilters.of(http.policy()));
    String operation = rule.name() + ':' + listenPort;
    switch (http.action()) {
      case HttpAction.Redirect redirect -> {
        Optional<RedirectAction> action = redirect(redirect);
        if (action.isEmpty()) {
          return Optional.empty();
        }
        route.setRedirect(action.get());
      }
      case HttpAction.DirectResponse response -> route.setDirectResponse(directResponse(response));
      case HttpAction.Forward forward -> {
        RouteAction.Builder action =
            forward(route, http.policy(), forward, changes.authority()).toBuilder();
        if (GatewayApi.isGatewayRoute(rule)) {
          likeTheGatewayApi(action, match);
        }
        route.setRoute(action);
        if (forward.destinations().size() == 1) {
          operation = operation(forward.destinations().getFirst().destination());
        }
      }
      case HttpAction.Delegate _ -> {
        // a delegate that is missing or not exported: the rule is taken out with it
        return Optional.empty();
      }
    }
    route.setDecorator(Decorator.newBuilder().setOperation(operation + path(match)));
    return Optional.of(route.build());
  }

  private RouteAction forward(
      Route.Builder route,
      HttpRoute.Policy policy,
      HttpAction.Forward forward,
      String authorityOfHeaders) {
    RouteAction.Builder action = RouteAction.newBuilder();
    com.google.protobuf.Duration timeout =
        ProtoValues.duration(policy.timeout().orElse(Duration.ZERO));
    timeouts(action, timeout);
    String authority = authorityOfHeaders;
    authority = destinations(action, route, forward.destinations(), authority);
    if (policy.rewrite().isPresent()) {
      HttpRewrite rewrite = policy.rewrite().get();
      rewrite(action, rewrite);
      authority = rewrite.authority().isEmpty() ? authority : rewrite.authority();
    }
    if (!authority.isEmpty()) {
      action.setHostRewriteLiteral(authority).setAppendXForwardedHost(entrance.forwardedHost());
    }
    for (HttpRoute.Mirror mirror : policy.mirrors()) {
      mirror(action, mirror);
    }
    boolean hashed = action.getHashPolicyCount() > 0;
    RetryPolicies.of(policy.retries().or(() -> defaultRetry), hashed)
        .ifPresent(action::setRetryPolicy);
    return action.build();
  }

  /**
   * Backends that are not there answer 500, and a prefix that is replaced by the root leaves the
   * rest of the path as it is.
   */
  private static void likeTheGatewayApi(RouteAction.Builder action, RouteMatch match) {
    action.setClusterNotFoundResponseCode(
        RouteAction.ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR);
    if (action.getPrefixRewrite().equals("/")) {
      action
          .clearPrefixRewrite()
          .setRegexRewrite(
              RegexMatchAndSubstitute.newBuilder()
                  .setPattern(
                      ProtoValues.regex(
                          "^" + GatewayApi.literal(match.getPathSeparatedPrefix()) + "(/?)(.*)"))
                  .setSubstitution("/\\2"));
    }
  }

  /** Istio writes the gRPC limit in its old place, which Envoy still reads. */
  @SuppressWarnings("deprecation") // max_grpc_timeout: the same field as Istio, for equal output
  private static void timeouts(RouteAction.Builder action, com.google.protobuf.Duration timeout) {
    action.setTimeout(timeout).setMaxGrpcTimeout(timeout);
  }

  /** Sets the cluster or clusters; returns the authority that requests get. */
  private String destinations(
      RouteAction.Builder action,
      Route.Builder route,
      List<HttpAction.WeightedDestination> destinations,
      String authority) {
    if (destinations.size() == 1) {
      HttpAction.WeightedDestination only = destinations.getFirst();
      action.setCluster(cluster(only.destination()));
      action.addAllHashPolicy(hash(only.destination()));
      HeaderChanges changes = HeaderChanges.of(only.headers());
      route
          .addAllRequestHeadersToAdd(changes.requestAdd())
          .addAllRequestHeadersToRemove(changes.requestRemove())
          .addAllResponseHeadersToAdd(changes.responseAdd())
          .addAllResponseHeadersToRemove(changes.responseRemove());
      return changes.authority().isEmpty() ? authority : changes.authority();
    }
    WeightedCluster.Builder weighted = WeightedCluster.newBuilder();
    for (HttpAction.WeightedDestination share : destinations) {
      if (share.weight() > 0) {
        weighted.addClusters(share(share));
        hash(share.destination()).forEach(action::addHashPolicy);
      }
    }
    action.setWeightedClusters(weighted);
    return authority;
  }

  private WeightedCluster.ClusterWeight share(HttpAction.WeightedDestination share) {
    HeaderChanges changes = HeaderChanges.of(share.headers());
    WeightedCluster.ClusterWeight.Builder cluster =
        WeightedCluster.ClusterWeight.newBuilder()
            .setName(cluster(share.destination()))
            .setWeight(ProtoValues.uint32(share.weight()))
            .addAllRequestHeadersToAdd(changes.requestAdd())
            .addAllRequestHeadersToRemove(changes.requestRemove())
            .addAllResponseHeadersToAdd(changes.responseAdd())
            .addAllResponseHeadersToRemove(changes.responseRemove());
    if (!changes.authority().isEmpty()) {
      cluster.setHostRewriteLiteral(changes.authority());
    }
    return cluster.build();
  }

  private static void rewrite(RouteAction.Builder action, HttpRewrite rewrite) {
    rewrite
        .uriRegex()
        .ifPresentOrElse(
            regex ->
                action.setRegexRewrite(
                    RegexMatchAndSubstitute.newBuilder()
                        .setPattern(ProtoValues.regex(regex.match()))
                        .setSubstitution(regex.rewrite())),
            () -> rewrite.uri().ifPresent(action::setPrefixRewrite));
  }

  private void mirror(RouteAction.Builder action, HttpRoute.Mirror mirror) {
    if (mirror.percent() <= 0) {
      return;
    }
    RuntimeFractionalPercent.Builder share = RuntimeFractionalPercent.newBuilder();
    if (mirror.percent() >= EVERY_REQUEST) {
      share.getDefaultValueBuilder().setNumerator((int) EVERY_REQUEST);
    } else {
      share.setDefaultValue(ProtoValues.percent(mirror.percent()));
    }
    action.addRequestMirrorPolicies(
        RouteAction.RequestMirrorPolicy.newBuilder()
            .setCluster(cluster(mirror.destination()))
            .setRuntimeFraction(share)
            .setTraceSampled(ProtoValues.FALSE));
  }

  /** Nothing for a status that Envoy has no redirect for. */
  private Optional<RedirectAction> redirect(HttpAction.Redirect redirect) {
    RedirectAction.Builder action =
        RedirectAction.newBuilder().setHostRedirect(redirect.authority());
    switch (redirect.path()) {
      case HttpAction.RedirectPath.Keep() -> {}
      case HttpAction.RedirectPath.Replace(String uri) -> action.setPathRedirect(uri);
      case HttpAction.RedirectPath.ReplacePrefix(String prefix) -> action.setPrefixRewrite(prefix);
    }
    if (!redirect.scheme().isEmpty()) {
      action.setSchemeRedirect(redirect.scheme());
    }
    int port =
        switch (redirect.port()) {
          case HttpAction.RedirectPort.Keep() -> 0;
          case HttpAction.RedirectPort.FromProtocolDefault() -> 0;
          case HttpAction.RedirectPort.FromRequestPort() -> listenPort;
          case HttpAction.RedirectPort.Explicit(int number) -> number;
        };
    action.setPortRedirect(isDefaultPort(redirect.scheme(), port) ? 0 : port);
    Optional<RedirectAction.RedirectResponseCode> code = redirectCode(redirect.code());
    code.ifPresent(action::setResponseCode);
    return code.map(_ -> action.build());
  }

  /** True for the statuses that proxies can redirect with. */
  static boolean isRedirectCode(int code) {
    return redirectCode(code).isPresent();
  }

  private static Optional<RedirectAction.RedirectResponseCode> redirectCode(int code) {
    return switch (code) {
      case 301 -> Optional.of(RedirectAction.RedirectResponseCode.MOVED_PERMANENTLY);
      case 302 -> Optional.of(RedirectAction.RedirectResponseCode.FOUND);
      case 303 -> Optional.of(RedirectAction.RedirectResponseCode.SEE_OTHER);
      case 307 -> Optional.of(RedirectAction.RedirectResponseCode.TEMPORARY_REDIRECT);
      case 308 -> Optional.of(RedirectAction.RedirectResponseCode.PERMANENT_REDIRECT);
      default -> Optional.empty();
    };
  }

  private boolean isDefaultPort(String written, int port) {
    String scheme = written.isEmpty() ? (entrance.tls() ? "https" : "http") : written;
    return (port == 80 && scheme.equals("http")) || (port == 443 && scheme.equals("https"));
  }

  private static DirectResponseAction directResponse(HttpAction.DirectResponse response) {
    DirectResponseAction.Builder action =
        DirectResponseAction.newBuilder().setStatus(response.status());
    switch (response.body()) {
      case HttpAction.Body.Empty() -> {}
      case HttpAction.Body.Text(String text) ->
          action.setBody(DataSource.newBuilder().setInlineString(text));
      case HttpAction.Body.Bytes(byte[] bytes) ->
          action.setBody(DataSource.newBuilder().setInlineBytes(ByteString.copyFrom(bytes)));
    }
    return action.build();
  }

  private String cluster(Destination destination) {
    return clusters.of(destination, service(destination), port(destination));
  }

  private int port(Destination destination) {
    return entrance.gateway()
        ? Destinations.port(destination, service(destination), listenPort)
        : destination.port().orElse(listenPort);
  }

  private Optional<MeshService> service(Destination destination) {
    return policies.service(destination.host());
  }

  private List<RouteAction.HashPolicy> hash(Destination destination) {
    Optional<MeshService> service = service(destination);
    if (service.isEmpty()) {
      return List.of();
    }
    return policies.hash(service.get(), port(destination), destination.subset());
  }

  private String operation(Destination destination) {
    if (destination.host().isEmpty()) {
      return cluster(destination);
    }
    String[] parts = cluster(destination).split("\\|", -1);
    return parts[3] + ':' + parts[1];
  }

  private static String path(RouteMatch match) {
    return switch (match.getPathSpecifierCase()) {
      case PREFIX -> match.getPrefix() + '*';
      case PATH -> match.getPath();
      case SAFE_REGEX -> match.getSafeRegex().getRegex();
      case PATH_SEPARATED_PREFIX -> match.getPathSeparatedPrefix() + '*';
      default -> "/*";
    };
  }
}
