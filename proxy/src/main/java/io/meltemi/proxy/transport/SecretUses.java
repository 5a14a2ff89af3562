package io.meltemi.proxy.transport;

import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.PathConfigSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.meltemi.proxy.parse.ApiSource;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.ResourceSource;
import io.meltemi.proxy.parse.SupportedFields;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Where a configuration names a secret: {@code SdsSecretConfig}. Configuration thread. */
final class SecretUses {
  private static final SupportedFields SDS =
      SupportedFields.of(SdsSecretConfig.class, "name", "sds_config");
  private static final SupportedFields CONFIG_SOURCE =
      SupportedFields.of(
          ConfigSource.class,
          "path_config_source",
          "path",
          "ads",
          "api_config_source",
          "initial_fetch_timeout",
          "resource_api_version");
  private static final SupportedFields PATH_SOURCE =
      SupportedFields.of(PathConfigSource.class, "path", "watched_directory");

  /** Envoy's default of {@code initial_fetch_timeout}. */
  private static final long FETCH_TIMEOUT_NANOS = 15_000_000_000L;

  private final Secrets secrets;

  SecretUses(Secrets secrets) {
    this.secrets = secrets;
  }

  /** The slot of a named secret; an error when there can be none of that kind. */
  @SuppressWarnings("deprecation") // the plain path is the older form of path_config_source
  Optional<SecretSlot> slot(SdsSecretConfig proto, Class<? extends Secret> kind, ParseScope scope) {
    SDS.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("\"\"", "a name");
      return Optional.empty();
    }
    if (!proto.hasSdsConfig()) {
      Optional<SecretSlot> written = secrets.written(proto.getName());
      if (written.isEmpty()) {
        scope.field("name").error(proto.getName(), "a secret of static_resources.secrets");
      } else if (!kind.isInstance(written.get().get())) {
        scope.field("name").error(proto.getName(), "a secret of the kind that is used here");
      }
      return written;
    }
    ConfigSource source = proto.getSdsConfig();
    ParseScope at = scope.field("sds_config");
    return switch (source.getConfigSourceSpecifierCase()) {
      case PATH -> {
        CONFIG_SOURCE.check(source, at);
        yield inFile(source.getPath(), proto.getName(), kind, at.field("path"));
      }
      case PATH_CONFIG_SOURCE -> {
        CONFIG_SOURCE.check(source, at);
        PATH_SOURCE.check(source.getPathConfigSource(), at.field("path_config_source"));
        yield inFile(
            source.getPathConfigSource().getPath(),
            proto.getName(),
            kind,
            at.field("path_config_source").field("path"));
      }
      case ADS -> {
        CONFIG_SOURCE.check(source, at);
        yield remote(new ResourceSource.Aggregated(), proto, kind, at);
      }
      case API_CONFIG_SOURCE -> {
        CONFIG_SOURCE.check(source, at);
        ParseScope api = at.field("api_config_source");
        Optional<ApiSource> server = ApiSource.parse(source.getApiConfigSource(), api);
        Optional<String> problem = server.flatMap(found -> secrets.remote().problem(found));
        problem.ifPresent(
            text -> api.field("grpc_services", 0).error(text, "a static cluster with an endpoint"));
        yield problem.isPresent()
            ? Optional.empty()
            : server.flatMap(found -> remote(new ResourceSource.Server(found), proto, kind, at));
      }
      default -> {
        at.unsupported(
            source.getConfigSourceSpecifierCase().name().toLowerCase(Locale.ROOT)
                + " for secret "
                + proto.getName());
        yield Optional.empty();
      }
    };
  }

  private static Optional<SecretSlot> remote(
      ResourceSource source,
      SdsSecretConfig proto,
      Class<? extends Secret> kind,
      ParseScope scope) {
    ConfigSource config = proto.getSdsConfig();
    long nanos =
        config.hasInitialFetchTimeout()
            ? scope.field("initial_fetch_timeout").durationNanos(config.getInitialFetchTimeout())
            : FETCH_TIMEOUT_NANOS;
    return Optional.of(
        RemoteSecrets.use(source, proto.getName(), kind, Duration.ofNanos(nanos)).slot());
  }

  private Optional<SecretSlot> inFile(
      String path, String name, Class<? extends Secret> kind, ParseScope scope) {
    if (!Files.isReadable(Path.of(path))) {
      scope.error(path, "a file that exists");
      return Optional.empty();
    }
    return Optional.of(secrets.inFile(path, name, kind, scope));
  }
}
