package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate;
import io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector;
import io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst;
import io.envoyproxy.envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.type.v3.Int32Range;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The filters that look at a connection before a filter chain is chosen. */
final class ListenerFilters {
  /** First read of the TLS inspector in bytes, enough for most client hellos. */
  private static final int TLS_READ_BYTES = 512;

  private ListenerFilters() {}

  static final ListenerFilter ORIGINAL_DST =
      filter("envoy.filters.listener.original_dst", Any.pack(OriginalDst.getDefaultInstance()));

  static final ListenerFilter PROXY_PROTOCOL =
      filter("envoy.filters.listener.proxy_protocol", Any.pack(ProxyProtocol.getDefaultInstance()));

  static final ListenerFilter HTTP_INSPECTOR =
      filter("envoy.filters.listener.http_inspector", Any.pack(HttpInspector.getDefaultInstance()));

  static final ListenerFilter TLS_INSPECTOR =
      filter(
          "envoy.filters.listener.tls_inspector",
          Any.pack(
              TlsInspector.newBuilder()
                  .setInitialReadBufferSize(ProtoValues.uint32(TLS_READ_BYTES))
                  .build()));

  /**
   * The filter, switched off for connections to ports whose chains do not need it; nothing when
   * none needs it.
   *
   * @param chains those without a port are for every other port
   */
  static Optional<ListenerFilter> where(
      ListenerFilter filter, Collection<FilterChain> chains, Predicate<FilterChain> needs) {
    Map<Integer, Boolean> byPort = new TreeMap<>();
    for (FilterChain chain : chains) {
      byPort.merge(
          chain.getFilterChainMatch().getDestinationPort().getValue(),
          needs.test(chain),
          Boolean::logicalOr);
    }
    if (!byPort.containsValue(true)) {
      return Optional.empty();
    }
    boolean elsewhere = byPort.getOrDefault(0, false);
    List<ListenerFilterChainMatchPredicate> ports = new ArrayList<>();
    byPort.forEach(
        (port, needed) -> {
          if (port != 0 && needed != elsewhere) {
            ports.add(destinationPort(port));
          }
        });
    if (ports.isEmpty()) {
      return Optional.of(filter);
    }
    ListenerFilterChainMatchPredicate anyOf =
        ports.size() == 1
            ? ports.getFirst()
            : ListenerFilterChainMatchPredicate.newBuilder()
                .setOrMatch(
                    ListenerFilterChainMatchPredicate.MatchSet.newBuilder().addAllRules(ports))
                .build();
    return Optional.of(
        filter.toBuilder()
            .setFilterDisabled(
                elsewhere
                    ? anyOf
                    : ListenerFilterChainMatchPredicate.newBuilder().setNotMatch(anyOf).build())
            .build());
  }

  /** The filter, switched off for connections to some ports. */
  static ListenerFilter but(ListenerFilter filter, Collection<Integer> ports) {
    if (ports.isEmpty()) {
      return filter;
    }
    List<ListenerFilterChainMatchPredicate> rules =
        ports.stream().sorted().map(ListenerFilters::destinationPort).toList();
    return filter.toBuilder()
        .setFilterDisabled(
            rules.size() == 1
                ? rules.getFirst()
                : ListenerFilterChainMatchPredicate.newBuilder()
                    .setOrMatch(
                        ListenerFilterChainMatchPredicate.MatchSet.newBuilder().addAllRules(rules))
                    .build())
        .build();
  }

  private static ListenerFilterChainMatchPredicate destinationPort(int port) {
    return ListenerFilterChainMatchPredicate.newBuilder()
        .setDestinationPortRange(Int32Range.newBuilder().setStart(port).setEnd(port + 1))
        .build();
  }

  private static ListenerFilter filter(String name, Any config) {
    return ListenerFilter.newBuilder().setName(name).setTypedConfig(config).build();
  }
}
