package io.meltemi.controlplane.translate.extension;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.config.core.v3.AsyncDataSource;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.HttpUri;
import io.envoyproxy.envoy.config.core.v3.RemoteDataSource;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.extensions.wasm.v3.EnvironmentVariables;
import io.envoyproxy.envoy.extensions.wasm.v3.FailurePolicy;
import io.envoyproxy.envoy.extensions.wasm.v3.PluginConfig;
import io.envoyproxy.envoy.extensions.wasm.v3.VmConfig;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Source;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Variable;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Wasm;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What the filters of WebAssembly modules run, for ECDS. */
public final class ExtensionConfigs {
  private static final String RUNTIME = "envoy.wasm.runtime.v8";
  private static final String FILE = "file://";
  private static final String SECRET_VARIABLE = "ISTIO_META_WASM_IMAGE_PULL_SECRET";
  private static final String POLICY_VARIABLE = "ISTIO_META_WASM_IMAGE_PULL_POLICY";
  private static final String VERSION_VARIABLE = "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION";
  private static final long FETCH_SECONDS_MAX = 30;

  /** Istio's word for a module without digest, for the agent; a proxy refuses an empty one. */
  private static final String NO_DIGEST = "nil";

  /** The agent fetches the module, so there is no cluster for it. */
  private static final String NO_CLUSTER = "_";

  private ExtensionConfigs() {}

  /** Those of a proxy that it asks for. */
  public static List<GeneratedResource> of(
      ProxyNode node, PushContext context, Collection<String> names) {
    List<GeneratedResource> configs = new ArrayList<>();
    for (Resource<TrafficExtension> extension : context.trafficExtensionsOf(node)) {
      String name = ExtensionFilters.name(extension);
      if (names.contains(name) && extension.spec().code() instanceof Wasm wasm) {
        configs.add(
            new GeneratedResource(
                name,
                TypedExtensionConfig.newBuilder()
                    .setName(name)
                    .setTypedConfig(filter(plugin(extension, wasm), wasm.network()))
                    .build(),
                List.of(extension.origin())));
      }
    }
    return configs;
  }

  /** Modules that nobody fetches. */
  public static List<Problem> problems(PushContext context) {
    List<Problem> problems = new ArrayList<>();
    for (Resource<TrafficExtension> extension : context.trafficExtensions()) {
      if (extension.spec().code() instanceof Wasm wasm && !wasm.source().url().startsWith(FILE)) {
        problems.add(
            new Problem(
                Problem.Severity.WARNING,
                extension.toString(),
                new Violation(
                    extension.origin(),
                    extension.kind().kind().equals("WasmPlugin") ? "spec.url" : "spec.wasm.url",
                    '"' + wasm.source().url() + '"',
                    "file:///path on the proxy's machine, where no agent fetches modules")));
      }
    }
    return problems;
  }

  private static Any filter(PluginConfig plugin, boolean network) {
    return network
        ? Any.pack(
            io.envoyproxy.envoy.extensions.filters.network.wasm.v3.Wasm.newBuilder()
                .setConfig(plugin)
                .build())
        : Any.pack(
            io.envoyproxy.envoy.extensions.filters.http.wasm.v3.Wasm.newBuilder()
                .setConfig(plugin)
                .build());
  }

  private static PluginConfig plugin(Resource<TrafficExtension> extension, Wasm wasm) {
    return PluginConfig.newBuilder()
        .setName(extension.namespace() + '.' + extension.name())
        .setRootId(wasm.pluginName())
        .setConfiguration(
            wasm.pluginConfig().isEmpty()
                ? Any.getDefaultInstance()
                : Any.pack(StringValue.of(wasm.pluginConfig())))
        .setVmConfig(
            VmConfig.newBuilder()
                .setRuntime(RUNTIME)
                .setCode(code(wasm.source()))
                .setEnvironmentVariables(environment(wasm, extension.metadata().resourceVersion())))
        .setFailurePolicy(
            switch (wasm.failStrategy()) {
              case FAIL_CLOSE -> FailurePolicy.FAIL_CLOSED;
              case FAIL_OPEN -> FailurePolicy.FAIL_OPEN;
              case FAIL_RELOAD -> FailurePolicy.FAIL_RELOAD;
            })
        .build();
  }

  private static AsyncDataSource code(Source source) {
    String url = source.url();
    if (url.startsWith(FILE)) {
      return AsyncDataSource.newBuilder()
          .setLocal(DataSource.newBuilder().setFilename(url.substring(FILE.length())))
          .build();
    }
    return AsyncDataSource.newBuilder()
        .setRemote(
            RemoteDataSource.newBuilder()
                .setHttpUri(
                    HttpUri.newBuilder()
                        .setUri(url.contains("://") ? url : "oci://" + url)
                        .setTimeout(Duration.newBuilder().setSeconds(FETCH_SECONDS_MAX))
                        .setCluster(NO_CLUSTER))
                .setSha256(source.sha256().isEmpty() ? NO_DIGEST : source.sha256()))
        .build();
  }

  /** For the agent, which takes its own variables out again, and for the module. */
  private static EnvironmentVariables environment(Wasm wasm, String resourceVersion) {
    EnvironmentVariables.Builder variables = EnvironmentVariables.newBuilder();
    if (!wasm.source().pullSecret().isEmpty()) {
      variables.putKeyValues(SECRET_VARIABLE, "");
    }
    if (!wasm.source().pullPolicy().isEmpty()) {
      variables.putKeyValues(POLICY_VARIABLE, wasm.source().pullPolicy());
    }
    variables.putKeyValues(VERSION_VARIABLE, resourceVersion);
    for (Variable variable : wasm.environment()) {
      if (variable.ofHost()) {
        variables.addHostEnvKeys(variable.name());
      } else {
        variables.putKeyValues(variable.name(), variable.value());
      }
    }
    return variables.build();
  }
}
