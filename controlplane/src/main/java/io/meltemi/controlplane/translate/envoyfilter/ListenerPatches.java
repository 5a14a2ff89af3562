package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.config.core.v3.TrafficDirection;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.FilterChainMatch;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.ApplyTo;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.kind.envoyfilter.PatchMatch;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Patches of listeners and of everything inside them, in the order in which they are written. */
final class ListenerPatches {
  private static final String HTTP_CONNECTION_MANAGER =
      "envoy.filters.network.http_connection_manager";

  /** Listeners that stand for every port; a port means chains of theirs. */
  private static final Set<String> VIRTUAL = Set.of("virtualInbound", "virtualOutbound");

  private final ProxyNode node;
  private final List<Patch> patches;
  private final RoutePatches routes;

  ListenerPatches(ProxyNode node, PushContext context, List<Patch> patches) {
    this.node = node;
    this.patches = patches;
    this.routes = new RoutePatches(node, context, patches);
  }

  List<GeneratedResource> apply(List<GeneratedResource> listeners) {
    List<GeneratedResource> result = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (GeneratedResource resource : listeners) {
      apply(resource).ifPresent(result::add);
    }
    result.forEach(resource -> names.add(resource.name()));
    for (Patch patch : patches) {
      if (patch.applyTo() == ApplyTo.LISTENER
          && patch.operation() == Operation.ADD
          && patch.value() instanceof Listener added
          && names.add(added.getName())) {
        result.add(new GeneratedResource(added.getName(), added, List.of(patch.from())));
      }
    }
    return result;
  }

  private Optional<GeneratedResource> apply(GeneratedResource resource) {
    Listener listener = (Listener) resource.body();
    Set<Patch> applied = new LinkedHashSet<>();
    for (Patch patch : patches) {
      if (!matches(patch, listener)) {
        continue;
      }
      Listener before = listener;
      switch (patch.applyTo()) {
        case LISTENER -> {
          if (patch.operation() == Operation.REMOVE) {
            return Optional.empty();
          }
          if (patch.merges()) {
            listener = patch.merge().merge(listener, patch.value());
          }
        }
        case LISTENER_FILTER -> listener = listenerFilters(listener, patch);
        case FILTER_CHAIN -> listener = chains(listener, patch);
        case NETWORK_FILTER, HTTP_FILTER, ROUTE_CONFIGURATION, VIRTUAL_HOST, HTTP_ROUTE ->
            listener = insideChains(listener, patch);
        case CLUSTER, EXTENSION_CONFIG, BOOTSTRAP, INVALID -> {}
      }
      if (!listener.equals(before)) {
        applied.add(patch);
      }
    }
    return Optional.of(Patched.of(resource, listener.getName(), listener, applied));
  }

  private boolean matches(Patch patch, Listener listener) {
    boolean inbound = listener.getTrafficDirection() == TrafficDirection.INBOUND;
    boolean side =
        switch (patch.match().context()) {
          case ANY -> true;
          case SIDECAR_INBOUND -> node.isSidecar() && inbound;
          case SIDECAR_OUTBOUND -> node.isSidecar() && !inbound;
          case GATEWAY -> node.isRouter();
          case WAYPOINT -> false;
        };
    return side
        && patch
            .match()
            .listener()
            .map(
                wanted ->
                    (wanted.name().isEmpty() || wanted.name().equals(listener.getName()))
                        && (wanted.portNumber() == 0
                            || VIRTUAL.contains(listener.getName())
                            || wanted.portNumber()
                                == listener.getAddress().getSocketAddress().getPortValue()))
            .orElse(true);
  }

  private static Listener listenerFilters(Listener listener, Patch patch) {
    String wanted = patch.match().listener().map(PatchMatch.OfListener::listenerFilter).orElse("");
    List<ListenerFilter> filters =
        NamedList.apply(
            listener.getListenerFiltersList(),
            patch,
            (ListenerFilter) patch.value(),
            !wanted.isEmpty(),
            filter -> wanted.isEmpty() || filter.getName().equals(wanted),
            (filter, part) -> patch.merge().merge(filter, part));
    return listener.toBuilder().clearListenerFilters().addAllListenerFilters(filters).build();
  }

  // ---- chains

  private static boolean matches(Patch patch, Listener listener, FilterChain chain) {
    FilterChainMatch match = chain.getFilterChainMatch();
    int port = patch.match().listener().map(PatchMatch.OfListener::portNumber).orElse(0);
    if (port != 0
        && VIRTUAL.contains(listener.getName())
        && match.getDestinationPort().getValue() != port) {
      return false;
    }
    Optional<PatchMatch.OfChain> written =
        patch.match().listener().flatMap(PatchMatch.OfListener::filterChain);
    if (written.isEmpty()) {
      return true;
    }
    PatchMatch.OfChain wanted = written.get();
    return (wanted.name().isEmpty() || wanted.name().equals(chain.getName()))
        && (wanted.sni().isEmpty() || match.getServerNamesList().contains(wanted.sni()))
        && (wanted.transportProtocol().isEmpty()
            || wanted.transportProtocol().equals(match.getTransportProtocol()))
        && match.getApplicationProtocolsList().containsAll(wanted.applicationProtocols())
        && (wanted.destinationPort() == 0
            || wanted.destinationPort() == match.getDestinationPort().getValue());
  }

  private static Listener chains(Listener listener, Patch patch) {
    FilterChain value = (FilterChain) patch.value();
    List<FilterChain> chains =
        NamedList.apply(
            listener.getFilterChainsList(),
            patch,
            value,
            false,
            chain -> matches(patch, listener, chain),
            (chain, part) -> merge(chain, part, patch.merge()));
    Listener.Builder result = listener.toBuilder().clearFilterChains().addAllFilterChains(chains);
    if (listener.hasDefaultFilterChain()
        && matches(patch, listener, listener.getDefaultFilterChain())) {
      if (patch.operation() == Operation.REMOVE) {
        result.clearDefaultFilterChain();
      } else if (patch.merges()) {
        result.setDefaultFilterChain(merge(listener.getDefaultFilterChain(), value, patch.merge()));
      }
    }
    return result.build();
  }

  private static FilterChain merge(FilterChain chain, FilterChain part, MessageMerge merge) {
    if (!part.hasTransportSocket() || !chain.hasTransportSocket()) {
      return merge.merge(chain, part);
    }
    return merge.merge(chain, part.toBuilder().clearTransportSocket().build()).toBuilder()
        .setTransportSocket(
            TransportSockets.merge(chain.getTransportSocket(), part.getTransportSocket(), merge))
        .build();
  }

  private Listener insideChains(Listener listener, Patch patch) {
    Listener.Builder result = listener.toBuilder();
    for (int i = 0; i < listener.getFilterChainsCount(); i++) {
      FilterChain chain = listener.getFilterChains(i);
      if (matches(patch, listener, chain)) {
        result.setFilterChains(i, insideChain(chain, patch));
      }
    }
    if (listener.hasDefaultFilterChain()
        && matches(patch, listener, listener.getDefaultFilterChain())) {
      result.setDefaultFilterChain(insideChain(listener.getDefaultFilterChain(), patch));
    }
    return result.build();
  }

  private FilterChain insideChain(FilterChain chain, Patch patch) {
    return switch (patch.applyTo()) {
      case NETWORK_FILTER -> networkFilters(chain, patch);
      case HTTP_FILTER -> managers(chain, patch, manager -> httpFilters(manager, patch));
      default ->
          managers(
              chain,
              patch,
              manager ->
                  manager.hasRouteConfig()
                      ? manager.toBuilder().setRouteConfig(routes(manager, patch)).build()
                      : manager);
    };
  }

  private RouteConfiguration routes(HttpConnectionManager manager, Patch patch) {
    return routes.apply(manager.getRouteConfig(), patch, true);
  }

  private static String wantedFilter(Patch patch) {
    return patch
        .match()
        .listener()
        .flatMap(PatchMatch.OfListener::filterChain)
        .map(PatchMatch.OfChain::filter)
        .orElse("");
  }

  private static FilterChain networkFilters(FilterChain chain, Patch patch) {
    String wanted = wantedFilter(patch);
    List<Filter> filters =
        NamedList.apply(
            chain.getFiltersList(),
            patch,
            (Filter) patch.value(),
            !wanted.isEmpty(),
            filter ->
                wanted.isEmpty()
                    ? !patch.merges()
                        || isPartOf(
                            ((Filter) patch.value()).getTypedConfig(), filter.getTypedConfig())
                    : filter.getName().equals(wanted),
            (filter, part) -> merge(filter, part, patch.merge()));
    return chain.toBuilder().clearFilters().addAllFilters(filters).build();
  }

  /** A part for no filter in particular goes into those of its own type. */
  private static boolean isPartOf(Any part, Any filter) {
    return part.getTypeUrl().isEmpty() || part.getTypeUrl().equals(filter.getTypeUrl());
  }

  /** The part's configuration goes into the filter's, whatever version of its type it names. */
  private static Filter merge(Filter filter, Filter part, MessageMerge merge) {
    Filter.Builder result = filter.toBuilder();
    if (!part.getName().isEmpty()) {
      result.setName(part.getName());
    }
    if (part.hasTypedConfig()) {
      result.setTypedConfig(merge.any(filter.getTypedConfig(), part.getTypedConfig()));
    }
    return result.build();
  }

  // ---- connection managers

  private interface ManagerPatch {
    HttpConnectionManager apply(HttpConnectionManager manager);
  }

  private static FilterChain managers(FilterChain chain, Patch patch, ManagerPatch change) {
    String wanted = wantedFilter(patch);
    FilterChain.Builder result = chain.toBuilder();
    for (int i = 0; i < chain.getFiltersCount(); i++) {
      Filter filter = chain.getFilters(i);
      if (filter.getTypedConfig().is(HttpConnectionManager.class)
          && (wanted.isEmpty()
              || wanted.equals(filter.getName())
              || wanted.equals(HTTP_CONNECTION_MANAGER))) {
        result.setFilters(i, manager(filter, change));
      }
    }
    return result.build();
  }

  private static Filter manager(Filter filter, ManagerPatch change) {
    try {
      HttpConnectionManager manager = filter.getTypedConfig().unpack(HttpConnectionManager.class);
      HttpConnectionManager changed = change.apply(manager);
      return changed.equals(manager)
          ? filter
          : filter.toBuilder().setTypedConfig(Any.pack(changed)).build();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a connection manager of ours is none", e);
    }
  }

  private static HttpConnectionManager httpFilters(HttpConnectionManager manager, Patch patch) {
    String wanted =
        patch
            .match()
            .listener()
            .flatMap(PatchMatch.OfListener::filterChain)
            .map(PatchMatch.OfChain::subFilter)
            .orElse("");
    List<HttpFilter> filters =
        NamedList.apply(
            manager.getHttpFiltersList(),
            patch,
            (HttpFilter) patch.value(),
            !wanted.isEmpty(),
            filter ->
                wanted.isEmpty()
                    ? !patch.merges()
                        || isPartOf(
                            ((HttpFilter) patch.value()).getTypedConfig(), filter.getTypedConfig())
                    : filter.getName().equals(wanted),
            (filter, part) -> merge(filter, part, patch.merge()));
    return manager.toBuilder().clearHttpFilters().addAllHttpFilters(filters).build();
  }

  private static HttpFilter merge(HttpFilter filter, HttpFilter part, MessageMerge merge) {
    HttpFilter.Builder result =
        merge.merge(filter, part.toBuilder().clearTypedConfig().build()).toBuilder();
    if (part.hasTypedConfig()) {
      result.setTypedConfig(merge.any(filter.getTypedConfig(), part.getTypedConfig()));
    }
    return result.build();
  }
}
