package io.meltemi.controlplane.translate.extension;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.ExtensionConfigSource;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Code;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Lua;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Match;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Phase;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Wasm;
import io.meltemi.config.resource.Resource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The filters that extensions put into the chains of one proxy. */
public final class ExtensionFilters {
  private static final String TYPES = "type.googleapis.com/envoy.extensions.filters.";

  /** Nothing is served before the code is there, for it may guard what comes after it. */
  private static final ConfigSource SOURCE =
      ConfigSource.newBuilder()
          .setAds(AggregatedConfigSource.getDefaultInstance())
          .setResourceApiVersion(ApiVersion.V3)
          .setInitialFetchTimeout(Duration.getDefaultInstance())
          .build();

  private final List<Resource<TrafficExtension>> extensions;

  private ExtensionFilters(List<Resource<TrafficExtension>> extensions) {
    this.extensions = extensions;
  }

  /** Those of a proxy: of its own namespace, then of the root namespace, by priority. */
  public static ExtensionFilters of(ProxyNode node, PushContext context) {
    List<Resource<TrafficExtension>> mine = context.trafficExtensionsOf(node);
    return new ExtensionFilters(
        mine.size() < 2
            ? mine
            : mine.stream().sorted(Comparator.comparingLong(ExtensionFilters::rank)).toList());
  }

  private static long rank(Resource<TrafficExtension> extension) {
    return -(long) extension.spec().priority().orElse(Integer.MIN_VALUE);
  }

  /**
   * The filters of requests for one phase.
   *
   * @param server the listener takes what the workload is sent
   * @param port that requests are for; 0 is none that can be named
   */
  public List<HttpFilter> http(Phase phase, boolean server, int port) {
    return extensions.stream()
        .filter(extension -> extension.spec().phase() == phase)
        .filter(extension -> !isNetwork(extension.spec().code()))
        .filter(extension -> isMeant(extension.spec(), server, port))
        .map(ExtensionFilters::httpFilter)
        .toList();
  }

  /** The filters of bytes for some phases, in the order of the phases. */
  public List<Filter> network(boolean server, int port, Phase... phases) {
    return extensions.isEmpty()
        ? List.of()
        : Arrays.stream(phases)
            .flatMap(
                phase ->
                    extensions.stream()
                        .filter(extension -> extension.spec().phase() == phase)
                        .filter(extension -> isNetwork(extension.spec().code()))
                        .filter(extension -> isMeant(extension.spec(), server, port))
                        .map(ExtensionFilters::networkFilter))
            .toList();
  }

  private static boolean isNetwork(Code code) {
    return code instanceof Wasm wasm && wasm.network();
  }

  private static boolean isMeant(TrafficExtension extension, boolean server, int port) {
    if (extension.match().isEmpty()) {
      return true;
    }
    for (Match match : extension.match()) {
      boolean side =
          switch (match.mode()) {
            case CLIENT_AND_SERVER -> true;
            case CLIENT -> !server;
            case SERVER -> server;
          };
      if (side && (match.ports().isEmpty() || match.ports().contains(port))) {
        return true;
      }
    }
    return false;
  }

  private static HttpFilter httpFilter(Resource<TrafficExtension> extension) {
    HttpFilter.Builder filter = HttpFilter.newBuilder().setName(name(extension));
    return switch (extension.spec().code()) {
      case Lua lua ->
          filter
              .setTypedConfig(
                  Any.pack(
                      io.envoyproxy.envoy.extensions.filters.http.lua.v3.Lua.newBuilder()
                          .setDefaultSourceCode(
                              DataSource.newBuilder().setInlineString(lua.inlineCode()))
                          .build()))
              .build();
      case Wasm _ ->
          filter.setConfigDiscovery(discovery("http.wasm.v3.Wasm", "http.rbac.v3.RBAC")).build();
    };
  }

  private static Filter networkFilter(Resource<TrafficExtension> extension) {
    return Filter.newBuilder()
        .setName(name(extension))
        .setConfigDiscovery(discovery("network.wasm.v3.Wasm", "network.rbac.v3.RBAC"))
        .build();
  }

  /** RBAC is what an agent puts in place of a module that it cannot fetch. */
  private static ExtensionConfigSource discovery(String type, String otherwise) {
    return ExtensionConfigSource.newBuilder()
        .setConfigSource(SOURCE)
        .addTypeUrls(TYPES + type)
        .addTypeUrls(TYPES + otherwise)
        .build();
  }

  /** The name of the filter, under which its configuration is asked for. */
  static String name(Resource<TrafficExtension> extension) {
    return "extensions.istio.io/"
        + (extension.kind() == Kinds.WASM_PLUGIN ? "wasmplugin/" : "trafficextension/")
        + extension.namespace()
        + '.'
        + extension.name();
  }
}
