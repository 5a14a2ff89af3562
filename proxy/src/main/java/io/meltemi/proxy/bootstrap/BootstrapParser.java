package io.meltemi.proxy.bootstrap;

import io.envoyproxy.envoy.config.bootstrap.v3.Admin;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.bootstrap.v3.ClusterManager;
import io.envoyproxy.envoy.config.bootstrap.v3.LayeredRuntime;
import io.envoyproxy.envoy.config.bootstrap.v3.RuntimeLayer;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.PathConfigSource;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.metrics.v3.StatsConfig;
import io.envoyproxy.envoy.extensions.bootstrap.internal_listener.v3.InternalListener;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.bootstrap.BootstrapConfig.Dynamic;
import io.meltemi.proxy.bootstrap.BootstrapConfig.Source;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Parses {@code config.bootstrap.v3.Bootstrap}. Any thread. */
public final class BootstrapParser {
  private static final SupportedFields BOOTSTRAP =
      SupportedFields.of(
              Bootstrap.class,
              "node",
              "static_resources",
              "dynamic_resources",
              "cluster_manager",
              "layered_runtime",
              "admin",
              "stats_config",
              "bootstrap_extensions")
          .withoutEffect("stats are read by scraping only", "stats_flush_interval")
          .withoutEffect(
              "this proxy has no such thing",
              "watchdog",
              "watchdogs",
              "flags_path",
              "deferred_stat_options",
              "enable_dispatcher_stats",
              "stats_server_version_override",
              "inline_headers",
              "perf_tracing_file_path",
              "memory_allocator_manager",
              "grpc_async_client_manager_config")
          .withoutEffect(
              "names are looked up by the system's resolver",
              "use_tcp_for_dns_lookups",
              "dns_resolution_config",
              "typed_dns_resolver_config")
          .withoutEffect("expressions are those of RE2", "default_regex_engine")
          .withoutEffect("logs go where the flags say", "application_log_config");
  private static final SupportedFields INTERNAL_LISTENER =
      SupportedFields.of(InternalListener.class)
          .withoutEffect("buffers are those of the ends", "buffer_size_kb");
  private static final SupportedFields STATIC =
      SupportedFields.of(Bootstrap.StaticResources.class, "listeners", "clusters", "secrets");
  private static final SupportedFields DYNAMIC =
      SupportedFields.of(
          Bootstrap.DynamicResources.class, "lds_config", "cds_config", "ads_config");
  private static final SupportedFields ADMIN =
      SupportedFields.of(Admin.class, "address")
          .withoutEffect("admin requests are not logged", "access_log", "access_log_path")
          .withoutEffect("profiles are not written", "profile_path")
          .withoutEffect("there is no global limit", "ignore_global_conn_limit");
  private static final SupportedFields CLUSTER_MANAGER =
      SupportedFields.of(ClusterManager.class)
          .withoutEffect("there is no zone aware routing", "local_cluster_name")
          .withoutEffect("ejections are shown by stats", "outlier_detection")
          .withoutEffect("clusters are made at once", "enable_deferred_cluster_creation");
  private static final SupportedFields RUNTIME_LAYER =
      SupportedFields.of(RuntimeLayer.class, "name", "admin_layer")
          .withoutEffect(
              "runtime keys change nothing here; defaults count", "static_layer", "disk_layer");
  private static final SupportedFields CONFIG_SOURCE =
      SupportedFields.of(
          ConfigSource.class,
          "path_config_source",
          "path",
          "ads",
          "initial_fetch_timeout",
          "resource_api_version");
  private static final SupportedFields PATH_SOURCE =
      SupportedFields.of(PathConfigSource.class, "path", "watched_directory");
  private static final SupportedFields STATS =
      SupportedFields.of(StatsConfig.class)
          .withoutEffect(
              "all stats are kept, with Envoy's default tags and buckets",
              "stats_tags",
              "use_all_default_tags",
              "stats_matcher",
              "histogram_bucket_settings");

  private BootstrapParser() {}

  /** The parsed bootstrap, or every problem found outside listeners and clusters. */
  public static Validation<BootstrapConfig> parse(Bootstrap proto, Origin origin) {
    ParseScope scope = ParseScope.root(origin);
    BOOTSTRAP.check(proto, scope);
    for (int i = 0; i < proto.getBootstrapExtensionsCount(); i++) {
      extension(proto.getBootstrapExtensions(i), scope.field("bootstrap_extensions", i));
    }
    STATIC.check(proto.getStaticResources(), scope.field("static_resources"));
    CLUSTER_MANAGER.check(proto.getClusterManager(), scope.field("cluster_manager"));
    STATS.check(proto.getStatsConfig(), scope.field("stats_config"));
    runtime(proto.getLayeredRuntime(), scope.field("layered_runtime"));
    Optional<InetSocketAddress> admin = admin(proto, scope.field("admin"));
    Set<String> grpcClusters = new LinkedHashSet<>();
    Dynamic dynamic =
        dynamic(proto.getDynamicResources(), scope.field("dynamic_resources"), grpcClusters);
    return scope
        .out()
        .finish(
            () ->
                new BootstrapConfig(
                    proto.getNode(),
                    admin,
                    dynamic,
                    proto.getStaticResources().getClustersList(),
                    proto.getStaticResources().getListenersList(),
                    proto.getStaticResources().getSecretsList(),
                    grpcClusters,
                    proto.toByteString()));
  }

  private static void runtime(LayeredRuntime runtime, ParseScope scope) {
    for (int i = 0; i < runtime.getLayersCount(); i++) {
      RUNTIME_LAYER.check(runtime.getLayers(i), scope.field("layers", i));
    }
  }

  /** Listeners inside the proxy need nothing to be there. */
  private static void extension(TypedExtensionConfig proto, ParseScope scope) {
    if (!MessageTypes.holds(proto.getTypedConfig(), InternalListener.class)) {
      scope
          .field("typed_config")
          .unsupported(proto.getName() + " " + proto.getTypedConfig().getTypeUrl());
      return;
    }
    ParseScope at = scope.field("typed_config");
    at.unpack(proto.getTypedConfig(), InternalListener.class)
        .ifPresent(found -> INTERNAL_LISTENER.check(found, at));
  }

  private static Optional<InetSocketAddress> admin(Bootstrap proto, ParseScope scope) {
    if (!proto.hasAdmin()) {
      return Optional.empty();
    }
    ADMIN.check(proto.getAdmin(), scope);
    if (!proto.getAdmin().hasAddress()) {
      return Optional.empty();
    }
    ParseScope address = scope.field("address");
    if (!proto.getAdmin().getAddress().hasSocketAddress()) {
      address.unsupported(
          proto.getAdmin().getAddress().getAddressCase().name().toLowerCase(Locale.ROOT));
      return Optional.empty();
    }
    return address(
        proto.getAdmin().getAddress().getSocketAddress(), address.field("socket_address"));
  }

  private static Optional<InetSocketAddress> address(SocketAddress proto, ParseScope scope) {
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(proto.getAddress());
    int port = proto.getPortValue();
    if (bytes == null || port < 0 || port > 65535) {
      scope.error(
          proto.getAddress() + ":" + Integer.toUnsignedString(port),
          "an IP address and a port_value from 0 to 65535");
      return Optional.empty();
    }
    try {
      return Optional.of(new InetSocketAddress(InetAddress.getByAddress(bytes), port));
    } catch (UnknownHostException e) {
      scope.error(proto.getAddress(), "an IP address");
      return Optional.empty();
    }
  }

  private static Dynamic dynamic(
      Bootstrap.DynamicResources proto, ParseScope scope, Set<String> grpcClusters) {
    DYNAMIC.check(proto, scope);
    Optional<ApiSource> ads = Optional.empty();
    if (proto.hasAdsConfig()) {
      ads = ApiSource.parse(proto.getAdsConfig(), scope.field("ads_config"));
      ads.ifPresent(
          known -> {
            if (known.target() instanceof ApiSource.Target.ClusterTarget target) {
              grpcClusters.add(target.cluster());
            }
          });
    }
    Source listeners =
        source(proto.hasLdsConfig(), proto.getLdsConfig(), scope.field("lds_config"));
    Source clusters = source(proto.hasCdsConfig(), proto.getCdsConfig(), scope.field("cds_config"));
    if (!proto.hasAdsConfig()
        && (listeners instanceof Source.Aggregated || clusters instanceof Source.Aggregated)) {
      scope.field("ads_config").error("not set", "a server, because a source says ads");
    }
    return new Dynamic(ads, listeners, clusters);
  }

  @SuppressWarnings("deprecation") // the plain path is the older form of path_config_source
  private static Source source(boolean present, ConfigSource proto, ParseScope scope) {
    if (!present) {
      return new Source.None();
    }
    CONFIG_SOURCE.check(proto, scope);
    return switch (proto.getConfigSourceSpecifierCase()) {
      case ADS -> new Source.Aggregated();
      case PATH -> new Source.PathSource(proto.getPath());
      case PATH_CONFIG_SOURCE -> {
        ParseScope field = scope.field("path_config_source");
        PATH_SOURCE.check(proto.getPathConfigSource(), field);
        if (proto.getPathConfigSource().getPath().isEmpty()) {
          field.field("path").error("", "a file path");
        }
        yield new Source.PathSource(proto.getPathConfigSource().getPath());
      }
      case CONFIGSOURCESPECIFIER_NOT_SET -> {
        scope.error("nothing", "ads or path_config_source");
        yield new Source.None();
      }
      default -> new Source.None(); // refused by name already
    };
  }
}
