package io.meltemi.proxy.listener;

import com.google.protobuf.Any;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.listener.v3.AdditionalAddress;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.listener.FilterChainMatch.SourceType;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.XxHash64;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.AddressParser;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.parse.TypedStructs;
import io.meltemi.proxy.telemetry.AccessLog;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.telemetry.accesslog.AccessLogParser;
import io.meltemi.proxy.transport.TransportSocketParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * {@code config.listener.v3.Listener} to {@link Listener}. Every set field and every extension that
 * is not supported is an error; all errors are collected. Configuration thread.
 */
public final class ListenerParser {
  private static final SupportedFields LISTENER =
      SupportedFields.of(
              io.envoyproxy.envoy.config.listener.v3.Listener.class,
              "name",
              "address",
              "additional_addresses",
              "stat_prefix",
              "filter_chains",
              "filter_chain_matcher",
              "internal_listener",
              "use_original_dst",
              "default_filter_chain",
              "per_connection_buffer_limit_bytes",
              "metadata",
              "deprecated_v1",
              "listener_filters",
              "listener_filters_timeout",
              "continue_on_listener_filters_timeout",
              "traffic_direction",
              "reuse_port",
              "enable_reuse_port",
              "access_log",
              "tcp_backlog_size",
              "bind_to_port",
              // all of these are about load and hot restart, and change no answer
              "drain_type",
              "connection_balance_config",
              "max_connections_to_accept_per_socket_event",
              "ignore_global_conn_limit",
              "bypass_overload_manager")
          .withoutEffect("the system's defaults", "socket_options")
          .withoutEffect("no TCP fast open", "tcp_fast_open_queue_length");
  private static final SupportedFields INTERNAL =
      SupportedFields.of(
          io.envoyproxy.envoy.config.listener.v3.Listener.InternalListenerConfig.class);
  private static final SupportedFields ADDITIONAL =
      SupportedFields.of(AdditionalAddress.class, "address");
  private static final SupportedFields LISTENER_FILTER =
      SupportedFields.of(
          io.envoyproxy.envoy.config.listener.v3.ListenerFilter.class,
          "name",
          "typed_config",
          "filter_disabled");
  private static final SupportedFields CHAIN =
      SupportedFields.of(
          io.envoyproxy.envoy.config.listener.v3.FilterChain.class,
          "name",
          "filter_chain_match",
          "filters",
          "metadata",
          "transport_socket",
          "transport_socket_connect_timeout");
  private static final SupportedFields MATCH =
      SupportedFields.of(
          io.envoyproxy.envoy.config.listener.v3.FilterChainMatch.class,
          "destination_port",
          "prefix_ranges",
          "direct_source_prefix_ranges",
          "source_type",
          "source_prefix_ranges",
          "source_ports",
          "server_names",
          "transport_protocol",
          "application_protocols");
  private static final SupportedFields FILTER =
      SupportedFields.of(Filter.class, "name", "typed_config");

  /** Of the stats of a listener that has a name only. */
  private static final String INSIDE_PREFIX = "envoy_internal_";

  private static final long SECOND_SEED = 0x9E3779B97F4A7C15L;
  private static final int BUFFER_BYTES_DEFAULT = 1024 * 1024;
  private static final long FILTERS_TIMEOUT_NANOS_DEFAULT = 15_000_000_000L;

  /** Envoy waits for a handshake without limit; every wait has a bound here. */
  private static final long TRANSPORT_TIMEOUT_NANOS_DEFAULT = 15_000_000_000L;

  private final Map<String, NetworkFilterFactory> networkFilters = new HashMap<>();
  private final Map<String, ListenerFilterFactory> listenerFilters = new HashMap<>();
  private final AccessLogParser accessLogs;
  private final TransportSocketParser transportSockets;
  private final Stats stats;

  public ListenerParser(
      Collection<? extends NetworkFilterFactory> networkFilters,
      Collection<? extends ListenerFilterFactory> listenerFilters,
      AccessLogParser accessLogs,
      TransportSocketParser transportSockets,
      Stats stats) {
    networkFilters.forEach(
        factory -> factory.typeUrls().forEach(url -> this.networkFilters.put(url, factory)));
    listenerFilters.forEach(
        factory -> factory.typeUrls().forEach(url -> this.listenerFilters.put(url, factory)));
    this.accessLogs = accessLogs;
    this.transportSockets = transportSockets;
    this.stats = stats;
  }

  public Validation<Listener> parse(
      io.envoyproxy.envoy.config.listener.v3.Listener proto, Origin origin) {
    ParseScope scope = ParseScope.root(origin);
    LISTENER.check(proto, scope);
    List<InetSocketAddress> addresses = addresses(proto, scope);
    List<FilterChain> chains = new ArrayList<>();
    for (int i = 0; i < proto.getFilterChainsCount(); i++) {
      chains.add(chain(proto.getFilterChains(i), scope.field("filter_chains", i)));
    }
    Optional<FilterChain> fallback =
        proto.hasDefaultFilterChain()
            ? Optional.of(chain(proto.getDefaultFilterChain(), scope.field("default_filter_chain")))
            : Optional.empty();
    if (chains.isEmpty() && fallback.isEmpty()) {
      scope.field("filter_chains").error("none", "at least one filter chain");
    }
    Optional<FilterChainMatcher> matcher =
        proto.hasFilterChainMatcher()
            ? Optional.of(
                FilterChainMatcher.of(
                    ChainChoice.parse(
                        proto.getFilterChainMatcher(), chains, scope.field("filter_chain_matcher")),
                    fallback))
            : matcher(chains, fallback, scope);
    Listener.Peeking peeking = peeking(proto, scope);
    AccessLog accessLog = accessLogs.parse(proto.getAccessLogList(), scope, "access_log");
    Listener.Binding binding = binding(proto, addresses);
    Listener.Options options = options(proto, addresses, scope);
    return scope
        .out()
        .finish(
            () ->
                new Listener(
                    name(proto, addresses),
                    binding,
                    new Listener.Chains(chains, fallback, matcher.orElseThrow()),
                    peeking,
                    options,
                    accessLog,
                    fingerprint(proto)));
  }

  private static String name(
      io.envoyproxy.envoy.config.listener.v3.Listener proto, List<InetSocketAddress> addresses) {
    return proto.getName().isEmpty() ? text(addresses.getFirst()) : proto.getName();
  }

  private static String text(InetSocketAddress address) {
    String ip = address.getAddress().getHostAddress();
    return (ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip) + ":" + address.getPort();
  }

  private static List<InetSocketAddress> addresses(
      io.envoyproxy.envoy.config.listener.v3.Listener proto, ParseScope scope) {
    List<InetSocketAddress> addresses = new ArrayList<>();
    if (proto.hasInternalListener()) {
      INTERNAL.check(proto.getInternalListener(), scope.field("internal_listener"));
      if (proto.getName().isEmpty()) {
        scope.field("name").error("nothing", "a name, by which it is reached");
      }
      if (proto.hasAddress() || proto.getAdditionalAddressesCount() > 0) {
        scope.field("address").error("set", "none beside internal_listener");
      }
      return addresses;
    }
    AddressParser.ip(proto.getAddress(), scope.field("address")).ifPresent(addresses::add);
    for (int i = 0; i < proto.getAdditionalAddressesCount(); i++) {
      AdditionalAddress additional = proto.getAdditionalAddresses(i);
      ParseScope at = scope.field("additional_addresses", i);
      ADDITIONAL.check(additional, at);
      AddressParser.ip(additional.getAddress(), at.field("address")).ifPresent(addresses::add);
    }
    return addresses;
  }

  // deprecated_v1.bind_to_port is what older control planes still send
  @SuppressWarnings("deprecation")
  private static Listener.Binding binding(
      io.envoyproxy.envoy.config.listener.v3.Listener proto, List<InetSocketAddress> addresses) {
    boolean bind = !proto.hasBindToPort() || proto.getBindToPort().getValue();
    if (proto.getDeprecatedV1().hasBindToPort()) {
      bind &= proto.getDeprecatedV1().getBindToPort().getValue();
    }
    int backlog =
        proto.hasTcpBacklogSize()
            ? Math.max(1, proto.getTcpBacklogSize().getValue())
            : Listener.Binding.BACKLOG_DEFAULT;
    boolean reusePort = !proto.hasEnableReusePort() || proto.getEnableReusePort().getValue();
    return new Listener.Binding(addresses, bind, reusePort, backlog);
  }

  private static Listener.Options options(
      io.envoyproxy.envoy.config.listener.v3.Listener proto,
      List<InetSocketAddress> addresses,
      ParseScope scope) {
    Listener.Direction direction =
        switch (proto.getTrafficDirection()) {
          case UNSPECIFIED -> Listener.Direction.UNSPECIFIED;
          case INBOUND -> Listener.Direction.INBOUND;
          case OUTBOUND -> Listener.Direction.OUTBOUND;
          case UNRECOGNIZED -> {
            scope
                .field("traffic_direction")
                .error(String.valueOf(proto.getTrafficDirectionValue()), "INBOUND or OUTBOUND");
            yield Listener.Direction.UNSPECIFIED;
          }
        };
    int buffer =
        proto.hasPerConnectionBufferLimitBytes()
            ? proto.getPerConnectionBufferLimitBytes().getValue()
            : BUFFER_BYTES_DEFAULT;
    // unsigned, and 0 means no limit
    if (buffer <= 0) {
      buffer = Integer.MAX_VALUE;
    }
    String prefix = proto.getStatPrefix();
    if (prefix.isEmpty()) {
      prefix =
          addresses.isEmpty()
              ? INSIDE_PREFIX + proto.getName()
              : text(addresses.getFirst()).replace(':', '_');
    }
    return new Listener.Options(
        prefix, buffer, direction, Metadata.parse(proto.getMetadata(), scope.field("metadata")));
  }

  private Listener.Peeking peeking(
      io.envoyproxy.envoy.config.listener.v3.Listener proto, ParseScope scope) {
    List<ListenerFilterConfig> filters = new ArrayList<>();
    for (int i = 0; i < proto.getListenerFiltersCount(); i++) {
      var filter = proto.getListenerFilters(i);
      ParseScope at = scope.field("listener_filters", i);
      LISTENER_FILTER.check(filter, at);
      Any config = filter.getTypedConfig();
      ListenerFilterFactory factory = listenerFilters.get(config.getTypeUrl());
      if (factory == null) {
        at.field("typed_config").unsupported(extension(filter.getName(), config));
      } else {
        Optional<ListenerFilterConfig> parsed =
            factory.parse(config, stats, at.field("typed_config"));
        if (filter.hasFilterDisabled()) {
          IntPredicate disabled =
              UnlessPort.parse(filter.getFilterDisabled(), at.field("filter_disabled"));
          parsed = parsed.map(found -> new UnlessPort(found, disabled));
        }
        parsed.ifPresent(filters::add);
      }
    }
    long timeout =
        proto.hasListenerFiltersTimeout()
            ? scope
                .field("listener_filters_timeout")
                .durationNanos(proto.getListenerFiltersTimeout())
            : FILTERS_TIMEOUT_NANOS_DEFAULT;
    return new Listener.Peeking(
        filters,
        timeout,
        proto.getContinueOnListenerFiltersTimeout(),
        proto.getUseOriginalDst().getValue());
  }

  private static String extension(String name, Any config) {
    return config.getTypeUrl().isEmpty() ? name : name + " (" + config.getTypeUrl() + ")";
  }

  private static Optional<FilterChainMatcher> matcher(
      List<FilterChain> chains, Optional<FilterChain> fallback, ParseScope scope) {
    try {
      return Optional.of(new FilterChainMatcher(chains, fallback));
    } catch (FilterChainMatcher.AmbiguousException e) {
      scope
          .field("filter_chains")
          .error(String.valueOf(e.getMessage()), "chains whose matches differ");
      return Optional.empty();
    }
  }

  private FilterChain chain(
      io.envoyproxy.envoy.config.listener.v3.FilterChain proto, ParseScope scope) {
    CHAIN.check(proto, scope);
    return new FilterChain(
        proto.getName(),
        match(proto.getFilterChainMatch(), scope.field("filter_chain_match")),
        transport(proto, scope),
        filters(proto.getFiltersList(), scope),
        Metadata.parse(proto.getMetadata(), scope.field("metadata")),
        fingerprint(proto));
  }

  private FilterChain.Transport transport(
      io.envoyproxy.envoy.config.listener.v3.FilterChain proto, ParseScope scope) {
    if (!proto.hasTransportSocket()) {
      return FilterChain.Transport.RAW;
    }
    long timeout =
        proto.hasTransportSocketConnectTimeout()
            ? scope
                .field("transport_socket_connect_timeout")
                .durationNanos(proto.getTransportSocketConnectTimeout())
            : TRANSPORT_TIMEOUT_NANOS_DEFAULT;
    return new FilterChain.Transport(
        transportSockets.downstream(proto.getTransportSocket(), scope.field("transport_socket")),
        timeout);
  }

  private List<NetworkFilterConfig> filters(List<Filter> protos, ParseScope parent) {
    List<NetworkFilterConfig> filters = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      Filter proto = protos.get(i);
      ParseScope scope = parent.field("filters", i);
      FILTER.check(proto, scope);
      Any config = proto.getTypedConfig();
      NetworkFilterFactory factory = networkFilters.get(TypedStructs.typeUrl(config));
      if (factory == null) {
        if (!proto.hasConfigDiscovery()) {
          scope.field("typed_config").unsupported(extension(proto.getName(), config));
        }
        continue;
      }
      if (factory.isTerminal() != (i == protos.size() - 1)) {
        scope.error(
            proto.getName(),
            factory.isTerminal() ? "the last filter of the chain" : "a filter that ends the chain");
      }
      factory.parse(config, scope.field("typed_config")).ifPresent(filters::add);
    }
    return filters;
  }

  private static FilterChainMatch match(
      io.envoyproxy.envoy.config.listener.v3.FilterChainMatch proto, ParseScope scope) {
    MATCH.check(proto, scope);
    int port = proto.getDestinationPort().getValue();
    if (proto.hasDestinationPort() && (port < 1 || port > 65535)) {
      scope.field("destination_port").error(Integer.toUnsignedString(port), "1 to 65535");
    }
    for (int i = 0; i < proto.getSourcePortsCount(); i++) {
      if (proto.getSourcePorts(i) < 1 || proto.getSourcePorts(i) > 65535) {
        scope
            .field("source_ports", i)
            .error(Integer.toUnsignedString(proto.getSourcePorts(i)), "1 to 65535");
      }
    }
    SourceType type =
        switch (proto.getSourceType()) {
          case ANY -> SourceType.ANY;
          case SAME_IP_OR_LOOPBACK -> SourceType.SAME_IP_OR_LOOPBACK;
          case EXTERNAL -> SourceType.EXTERNAL;
          case UNRECOGNIZED -> {
            scope.field("source_type").error(String.valueOf(proto.getSourceTypeValue()), "a type");
            yield SourceType.ANY;
          }
        };
    return new FilterChainMatch(
        port,
        ranges(proto.getPrefixRangesList(), scope, "prefix_ranges"),
        serverNames(proto.getServerNamesList(), scope),
        proto.getTransportProtocol(),
        proto.getApplicationProtocolsList(),
        new FilterChainMatch.Sources(
            type,
            ranges(proto.getDirectSourcePrefixRangesList(), scope, "direct_source_prefix_ranges"),
            ranges(proto.getSourcePrefixRangesList(), scope, "source_prefix_ranges"),
            proto.getSourcePortsList()));
  }

  private static List<IpRange> ranges(List<CidrRange> protos, ParseScope scope, String field) {
    List<IpRange> ranges = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      int bits = AddressParser.prefixLength(protos.get(i));
      AddressParser.prefix(protos.get(i), scope.field(field, i))
          .ifPresent(address -> ranges.add(IpRange.of(address, bits)));
    }
    return ranges;
  }

  private static List<String> serverNames(List<String> names, ParseScope scope) {
    List<String> lower = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i).toLowerCase(Locale.ROOT);
      if (name.isEmpty()
          || name.equals("*")
          || name.indexOf('*', 1) >= 0
          || (name.startsWith("*") && !name.startsWith("*."))) {
        scope.field("server_names", i).error(name, "a name, or *. and the rest of one");
      }
      lower.add(name);
    }
    return lower;
  }

  /**
   * Two hashes of 64 bits, one more than Envoy compares listeners by. Not a digest of the JDK's:
   * the first of those starts its security providers, milliseconds of a proxy's start.
   */
  private static String fingerprint(Message proto) {
    byte[] bytes = new byte[proto.getSerializedSize()];
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      out.useDeterministicSerialization();
      proto.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    HexFormat hex = HexFormat.of();
    long first = XxHash64.hash(bytes, 0, bytes.length, 0);
    return hex.toHexDigits(first)
        + hex.toHexDigits(XxHash64.hash(bytes, 0, bytes.length, SECOND_SEED));
  }
}
