package io.meltemi.proxy.http;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.ExtensionConfigSource;
import io.envoyproxy.envoy.config.core.v3.PathConfigSource;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.ResourceServers;
import io.meltemi.proxy.parse.ResourceSource;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.parse.TypedStructs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Configurations of HTTP filters that servers deliver ({@code core.v3.ExtensionConfigSource}). One
 * is asked for while a listener that was put in force, or warms, uses it; all uses share one
 * subscription. What comes counts from the next stream on. Configuration thread.
 */
public final class DiscoveredFilters {
  private static final SupportedFields DISCOVERY =
      SupportedFields.of(
          ExtensionConfigSource.class,
          "config_source",
          "default_config",
          "apply_default_config_without_warming",
          "type_urls");
  private static final SupportedFields CONFIG_SOURCE =
      SupportedFields.of(
          ConfigSource.class,
          "path",
          "path_config_source",
          "ads",
          "api_config_source",
          "initial_fetch_timeout",
          "resource_api_version");
  private static final SupportedFields PATH_SOURCE =
      SupportedFields.of(PathConfigSource.class, "path", "watched_directory");
  private static final long FETCH_TIMEOUT_NANOS = 15_000_000_000L;

  private final HttpFilters filters;
  private final Map<Key, Subscription> subscriptions = new HashMap<>();
  private ResourceServers servers = ResourceServers.NONE;

  record Key(ResourceSource source, String name) {}

  private static final class Subscription {
    final Set<DiscoveredFilter> users = Collections.newSetFromMap(new IdentityHashMap<>());
    @Nullable Any body;
    @Nullable HttpFilterConfig config;
    boolean answered;
  }

  public DiscoveredFilters(HttpFilters filters) {
    this.filters = filters;
  }

  /** Sets who is asked; once, before anything is parsed. */
  public void askFrom(ResourceServers newServers) {
    servers = newServers;
  }

  /** The entry of a chain; empty when bad, which is then an error in the scope. */
  Optional<HttpFilterConfig> parse(
      String name, ExtensionConfigSource proto, boolean terminal, ParseScope scope) {
    DISCOVERY.check(proto, scope);
    Set<String> types = new HashSet<>();
    for (String url : proto.getTypeUrlsList()) {
      String full = url.contains("/") ? url : "type.googleapis.com/" + url;
      if (filters.byTypeUrl(full).isEmpty()) {
        scope.field("type_urls").unsupported(url);
      }
      types.add(full);
    }
    if (types.isEmpty()) {
      scope.field("type_urls").error("none", "at least one type");
    }
    if (proto.getApplyDefaultConfigWithoutWarming() && !proto.hasDefaultConfig()) {
      scope.field("default_config").error("none", "one that can be applied without warming");
    }
    long nanos =
        proto.getConfigSource().hasInitialFetchTimeout()
            ? scope
                .field("config_source")
                .field("initial_fetch_timeout")
                .durationNanos(proto.getConfigSource().getInitialFetchTimeout())
            : FETCH_TIMEOUT_NANOS;
    DiscoveredFilter.Use use =
        new DiscoveredFilter.Use(
            types, terminal, !proto.getApplyDefaultConfigWithoutWarming(), Duration.ofNanos(nanos));
    Optional<HttpFilterConfig> fallback =
        proto.hasDefaultConfig()
            ? config(proto.getDefaultConfig(), Set.of(use), scope.field("default_config"))
            : Optional.empty();
    Optional<ResourceSource> source = source(proto.getConfigSource(), scope.field("config_source"));
    return source.map(from -> new DiscoveredFilter(this, new Key(from, name), use, fallback));
  }

  @SuppressWarnings("deprecation") // path: the older form of path_config_source
  private Optional<ResourceSource> source(ConfigSource proto, ParseScope scope) {
    CONFIG_SOURCE.check(proto, scope);
    return switch (proto.getConfigSourceSpecifierCase()) {
      case ADS -> Optional.of(new ResourceSource.Aggregated());
      case PATH -> file(proto.getPath(), scope.field("path"));
      case PATH_CONFIG_SOURCE -> {
        PATH_SOURCE.check(proto.getPathConfigSource(), scope.field("path_config_source"));
        yield file(
            proto.getPathConfigSource().getPath(), scope.field("path_config_source").field("path"));
      }
      case API_CONFIG_SOURCE -> {
        ParseScope api = scope.field("api_config_source");
        Optional<ApiSource> server = ApiSource.parse(proto.getApiConfigSource(), api);
        server
            .flatMap(servers::problem)
            .ifPresent(
                text ->
                    api.field("grpc_services", 0).error(text, "a static cluster with an endpoint"));
        yield server.map(ResourceSource.Server::new);
      }
      default -> {
        scope.unsupported(proto.getConfigSourceSpecifierCase().name().toLowerCase(Locale.ROOT));
        yield Optional.empty();
      }
    };
  }

  private static Optional<ResourceSource> file(String path, ParseScope scope) {
    if (!Files.isReadable(Path.of(path))) {
      scope.error(path, "a file that exists");
      return Optional.empty();
    }
    return Optional.of(new ResourceSource.PathFile(path));
  }

  /** Parses a configuration that must do for all uses. */
  private Optional<HttpFilterConfig> config(
      Any body, Set<DiscoveredFilter.Use> uses, ParseScope scope) {
    String type = TypedStructs.typeUrl(body);
    Optional<HttpFilterFactory> factory = filters.byTypeUrl(type);
    if (factory.isEmpty()) {
      scope.unsupported(type);
      return Optional.empty();
    }
    for (DiscoveredFilter.Use use : uses) {
      if (!use.typeUrls().contains(type)) {
        scope.error(type, "one of " + String.join(", ", use.typeUrls()));
        return Optional.empty();
      }
      if (use.terminal() != factory.get().isTerminal()) {
        scope.error(
            type,
            use.terminal()
                ? "a filter that ends the chain"
                : "a filter that does not end the chain");
        return Optional.empty();
      }
    }
    return factory.get().parse(body, scope);
  }

  /** Asks for the configuration of a use until {@link #drop}. */
  void hold(DiscoveredFilter use) {
    Subscription known = subscriptions.get(use.key());
    Subscription subscription = known == null ? new Subscription() : known;
    subscription.users.add(use);
    if (known == null) {
      subscriptions.put(use.key(), subscription);
      if (!servers.subscribe(use.key().source(), use.key().name(), use.use().fetchTimeout())) {
        subscription.answered = true;
      }
    }
    Any body = subscription.body;
    if (body != null && use.use().typeUrls().contains(TypedStructs.typeUrl(body))) {
      use.put(subscription.config);
    } else if (subscription.answered) {
      use.giveUp();
    }
  }

  /** Ends what {@link #hold} began; nothing happens when nothing is held. */
  void drop(DiscoveredFilter use) {
    Subscription subscription = subscriptions.get(use.key());
    if (subscription != null && subscription.users.remove(use) && subscription.users.isEmpty()) {
      subscriptions.remove(use.key());
      servers.unsubscribe(use.key().source(), use.key().name());
      close(subscription);
    }
  }

  private static void close(Subscription subscription) {
    HttpFilterConfig config = subscription.config;
    subscription.config = null;
    if (config != null) {
      config.close();
    }
  }

  /**
   * Takes a configuration from a source.
   *
   * @return whether it changes anything, or what is wrong with it; then what was there stays
   */
  public Validation<Boolean> deliver(ResourceSource source, TypedExtensionConfig proto) {
    ParseScope scope = ParseScope.root(Origin.of("filter configuration " + proto.getName()));
    Subscription subscription = subscriptions.get(new Key(source, proto.getName()));
    if (subscription == null || proto.getTypedConfig().equals(subscription.body)) {
      return scope.out().finish(() -> false);
    }
    Set<DiscoveredFilter.Use> uses = new HashSet<>();
    subscription.users.forEach(user -> uses.add(user.use()));
    Optional<HttpFilterConfig> parsed =
        config(proto.getTypedConfig(), uses, scope.field("typed_config"));
    if (parsed.isEmpty() || scope.out().hasErrors()) {
      return scope.out().finish(() -> false);
    }
    HttpFilterConfig before = subscription.config;
    parsed.get().hold();
    subscription.body = proto.getTypedConfig();
    subscription.config = parsed.get();
    subscription.answered = true;
    subscription.users.forEach(user -> user.put(parsed.get()));
    if (before != null) {
      before.close();
    }
    return scope.out().finish(() -> true);
  }

  /** The source has no such configuration any more: the default ones count. */
  public void removed(ResourceSource source, String name) {
    Subscription subscription = subscriptions.get(new Key(source, name));
    if (subscription != null) {
      subscription.users.forEach(user -> user.put(null));
      subscription.body = null;
      close(subscription);
    }
  }

  /** A configuration did not come in time, or is bad; nobody waits for it any longer. */
  public void missing(ResourceSource source, String name) {
    Subscription subscription = subscriptions.get(new Key(source, name));
    if (subscription != null) {
      subscription.answered = true;
      subscription.users.forEach(DiscoveredFilter::giveUp);
    }
  }
}
