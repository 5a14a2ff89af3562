package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import com.google.re2j.Pattern;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.ApplyTo;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.kind.envoyfilter.PatchMatch;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.EnvoyTypes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The patches of a world with their bodies read, once for all proxies. */
final class Patches {
  private static final com.google.re2j.Pattern TYPE =
      Pattern.compile("\"@type\"\\s*:\\s*\"([^\"]*)\"");

  private final Map<ResourceName, List<Patch>> byFilter = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  /**
   * A patch that can be applied.
   *
   * @param value the empty message of its type when the operation needs none
   * @param from the resource it stands in
   */
  record Patch(ApplyTo applyTo, PatchMatch match, Operation operation, Message value, Origin from) {

    boolean merges() {
      return operation == Operation.MERGE || operation == Operation.MERGE_AND_REPLACE_LIST;
    }

    MessageMerge merge() {
      return new MessageMerge(operation == Operation.MERGE_AND_REPLACE_LIST);
    }
  }

  private Patches(PushContext context) {
    for (Resource<EnvoyFilter> filter : context.envoyFilters()) {
      List<Patch> patches = new ArrayList<>();
      for (EnvoyFilter.Patch written : filter.spec().patches()) {
        read(filter, written).ifPresent(patches::add);
      }
      byFilter.put(filter.id(), patches);
    }
  }

  static Patches of(PushContext context) {
    return context.derive(Patches.class, Patches::new);
  }

  /** Bodies that cannot be read, and so are not applied. */
  List<Problem> problems() {
    return problems;
  }

  /** The patches for a proxy of some kinds, in the order in which they are applied. */
  List<Patch> of(ProxyNode node, PushContext context, Set<ApplyTo> kinds) {
    List<Patch> patches = new ArrayList<>();
    for (Resource<EnvoyFilter> filter : context.envoyFiltersOf(node)) {
      for (Patch patch : byFilter.getOrDefault(filter.id(), List.of())) {
        if (kinds.contains(patch.applyTo()) && isFor(patch.match(), node)) {
          patches.add(patch);
        }
      }
    }
    return patches;
  }

  private static boolean isFor(PatchMatch match, ProxyNode node) {
    boolean side =
        switch (match.context()) {
          case ANY -> true;
          case SIDECAR_INBOUND, SIDECAR_OUTBOUND -> node.isSidecar();
          case GATEWAY -> node.isRouter();
          case WAYPOINT -> false;
        };
    if (!side) {
      return false;
    }
    if (!match.proxyVersion().isEmpty()
        && !Pattern.compile(match.proxyVersion()).matcher(node.metadata().istioVersion()).find()) {
      return false;
    }
    return match.proxyMetadata().entrySet().stream()
        .allMatch(
            wanted -> wanted.getValue().equals(node.metadata().values().get(wanted.getKey())));
  }

  private Optional<Patch> read(Resource<EnvoyFilter> filter, EnvoyFilter.Patch written) {
    Optional<Message> type = type(written.applyTo());
    if (type.isEmpty()) {
      return Optional.empty();
    }
    Message value = type.get();
    if (!written.body().json().isEmpty() && written.operation() != Operation.REMOVE) {
      Optional<Message> read = read(filter, written, type.get());
      if (read.isEmpty()) {
        return Optional.empty();
      }
      value = read.get();
    }
    return Optional.of(
        new Patch(written.applyTo(), written.match(), written.operation(), value, filter.origin()));
  }

  private Optional<Message> read(
      Resource<EnvoyFilter> filter, EnvoyFilter.Patch written, Message type) {
    String json = written.body().json();
    String path = written.path() + ".patch.value";
    Set<String> types = typeUrls(json);
    for (String url : types) {
      if (EnvoyTypes.find(url).isEmpty()) {
        problem(filter, written, path, "type " + url, "a type of Envoy's API");
        return Optional.empty();
      }
    }
    Message.Builder builder = type.newBuilderForType();
    try {
      JsonFormat.parser().usingTypeRegistry(EnvoyTypes.registry(types)).merge(json, builder);
      return Optional.of(builder.build());
    } catch (InvalidProtocolBufferException e) {
      problem(
          filter,
          written,
          path,
          String.valueOf(e.getMessage()),
          "a part of " + type.getDescriptorForType().getFullName() + "; the patch has no effect");
      return Optional.empty();
    }
  }

  private void problem(
      Resource<EnvoyFilter> filter,
      EnvoyFilter.Patch written,
      String path,
      String found,
      String expected) {
    problems.add(
        new Problem(
            Problem.Severity.WARNING,
            filter.toString(),
            new Violation(written.body().origin(), path, found, expected)));
  }

  private static Set<String> typeUrls(String json) {
    Set<String> types = new LinkedHashSet<>();
    com.google.re2j.Matcher matcher = TYPE.matcher(json);
    while (matcher.find()) {
      types.add(matcher.group(1));
    }
    return types;
  }

  private static Optional<Message> type(ApplyTo applyTo) {
    return switch (applyTo) {
      case LISTENER -> Optional.of(Listener.getDefaultInstance());
      case FILTER_CHAIN -> Optional.of(FilterChain.getDefaultInstance());
      case NETWORK_FILTER -> Optional.of(Filter.getDefaultInstance());
      case HTTP_FILTER -> Optional.of(HttpFilter.getDefaultInstance());
      case LISTENER_FILTER -> Optional.of(ListenerFilter.getDefaultInstance());
      case ROUTE_CONFIGURATION -> Optional.of(RouteConfiguration.getDefaultInstance());
      case VIRTUAL_HOST -> Optional.of(VirtualHost.getDefaultInstance());
      case HTTP_ROUTE -> Optional.of(Route.getDefaultInstance());
      case CLUSTER -> Optional.of(Cluster.getDefaultInstance());
      case EXTENSION_CONFIG -> Optional.of(TypedExtensionConfig.getDefaultInstance());
      case INVALID, BOOTSTRAP -> Optional.empty();
    };
  }

  /** The origins of the patches, for resources that they changed. */
  static List<Origin> origins(Collection<Patch> patches) {
    return patches.stream().map(Patch::from).distinct().toList();
  }
}
