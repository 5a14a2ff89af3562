package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.parse.TypedStructs;
import io.meltemi.proxy.route.RouteTable;
import io.meltemi.proxy.route.RouteTableParser;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.tracing.TracingParser;
import io.meltemi.proxy.tracing.TracingSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * {@code envoy.filters.network.http_connection_manager}.
 *
 * <p>Differs from Envoy: what is not implemented is refused when set.
 */
public final class HttpConnectionManagerFactory implements NetworkFilterFactory {
  private static final SupportedFields RDS =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds.class,
          "route_config_name",
          "config_source");
  private static final SupportedFields FILTER =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter
              .class,
          "name",
          "typed_config",
          "config_discovery",
          "is_optional",
          "disabled");

  /** A stream keeps a bit for each. */
  private static final int FILTERS_MAX = Long.SIZE;

  private final HttpFilters filters;
  private final DiscoveredFilters discovered;
  private final RouteTableParser routeParser;
  private final Function<String, RouteSource> routes;
  private final AccessLogParser accessLogs;
  private final TracingParser tracing;
  private final Stats stats;
  private final HttpConnectionManagerParser settings;

  /**
   * @param routes the routes of an RDS resource by its name; called on the configuration thread
   */
  public HttpConnectionManagerFactory(
      HttpFilters filters,
      DiscoveredFilters discovered,
      RouteTableParser routeParser,
      Function<String, RouteSource> routes,
      AccessLogParser accessLogs,
      TracingParser tracing,
      Stats stats) {
    this.filters = filters;
    this.discovered = discovered;
    this.routeParser = routeParser;
    this.routes = routes;
    this.accessLogs = accessLogs;
    this.tracing = tracing;
    this.stats = stats;
    this.settings = new HttpConnectionManagerParser(routeParser.mutations());
  }

  @Override
  public String name() {
    return "envoy.filters.network.http_connection_manager";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
            + ".HttpConnectionManager");
  }

  @Override
  public boolean isTerminal() {
    return true;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(
            config,
            io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3
                .HttpConnectionManager.class)
        .flatMap(proto -> parse(proto, scope));
  }

  private Optional<NetworkFilterConfig> parse(
      io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3
              .HttpConnectionManager
          proto,
      ParseScope scope) {
    HttpConnectionManagerSettings parsed = settings.parse(proto, scope);
    List<HttpConnectionManager.ChainEntry> chain = chain(proto.getHttpFiltersList(), scope);
    if (proto.getHttpFiltersCount() == 0) {
      scope.field("http_filters").error("none", "at least envoy.filters.http.router");
    }
    Map<String, List<HttpConnectionManager.ChainEntry>> upgradeChains = new HashMap<>();
    for (int i = 0; i < proto.getUpgradeConfigsCount(); i++) {
      var upgrade = proto.getUpgradeConfigs(i);
      if (upgrade.getFiltersCount() > 0) {
        upgradeChains.put(
            upgrade.getUpgradeType().toLowerCase(Locale.ROOT),
            chain(upgrade.getFiltersList(), "filters", scope.field("upgrade_configs", i)));
      }
    }
    Set<String> routeNames = Set.of();
    Optional<RouteSource> source = Optional.empty();
    switch (proto.getRouteSpecifierCase()) {
      case ROUTE_CONFIG -> {
        Validation<RouteTable> table =
            routeParser.parse(
                proto.getRouteConfig(), scope.origin(), scope.field("route_config").path());
        if (scope.out().absorb(table)) {
          source = Optional.of(RouteSource.fixed(table.orElseThrow()));
        }
      }
      case RDS -> {
        RDS.check(proto.getRds(), scope.field("rds"));
        String name = proto.getRds().getRouteConfigName();
        if (name.isEmpty()) {
          scope.field("rds").field("route_config_name").error("\"\"", "a name");
        }
        routeNames = Set.of(name);
        source = Optional.of(routes.apply(name));
      }
      case SCOPED_ROUTES -> scope.field("scoped_routes").unsupported("set");
      case ROUTESPECIFIER_NOT_SET -> scope.error("no routes", "one of route_config, rds");
    }
    Optional<TracingSettings> traced =
        proto.hasTracing()
            ? tracing.parse(proto.getTracing(), scope.field("tracing"))
            : Optional.empty();
    AccessLog log = accessLogs.parse(proto.getAccessLogList(), scope, "access_log");
    if (source.isEmpty() || scope.out().hasErrors()) {
      return Optional.empty();
    }
    return Optional.of(
        new HttpConnectionManager(
            parsed,
            source.get(),
            new HttpConnectionManager.Chains(chain, upgradeChains),
            new HttpConnectionManager.Told(
                proto.getAccessLogCount() == 0 ? List.of() : List.of(log), traced),
            routeNames,
            stats));
  }

  private List<HttpConnectionManager.ChainEntry> chain(
      List<io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter>
          protos,
      ParseScope scope) {
    return chain(protos, "http_filters", scope);
  }

  private List<HttpConnectionManager.ChainEntry> chain(
      List<io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter>
          protos,
      String field,
      ParseScope scope) {
    List<HttpConnectionManager.ChainEntry> chain = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      var proto = protos.get(i);
      ParseScope at = scope.field(field, i);
      FILTER.check(proto, at);
      boolean isLast = i == protos.size() - 1;
      if (isLast && proto.getDisabled()) {
        at.field("disabled").error("true", "a filter that ends the chain is enabled");
      }
      if (proto.hasConfigDiscovery()) {
        discovered
            .parse(
                proto.getName(), proto.getConfigDiscovery(), isLast, at.field("config_discovery"))
            .ifPresent(config -> chain.add(entry(proto, config)));
        continue;
      }
      Optional<HttpFilterFactory> factory =
          filters.byTypeUrl(TypedStructs.typeUrl(proto.getTypedConfig()));
      if (factory.isEmpty()) {
        if (proto.getIsOptional()) {
          at.warn(proto.getName(), "a filter of this proxy; it is optional and left out");
        } else {
          at.field("typed_config")
              .unsupported(proto.getName() + " " + TypedStructs.typeUrl(proto.getTypedConfig()));
        }
        continue;
      }
      if (factory.get().isTerminal() != isLast) {
        at.error(
            proto.getName(),
            isLast
                ? "a filter that ends the chain, such as envoy.filters.http.router"
                : "a filter that does not end the chain");
      }
      factory
          .get()
          .parse(proto.getTypedConfig(), at.field("typed_config"))
          .ifPresent(config -> chain.add(entry(proto, config)));
    }
    if (protos.size() > FILTERS_MAX) {
      scope.field("http_filters").error(protos.size() + " filters", "at most " + FILTERS_MAX);
    }
    return chain;
  }

  private static HttpConnectionManager.ChainEntry entry(
      io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter proto,
      HttpFilterConfig config) {
    return new HttpConnectionManager.ChainEntry(proto.getName(), config, !proto.getDisabled());
  }
}
