package io.meltemi.controlplane.translate.listener;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilter;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate;
import io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector;
import io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst;
import io.envoyproxy.envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol;
import io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector;
import io.envoyproxy.envoy.type.v3.Int32Range;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.Collection;

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

  /** The filter, switched off for connections that were made to one of the ports. */
  static ListenerFilter except(ListenerFilter filter, Collection<Integer> ports) {
    ListenerFilterChainMatchPredicate.MatchSet.Builder any =
        ListenerFilterChainMatchPredicate.MatchSet.newBuilder();
    ports.forEach(port -> any.addRules(destinationPort(port)));
    return filter.toBuilder()
        .setFilterDisabled(
            any.getRulesCount() == 1
                ? any.getRules(0)
                : ListenerFilterChainMatchPredicate.newBuilder().setOrMatch(any).build())
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
