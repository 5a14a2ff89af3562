package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.config.core.v3.AsyncDataSource;
import io.envoyproxy.envoy.config.core.v3.BackoffStrategy;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.core.v3.RemoteDataSource;
import io.envoyproxy.envoy.extensions.filters.http.wasm.v3.Wasm;
import io.envoyproxy.envoy.extensions.wasm.v3.CapabilityRestrictionConfig;
import io.envoyproxy.envoy.extensions.wasm.v3.EnvironmentVariables;
import io.envoyproxy.envoy.extensions.wasm.v3.PluginConfig;
import io.envoyproxy.envoy.extensions.wasm.v3.ReloadConfig;
import io.envoyproxy.envoy.extensions.wasm.v3.VmConfig;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.upstream.ServiceParser;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.filters.http.wasm}. The classes of the runtime are loaded when the first
 * configuration comes.
 */
public final class WasmFilterFactory implements HttpFilterFactory {
  private static final String TYPE =
      "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
  private static final System.Logger LOG = System.getLogger(WasmFilterFactory.class.getName());

  /** Envoy's back-off of fetches, where a configuration has none. */
  private static final BackoffStrategy RETRY =
      BackoffStrategy.newBuilder()
          .setBaseInterval(Duration.newBuilder().setSeconds(1))
          .setMaxInterval(Duration.newBuilder().setSeconds(10))
          .build();

  private static final String RUNTIME = "envoy.wasm.runtime.v8";
  private static final Set<String> RUNTIMES =
      Set.of("", RUNTIME, "envoy.wasm.runtime.wamr", "envoy.wasm.runtime.wasmtime");
  private static final long RELOAD_NANOS = 1_000_000_000L;

  /** How large a module may be. */
  static final int CODE_BYTES_MAX = 64 << 20;

  private static final int CODES_MAX = 1000;

  private final Host host;
  private final SharedState shared = new SharedState();
  private final Map<String, SoftReference<WasmCode>> codes = new ConcurrentHashMap<>();
  private final Stats stats;
  private @Nullable CallClock clock;

  /** The fields of the messages; made when first needed. */
  private static final class Fields {
    static final SupportedFields WASM = SupportedFields.of(Wasm.class, "config");
    static final SupportedFields PLUGIN =
        SupportedFields.of(
            PluginConfig.class,
            "name",
            "root_id",
            "vm_config",
            "configuration",
            "fail_open",
            "failure_policy",
            "reload_config",
            "capability_restriction_config");
    static final SupportedFields VM =
        SupportedFields.of(
                VmConfig.class,
                "vm_id",
                "runtime",
                "code",
                "configuration",
                "environment_variables")
            .withoutEffect("modules are compiled here", "allow_precompiled")
            .withoutEffect("code does not come from a cache", "nack_on_code_cache_miss");
    static final SupportedFields CODE =
        SupportedFields.of(AsyncDataSource.class, "local", "remote");
    static final SupportedFields REMOTE =
        SupportedFields.of(RemoteDataSource.class, "http_uri", "sha256", "retry_policy");
    static final SupportedFields LOCAL =
        SupportedFields.of(DataSource.class, "filename", "inline_bytes", "inline_string");
    static final SupportedFields ENVIRONMENT =
        SupportedFields.of(EnvironmentVariables.class, "host_env_keys", "key_values");
    static final SupportedFields RELOAD = SupportedFields.of(ReloadConfig.class, "backoff");
    static final SupportedFields BACK_OFF =
        SupportedFields.of(BackoffStrategy.class, "base_interval")
            .withoutEffect("the base interval, each time", "max_interval");
    static final SupportedFields CAPABILITIES =
        SupportedFields.of(CapabilityRestrictionConfig.class, "allowed_capabilities");

    private Fields() {}
  }

  /**
   * What modules use of their proxy.
   *
   * @param environment variables of this process
   * @param loops every event loop that serves
   * @param configuration the configuration thread
   * @param changed to be run there when what a listener waits for may have come
   */
  public record Host(
      UpstreamClient client,
      ClusterManager clusters,
      Supplier<List<LoopContext>> loops,
      Node node,
      Ticker ticker,
      Map<String, String> environment,
      Executor configuration,
      Runnable changed) {}

  public WasmFilterFactory(Host host, Stats stats) {
    this.host = host;
    this.stats = stats;
  }

  @Override
  public String name() {
    return "envoy.filters.http.wasm";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope.unpack(config, Wasm.class, Fields.WASM).flatMap(proto -> parse(proto, scope));
  }

  private Optional<HttpFilterConfig> parse(Wasm proto, ParseScope scope) {
    PluginConfig plugin = proto.getConfig();
    ParseScope at = scope.field("config");
    Fields.PLUGIN.check(plugin, at);
    ParseScope vmAt = at.field("vm_config");
    Fields.VM.check(plugin.getVmConfig(), vmAt);
    PluginSettings settings = settings(plugin, at);
    AsyncDataSource source = plugin.getVmConfig().getCode();
    if (source.hasRemote()) {
      return remote(source, settings, vmAt.field("code"));
    }
    Optional<WasmCode> code = code(source, vmAt.field("code"));
    if (code.isEmpty() || scope.out().hasErrors()) {
      return Optional.empty();
    }
    WasmPlugin made = new WasmPlugin(settings, code.get(), tools(settings.runtime()));
    return starts(made, at) ? Optional.of(made) : Optional.empty();
  }

  private Optional<HttpFilterConfig> remote(
      AsyncDataSource proto, PluginSettings settings, ParseScope scope) {
    Fields.CODE.check(proto, scope);
    RemoteDataSource remote = proto.getRemote();
    ParseScope at = scope.field("remote");
    Fields.REMOTE.check(remote, at);
    String sha256 = remote.getSha256();
    if (sha256.isEmpty()) {
      at.field("sha256").error("\"\"", "the digest of the code");
    }
    ParseScope retryAt = at.field("retry_policy");
    UpstreamClient.Retries retries =
        remote.getRetryPolicy().hasRetryBackOff()
            ? ServiceParser.retries(remote.getRetryPolicy(), retryAt)
            : ServiceParser.retries(
                remote.getRetryPolicy().toBuilder().setRetryBackOff(RETRY).build(), retryAt);
    Optional<ServiceParser.HttpTarget> target =
        ServiceParser.http(remote.getHttpUri(), at.field("http_uri"));
    if (target.isEmpty() || scope.out().hasErrors()) {
      return Optional.empty();
    }
    RemoteNumbers numbers = new RemoteNumbers(stats.scope("wasm."));
    RemotePlugin plugin =
        new RemotePlugin(
            new RemoteCode.Source(target.get(), sha256, retries),
            settings,
            host,
            bytes -> fetched(bytes, settings, numbers));
    SoftReference<WasmCode> kept = codes.get(sha256);
    WasmCode known = kept == null ? null : kept.get();
    if (known == null) {
      numbers.misses().inc();
    } else {
      numbers.hits().inc();
      plugin.ready(new WasmPlugin(settings, known, tools(settings.runtime())));
    }
    return Optional.of(plugin);
  }

  /** What is counted of code that servers have. */
  private record RemoteNumbers(StatScope scope) {
    Counter hits() {
      return scope.counter("remote_load_cache_hits");
    }

    Counter misses() {
      return scope.counter("remote_load_cache_misses");
    }

    Counter successes() {
      return scope.counter("remote_load_fetch_successes");
    }

    Counter failures() {
      return scope.counter("remote_load_fetch_failures");
    }
  }

  private Optional<WasmPlugin> fetched(
      ByteString bytes, PluginSettings settings, RemoteNumbers numbers) {
    if (bytes.isEmpty()) {
      numbers.failures().inc();
      return Optional.empty();
    }
    numbers.successes().inc();
    ParseScope scope = ParseScope.root(Origin.of("wasm " + settings.names().plugin()));
    Optional<WasmPlugin> made =
        load(bytes, scope)
            .map(code -> new WasmPlugin(settings, code, tools(settings.runtime())))
            .filter(plugin -> starts(plugin, scope));
    scope
        .out()
        .finish(() -> true)
        .errors()
        .forEach(error -> LOG.log(System.Logger.Level.ERROR, error.toString()));
    return made;
  }

  private static boolean starts(WasmPlugin plugin, ParseScope scope) {
    try {
      new WasmVm(plugin, null).discard();
      return true;
    } catch (WasmException e) {
      scope.error(
          "plugin " + plugin.settings().names().plugin(),
          "a module that starts: " + e.getMessage());
      return false;
    }
  }

  private WasmTools tools(String runtime) {
    CallClock made = clock;
    if (made == null) {
      made = new CallClock(host.ticker());
      clock = made;
    }
    var scope = stats.scope("wasm." + runtime + ".");
    return new WasmTools(
        host,
        made,
        shared,
        new WasmTools.Numbers(scope.counter("created"), scope.gauge("active")),
        stats.scope("wasmcustom."));
  }

  private PluginSettings settings(PluginConfig proto, ParseScope scope) {
    VmConfig vm = proto.getVmConfig();
    ParseScope vmAt = scope.field("vm_config");
    if (!RUNTIMES.contains(vm.getRuntime())) {
      vmAt.field("runtime").unsupported(vm.getRuntime());
    }
    return new PluginSettings(
        new PluginSettings.Names(proto.getName(), proto.getRootId(), vm.getVmId()),
        vm.getRuntime().isEmpty() ? RUNTIME : vm.getRuntime(),
        text(vm.getConfiguration(), vmAt.field("configuration")),
        text(proto.getConfiguration(), scope.field("configuration")),
        environment(vm.getEnvironmentVariables(), vmAt.field("environment_variables")),
        failure(proto, scope),
        capabilities(proto.getCapabilityRestrictionConfig(), scope));
  }

  private static Set<String> capabilities(CapabilityRestrictionConfig proto, ParseScope scope) {
    Fields.CAPABILITIES.check(proto, scope.field("capability_restriction_config"));
    return proto.getAllowedCapabilitiesMap().keySet();
  }

  /** As Envoy tells modules: the text of a StringValue or BytesValue, else the message's bytes. */
  private static ByteString text(Any any, ParseScope scope) {
    try {
      return switch (any.getTypeUrl()) {
        case "type.googleapis.com/google.protobuf.StringValue" ->
            StringValue.parseFrom(any.getValue()).getValueBytes();
        case "type.googleapis.com/google.protobuf.BytesValue" ->
            BytesValue.parseFrom(any.getValue()).getValue();
        default -> any.getValue();
      };
    } catch (InvalidProtocolBufferException e) {
      scope.error(any.getTypeUrl(), "a well-formed message: " + e.getMessage());
      return ByteString.EMPTY;
    }
  }

  private Map<String, String> environment(EnvironmentVariables proto, ParseScope scope) {
    Fields.ENVIRONMENT.check(proto, scope);
    Map<String, String> all = new HashMap<>(proto.getKeyValuesMap());
    for (String key : proto.getHostEnvKeysList()) {
      String value = host.environment().get(key);
      if (all.containsKey(key)) {
        scope.field("host_env_keys").error(key, "a name that key_values does not have");
      } else if (value != null) {
        all.put(key, value);
      }
    }
    return all;
  }

  @SuppressWarnings("deprecation") // fail_open: what Istio sends
  private static PluginSettings.Failure failure(PluginConfig proto, ParseScope scope) {
    ReloadConfig reload = proto.getReloadConfig();
    ParseScope at = scope.field("reload_config");
    Fields.RELOAD.check(reload, at);
    Fields.BACK_OFF.check(reload.getBackoff(), at.field("backoff"));
    long nanos =
        reload.getBackoff().hasBaseInterval()
            ? at.field("backoff")
                .field("base_interval")
                .durationNanos(reload.getBackoff().getBaseInterval())
            : RELOAD_NANOS;
    PluginSettings.Policy policy =
        switch (proto.getFailurePolicy()) {
          case UNSPECIFIED ->
              proto.getFailOpen() ? PluginSettings.Policy.OPEN : PluginSettings.Policy.CLOSED;
          case FAIL_CLOSED -> PluginSettings.Policy.CLOSED;
          case FAIL_OPEN -> PluginSettings.Policy.OPEN;
          case FAIL_RELOAD -> PluginSettings.Policy.RELOAD;
          case UNRECOGNIZED -> {
            scope.field("failure_policy").error("a number", "a known policy");
            yield PluginSettings.Policy.CLOSED;
          }
        };
    if (proto.getFailOpen() && policy != PluginSettings.Policy.OPEN) {
      scope.field("fail_open").error("true", "no failure_policy beside it");
    }
    return new PluginSettings.Failure(policy, nanos);
  }

  private Optional<WasmCode> code(AsyncDataSource proto, ParseScope scope) {
    Fields.CODE.check(proto, scope);
    if (!proto.hasLocal()) {
      scope.error("no code", "a local or remote source");
      return Optional.empty();
    }
    DataSource local = proto.getLocal();
    ParseScope at = scope.field("local");
    Fields.LOCAL.check(local, at);
    return switch (local.getSpecifierCase()) {
      case FILENAME -> file(local.getFilename(), at.field("filename"));
      case INLINE_BYTES -> load(local.getInlineBytes(), at.field("inline_bytes"));
      case INLINE_STRING -> load(local.getInlineStringBytes(), at.field("inline_string"));
      default -> {
        at.error("no code", "one of filename, inline_bytes, inline_string");
        yield Optional.empty();
      }
    };
  }

  private Optional<WasmCode> file(String name, ParseScope scope) {
    try {
      Path path = Path.of(name);
      if (Files.size(path) > CODE_BYTES_MAX) {
        scope.error(name, "a file of at most " + CODE_BYTES_MAX + " bytes");
        return Optional.empty();
      }
      return load(ByteString.copyFrom(Files.readAllBytes(path)), scope);
    } catch (IOException e) {
      scope.error(name, "a file that can be read: " + e);
      return Optional.empty();
    }
  }

  private Optional<WasmCode> load(ByteString bytes, ParseScope scope) {
    String digest = digest(bytes);
    SoftReference<WasmCode> kept = codes.get(digest);
    WasmCode known = kept == null ? null : kept.get();
    if (known != null) {
      return Optional.of(known);
    }
    try {
      WasmCode loaded = WasmCode.load(bytes.toByteArray());
      codes.values().removeIf(old -> old.get() == null);
      if (codes.size() < CODES_MAX) {
        codes.put(digest, new SoftReference<>(loaded));
      }
      return Optional.of(loaded);
    } catch (WasmException e) {
      scope.error(bytes.size() + " bytes", String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  static String digest(ByteString bytes) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      bytes.asReadOnlyByteBufferList().forEach(sha256::update);
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }
}
