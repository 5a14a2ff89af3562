package io.meltemi.proxy.route;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.route.v3.Decorator;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualCluster;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster;
import io.envoyproxy.envoy.config.route.v3.WeightedCluster.ClusterWeight;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutations.Level;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.tracing.RequestTrace;
import io.meltemi.proxy.tracing.RouteTracingParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * {@code RouteConfiguration} to {@link RouteTable}. Every set field that is not supported is an
 * error; all errors are collected. Safe for any thread.
 */
public final class RouteTableParser {
  private static final SupportedFields TABLE =
      SupportedFields.of(
          RouteConfiguration.class,
          "name",
          "virtual_hosts",
          "response_headers_to_add",
          "response_headers_to_remove",
          "request_headers_to_add",
          "request_headers_to_remove",
          "most_specific_header_mutations_wins",
          "validate_clusters",
          "max_direct_response_body_size_bytes",
          "request_mirror_policies",
          "ignore_port_in_host_matching",
          "ignore_path_parameters_in_path_matching",
          "typed_per_filter_config",
          "metadata");
  private static final SupportedFields HOST =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.VirtualHost.class,
          "name",
          "domains",
          "routes",
          "require_tls",
          "request_headers_to_add",
          "request_headers_to_remove",
          "response_headers_to_add",
          "response_headers_to_remove",
          "typed_per_filter_config",
          "include_request_attempt_count",
          "include_attempt_count_in_response",
          "retry_policy",
          "request_mirror_policies",
          "rate_limits",
          "metadata",
          "virtual_clusters");
  private static final SupportedFields VIRTUAL_CLUSTER =
      SupportedFields.of(VirtualCluster.class, "name", "headers");
  private static final SupportedFields ROUTE =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.Route.class,
          "name",
          "match",
          "route",
          "redirect",
          "direct_response",
          "non_forwarding_action",
          "metadata",
          "decorator",
          "tracing",
          "typed_per_filter_config",
          "request_headers_to_add",
          "request_headers_to_remove",
          "response_headers_to_add",
          "response_headers_to_remove",
          "stat_prefix");
  private static final SupportedFields DECORATOR =
      SupportedFields.of(Decorator.class, "operation", "propagate");
  private static final SupportedFields WEIGHTED =
      SupportedFields.of(WeightedCluster.class, "clusters", "header_name")
          .withoutEffect("the sum of the weights counts", "total_weight")
          .withoutEffect("weights as written: there is no runtime", "runtime_key_prefix");
  private static final SupportedFields WEIGHT =
      SupportedFields.of(
          ClusterWeight.class,
          "name",
          "cluster_header",
          "weight",
          "request_headers_to_add",
          "request_headers_to_remove",
          "response_headers_to_add",
          "response_headers_to_remove",
          "typed_per_filter_config",
          "host_rewrite_literal");
  private static final long WEIGHTS_MAX = 0xFFFF_FFFFL;
  private static final long BODY_BYTES_MAX_DEFAULT = 4096;

  private final RouteFilterConfigParser filterConfigs;
  private final HeaderMutationsParser mutations;
  private final RateLimitParser rateLimits;
  private final RouteTracingParser tracing;

  /**
   * @param filterConfigs parses per-filter configurations
   * @param ticker wall clock of {@code %START_TIME%} in headers
   */
  public RouteTableParser(RouteFilterConfigParser filterConfigs, Ticker ticker) {
    this(filterConfigs, Formatter.Sources.of(ticker));
  }

  /**
   * @param sources of formats and of spans' tags
   */
  public RouteTableParser(RouteFilterConfigParser filterConfigs, Formatter.Sources sources) {
    Ticker ticker = sources.ticker();
    this.tracing = new RouteTracingParser(sources);
    this.filterConfigs = filterConfigs;
    this.mutations = new HeaderMutationsParser(ticker);
    this.rateLimits = new RateLimitParser(ticker);
  }

  /** What reads changes of headers, for the messages around a route table. */
  public HeaderMutationsParser mutations() {
    return mutations;
  }

  public Validation<RouteTable> parse(RouteConfiguration proto, Origin origin) {
    return parse(proto, origin, "");
  }

  /**
   * @param path field path of the message for violations; empty for an RDS resource
   */
  public Validation<RouteTable> parse(RouteConfiguration proto, Origin origin, String path) {
    ParseScope scope = new ParseScope(origin, path, new Validation.Collector());
    TABLE.check(proto, scope);
    Surroundings table =
        new Surroundings(
            headers(
                scope,
                proto.getRequestHeadersToAddList(),
                proto.getRequestHeadersToRemoveList(),
                proto.getResponseHeadersToAddList(),
                proto.getResponseHeadersToRemoveList()),
            filterConfigs(proto.getTypedPerFilterConfigMap(), RateLimits.NONE, scope),
            new RouteActionParser.Inherited(
                Optional.empty(),
                RouteActionParser.mirrors(proto.getRequestMirrorPoliciesList(), scope),
                false,
                false,
                proto.hasMaxDirectResponseBodySizeBytes()
                    ? Integer.toUnsignedLong(proto.getMaxDirectResponseBodySizeBytes().getValue())
                    : BODY_BYTES_MAX_DEFAULT),
            proto.getMostSpecificHeaderMutationsWins());
    Metadata.parse(proto.getMetadata(), scope.field("metadata"));
    checkDomains(proto, scope);
    List<VirtualHost> hosts = new ArrayList<>(proto.getVirtualHostsCount());
    for (int i = 0; i < proto.getVirtualHostsCount(); i++) {
      hosts.add(host(proto.getVirtualHosts(i), table, scope.field("virtual_hosts", i)));
    }
    return scope
        .out()
        .finish(
            () ->
                new RouteTable(
                    proto.getName(),
                    hosts,
                    new RouteTable.Options(
                        proto.getIgnorePortInHostMatching(),
                        proto.getIgnorePathParametersInPathMatching())));
  }

  /** Both directions' mutations of one place. */
  private record Mutations(Level request, Level response) {
    static final Mutations NONE = new Mutations(Level.EMPTY, Level.EMPTY);

    boolean isEmpty() {
      return request.isEmpty() && response.isEmpty();
    }
  }

  /** Equal parts of one table, kept once: among thousands of routes few differ in all. */
  private static final class Parts {
    private final Map<Object, Object> known = new HashMap<>();

    @SuppressWarnings("unchecked") // a part stands for one that it equals
    <T> T shared(T part) {
      return (T) known.computeIfAbsent(part, same -> same);
    }
  }

  /** What surrounds the place being parsed, from the most specific to the table. */
  private record Surroundings(
      List<Mutations> mutations,
      RouteFilterConfigs filterConfigs,
      RouteActionParser.Inherited inherited,
      boolean mostSpecificWins,
      Parts parts) {
    Surroundings(
        Mutations mutations,
        RouteFilterConfigs filterConfigs,
        RouteActionParser.Inherited inherited,
        boolean mostSpecificWins) {
      this(List.of(mutations), filterConfigs, inherited, mostSpecificWins, new Parts());
    }

    Surroundings inside(
        Mutations closer, RouteFilterConfigs configs, RouteActionParser.Inherited closest) {
      if (closer.isEmpty()) {
        return new Surroundings(
            mutations, configs.over(filterConfigs), closest, mostSpecificWins, parts);
      }
      List<Mutations> all = new ArrayList<>();
      all.add(closer);
      all.addAll(mutations);
      return new Surroundings(
          List.copyOf(all), configs.over(filterConfigs), closest, mostSpecificWins, parts);
    }

    /** Who applies last has the last word: the least specific, unless told otherwise. */
    RouteHeaders headers() {
      List<Mutations> order = mostSpecificWins ? mutations.reversed() : mutations;
      HeaderMutations request = HeaderMutations.of(order.stream().map(Mutations::request).toList());
      HeaderMutations response =
          HeaderMutations.of(order.stream().map(Mutations::response).toList());
      return request.isEmpty() && response.isEmpty()
          ? RouteHeaders.NONE
          : new RouteHeaders(request, response);
    }
  }

  private Mutations headers(
      ParseScope scope,
      List<io.envoyproxy.envoy.config.core.v3.HeaderValueOption> requestAdd,
      List<String> requestRemove,
      List<io.envoyproxy.envoy.config.core.v3.HeaderValueOption> responseAdd,
      List<String> responseRemove) {
    Level request = mutations.parse(requestAdd, requestRemove, scope, "request_headers");
    Level response = mutations.parse(responseAdd, responseRemove, scope, "response_headers");
    return request.isEmpty() && response.isEmpty()
        ? Mutations.NONE
        : new Mutations(request, response);
  }

  // the deprecated switch still comes from older control planes
  @SuppressWarnings("deprecation")
  private RateLimits rateLimits(io.envoyproxy.envoy.config.route.v3.Route proto, ParseScope scope) {
    if (!proto.hasRoute()) {
      return RateLimits.NONE;
    }
    return new RateLimits(
        rateLimits.parseOfRoute(proto.getRoute().getRateLimitsList(), scope.field("route")),
        List.of(),
        proto.getRoute().getIncludeVhRateLimits().getValue());
  }

  private RouteFilterConfigs filterConfigs(
      Map<String, Any> protos, RateLimits limits, ParseScope scope) {
    Map<String, RouteFilterConfig> configs = new LinkedHashMap<>();
    new TreeMap<>(protos)
        .forEach(
            (name, proto) ->
                filterConfigs
                    .parse(name, proto, scope.field("typed_per_filter_config", name))
                    .ifPresent(config -> configs.put(name, config)));
    return RouteFilterConfigs.of(configs, limits);
  }

  private static void checkDomains(RouteConfiguration proto, ParseScope scope) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < proto.getVirtualHostsCount(); i++) {
      ParseScope host = scope.field("virtual_hosts", i);
      if (proto.getVirtualHosts(i).getDomainsCount() == 0) {
        host.field("domains").error("none", "at least one domain");
      }
      for (int j = 0; j < proto.getVirtualHosts(i).getDomainsCount(); j++) {
        String domain = proto.getVirtualHosts(i).getDomains(j);
        if (!seen.add(domain.toLowerCase(Locale.ROOT))) {
          host.field("domains", j).error(domain, "each domain once in a route configuration");
        }
      }
    }
  }

  private VirtualHost host(
      io.envoyproxy.envoy.config.route.v3.VirtualHost proto, Surroundings table, ParseScope scope) {
    HOST.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("\"\"", "a name");
    }
    Metadata.parse(proto.getMetadata(), scope.field("metadata"));
    Optional<RetryPolicy> retry =
        proto.hasRetryPolicy()
            ? RetryPolicyParser.parse(proto.getRetryPolicy(), scope.field("retry_policy"))
            : Optional.empty();
    List<MirrorPolicy> mirrors =
        proto.getRequestMirrorPoliciesCount() > 0
            ? RouteActionParser.mirrors(proto.getRequestMirrorPoliciesList(), scope)
            : table.inherited().mirrors();
    Surroundings host =
        table.inside(
            headers(
                scope,
                proto.getRequestHeadersToAddList(),
                proto.getRequestHeadersToRemoveList(),
                proto.getResponseHeadersToAddList(),
                proto.getResponseHeadersToRemoveList()),
            filterConfigs(
                proto.getTypedPerFilterConfigMap(),
                new RateLimits(
                    List.of(), rateLimits.parseOfRoute(proto.getRateLimitsList(), scope), false),
                scope),
            new RouteActionParser.Inherited(
                retry,
                mirrors,
                proto.getIncludeRequestAttemptCount(),
                proto.getIncludeAttemptCountInResponse(),
                table.inherited().bodyBytesMax()));
    VirtualClusters clusters = virtualClusters(proto, scope);
    List<Route> routes = new ArrayList<>(proto.getRoutesCount());
    for (int i = 0; i < proto.getRoutesCount(); i++) {
      route(proto.getRoutes(i), proto.getName(), clusters, host, scope.field("routes", i))
          .ifPresent(routes::add);
    }
    return new VirtualHost(
        proto.getName(),
        proto.getDomainsList(),
        tls(proto, scope),
        tlsRedirect(proto.getName(), host),
        routes);
  }

  private static VirtualClusters virtualClusters(
      io.envoyproxy.envoy.config.route.v3.VirtualHost proto, ParseScope scope) {
    if (proto.getVirtualClustersCount() == 0) {
      return VirtualClusters.NONE;
    }
    String prefix = "vhost." + proto.getName() + ".vcluster.";
    List<VirtualClusters.Entry> entries = new ArrayList<>(proto.getVirtualClustersCount());
    for (int i = 0; i < proto.getVirtualClustersCount(); i++) {
      VirtualCluster cluster = proto.getVirtualClusters(i);
      ParseScope at = scope.field("virtual_clusters", i);
      VIRTUAL_CLUSTER.check(cluster, at);
      if (cluster.getName().isEmpty()) {
        at.field("name").error("\"\"", "a name");
      }
      if (cluster.getHeadersCount() == 0) {
        at.field("headers").error("none", "at least one matcher");
      }
      entries.add(
          new VirtualClusters.Entry(
              prefix + cluster.getName() + ".",
              HeaderMatcherParser.parseAll(cluster.getHeadersList(), at, "headers")));
    }
    return new VirtualClusters(entries, prefix + "other.");
  }

  private static VirtualHost.TlsRequirement tls(
      io.envoyproxy.envoy.config.route.v3.VirtualHost proto, ParseScope scope) {
    return switch (proto.getRequireTls()) {
      case NONE -> VirtualHost.TlsRequirement.NONE;
      case EXTERNAL_ONLY -> VirtualHost.TlsRequirement.EXTERNAL_ONLY;
      case ALL -> VirtualHost.TlsRequirement.ALL;
      case UNRECOGNIZED -> {
        scope
            .field("require_tls")
            .error(String.valueOf(proto.getRequireTlsValue()), "NONE, EXTERNAL_ONLY or ALL");
        yield VirtualHost.TlsRequirement.NONE;
      }
    };
  }

  private static Route tlsRedirect(String hostName, Surroundings host) {
    return new Route(
        "",
        RouteMatcher.any(),
        new RouteAction.Redirect(301, "https", "", 0, RouteAction.PathRewrite.None.INSTANCE, false),
        host.headers(),
        host.filterConfigs(),
        new Route.Labels(hostName, "", RequestTrace.OfRoute.NONE, Metadata.EMPTY));
  }

  private Optional<Route> route(
      io.envoyproxy.envoy.config.route.v3.Route proto,
      String hostName,
      VirtualClusters clusters,
      Surroundings host,
      ParseScope scope) {
    ROUTE.check(proto, scope);
    Surroundings surroundings =
        host.inside(
            headers(
                scope,
                proto.getRequestHeadersToAddList(),
                proto.getRequestHeadersToRemoveList(),
                proto.getResponseHeadersToAddList(),
                proto.getResponseHeadersToRemoveList()),
            filterConfigs(proto.getTypedPerFilterConfigMap(), rateLimits(proto, scope), scope),
            host.inherited());
    Optional<RouteMatcher> matcher =
        RouteMatcherParser.parse(proto.getMatch(), scope.field("match"));
    Optional<RouteAction> action = action(proto, surroundings, scope);
    Route.Labels labels = labels(proto, hostName, clusters, scope);
    if (matcher.isEmpty() || action.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Route(
            proto.getName(),
            matcher.get(),
            host.parts().shared(action.get()),
            host.parts().shared(surroundings.headers()),
            host.parts().shared(surroundings.filterConfigs()),
            host.parts().shared(labels)));
  }

  private Route.Labels labels(
      io.envoyproxy.envoy.config.route.v3.Route proto,
      String hostName,
      VirtualClusters clusters,
      ParseScope scope) {
    Decorator decorator = proto.getDecorator();
    if (proto.hasDecorator()) {
      DECORATOR.check(decorator, scope.field("decorator"));
    }
    Metadata metadata = Metadata.parse(proto.getMetadata(), scope.field("metadata"));
    return new Route.Labels(
        hostName,
        proto.getStatPrefix(),
        new RequestTrace.OfRoute(
            proto.hasTracing()
                ? Optional.of(tracing.parse(proto.getTracing(), scope.field("tracing")))
                : Optional.empty(),
            decorator.getOperation(),
            !decorator.hasPropagate() || decorator.getPropagate().getValue(),
            metadata),
        metadata,
        clusters);
  }

  private Optional<RouteAction> action(
      io.envoyproxy.envoy.config.route.v3.Route proto,
      Surroundings surroundings,
      ParseScope scope) {
    return switch (proto.getActionCase()) {
      case ROUTE ->
          RouteActionParser.forward(
              proto.getRoute(),
              surroundings.inherited(),
              (weighted, at) -> weighted(weighted, surroundings, at),
              scope.field("route"));
      case REDIRECT ->
          Optional.of(RouteActionParser.redirect(proto.getRedirect(), scope.field("redirect")));
      case DIRECT_RESPONSE ->
          Optional.of(
              RouteActionParser.directResponse(
                  proto.getDirectResponse(),
                  surroundings.inherited().bodyBytesMax(),
                  scope.field("direct_response")));
      case NON_FORWARDING_ACTION -> Optional.of(new RouteAction.NonForwarding());
      // reported as unsupported already
      case FILTER_ACTION -> Optional.empty();
      case ACTION_NOT_SET -> {
        scope.error("no action", "one of route, redirect, direct_response, non_forwarding_action");
        yield Optional.empty();
      }
    };
  }

  private Optional<ClusterSpecifier> weighted(
      WeightedCluster proto, Surroundings route, ParseScope scope) {
    WEIGHTED.check(proto, scope);
    List<ClusterSpecifier.Share> shares = new ArrayList<>(proto.getClustersCount());
    long total = 0;
    for (int i = 0; i < proto.getClustersCount(); i++) {
      total += Integer.toUnsignedLong(proto.getClusters(i).getWeight().getValue());
      share(proto.getClusters(i), route, scope.field("clusters", i)).ifPresent(shares::add);
    }
    if (total < 1 || total > WEIGHTS_MAX) {
      scope.field("clusters").error("weights of " + total + " together", "1 to " + WEIGHTS_MAX);
      return Optional.empty();
    }
    Optional<HeaderName> randomHeader =
        proto.getHeaderName().isEmpty()
            ? Optional.empty()
            : RouteActionParser.headerName(proto.getHeaderName(), scope.field("header_name"));
    if (shares.size() < proto.getClustersCount()) {
      return Optional.empty();
    }
    return Optional.of(new ClusterSpecifier.Weighted(shares, randomHeader));
  }

  private Optional<ClusterSpecifier.Share> share(
      ClusterWeight proto, Surroundings route, ParseScope scope) {
    WEIGHT.check(proto, scope);
    Surroundings surroundings =
        route.inside(
            headers(
                scope,
                proto.getRequestHeadersToAddList(),
                proto.getRequestHeadersToRemoveList(),
                proto.getResponseHeadersToAddList(),
                proto.getResponseHeadersToRemoveList()),
            filterConfigs(proto.getTypedPerFilterConfigMap(), RateLimits.NONE, scope),
            route.inherited());
    if (!proto.getName().isEmpty() && !proto.getClusterHeader().isEmpty()) {
      scope.error("name and cluster_header", "only one of them");
    }
    Optional<ClusterSpecifier> cluster =
        proto.getClusterHeader().isEmpty()
            ? RouteActionParser.named(proto.getName(), scope.field("name"))
            : RouteActionParser.fromHeader(proto.getClusterHeader(), scope.field("cluster_header"));
    return cluster.map(
        known ->
            new ClusterSpecifier.Share(
                known,
                Integer.toUnsignedLong(proto.getWeight().getValue()),
                proto.getHostRewriteLiteral(),
                surroundings.headers(),
                surroundings.filterConfigs()));
  }
}
