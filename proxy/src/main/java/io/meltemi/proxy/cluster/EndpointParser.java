package io.meltemi.proxy.cluster;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.EnvoyInternalAddress;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.Pipe;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Parses {@code config.endpoint.v3.ClusterLoadAssignment}. Any thread. */
public final class EndpointParser {
  private static final SupportedFields ASSIGNMENT =
      SupportedFields.of(ClusterLoadAssignment.class, "cluster_name", "endpoints", "policy");
  private static final SupportedFields POLICY =
      SupportedFields.of(ClusterLoadAssignment.Policy.class, "overprovisioning_factor")
          .withoutEffect("endpoints never become stale", "endpoint_stale_after");
  private static final SupportedFields LOCALITY =
      SupportedFields.of(
              LocalityLbEndpoints.class,
              "locality",
              "lb_endpoints",
              "load_balancing_weight",
              "priority",
              "metadata")
          .withoutEffect("it is not used by Envoy either", "proximity");
  private static final SupportedFields LB_ENDPOINT =
      SupportedFields.of(
          LbEndpoint.class, "endpoint", "health_status", "metadata", "load_balancing_weight");
  private static final SupportedFields ENDPOINT =
      SupportedFields.of(Endpoint.class, "address", "hostname", "health_check_config");
  private static final SupportedFields SOCKET =
      SupportedFields.of(SocketAddress.class, "protocol", "address", "port_value");

  private static final SupportedFields PIPE = SupportedFields.of(Pipe.class, "path");

  /** What systems allow for the address of a Unix domain socket. */
  private static final int PIPE_CHARS_MAX = 107;

  private static final String TRANSPORT_SOCKET_MATCH = "envoy.transport_socket_match";
  private static final String LOAD_BALANCING = "envoy.lb";
  private static final String TUNNEL = "envoy.filters.listener.original_dst";
  private static final SupportedFields INTERNAL =
      SupportedFields.of(EnvoyInternalAddress.class, "server_listener_name", "endpoint_id");

  private EndpointParser() {}

  /** The assignment of an EDS resource, or every problem found. */
  public static Validation<EndpointAssignment> parse(ClusterLoadAssignment proto, Origin origin) {
    ParseScope scope = ParseScope.root(origin);
    EndpointAssignment parsed = parse(proto, false, scope);
    return scope.out().finish(() -> parsed);
  }

  /**
   * @param names whether addresses may be names
   */
  static EndpointAssignment parse(ClusterLoadAssignment proto, boolean names, ParseScope scope) {
    ASSIGNMENT.check(proto, scope);
    POLICY.check(proto.getPolicy(), scope.field("policy"));
    int overprovisioning =
        proto.getPolicy().hasOverprovisioningFactor()
            ? proto.getPolicy().getOverprovisioningFactor().getValue()
            : 140;
    if (overprovisioning <= 0) {
      scope
          .field("policy")
          .field("overprovisioning_factor")
          .error("" + overprovisioning, "more than 0");
    }
    Map<io.envoyproxy.envoy.config.core.v3.Locality, Locality> localities = new HashMap<>();
    MetadataPool pool = new MetadataPool(new HashMap<>(), Map.of());
    List<EndpointAssignment.LocalityEndpoints> parsed = new ArrayList<>();
    for (int i = 0; i < proto.getEndpointsCount(); i++) {
      LocalityLbEndpoints group = proto.getEndpoints(i);
      ParseScope field = scope.field("endpoints", i);
      LOCALITY.check(group, field);
      int priority = group.getPriority();
      if (priority < 0 || priority > 128) {
        field.field("priority").error(Integer.toUnsignedString(priority), "0 to 128");
        priority = 0;
      }
      MetadataPool metadata = pool.of(group.getMetadata());
      List<EndpointAssignment.Endpoint> endpoints = new ArrayList<>(group.getLbEndpointsCount());
      for (int j = 0; j < group.getLbEndpointsCount(); j++) {
        endpoint(group.getLbEndpoints(j), names, metadata, field, j).ifPresent(endpoints::add);
      }
      parsed.add(
          new EndpointAssignment.LocalityEndpoints(
              localities.computeIfAbsent(
                  group.getLocality(),
                  key -> new Locality(key.getRegion(), key.getZone(), key.getSubZone())),
              priority,
              Math.max(0, group.getLoadBalancingWeight().getValue()),
              endpoints));
    }
    return new EndpointAssignment(proto.getClusterName(), Math.max(1, overprovisioning), parsed);
  }

  private static Optional<EndpointAssignment.Endpoint> endpoint(
      LbEndpoint proto, boolean names, MetadataPool metadata, ParseScope group, int index) {
    // the path is only written out when something is wrong: an assignment may have 10 000 of these
    SocketAddress address = proto.getEndpoint().getAddress().getSocketAddress();
    boolean plain =
        proto.getEndpoint().getAddress().hasSocketAddress()
            && address.getPortSpecifierCase() == SocketAddress.PortSpecifierCase.PORT_VALUE
            && address.getPortValue() >= 0
            && address.getPortValue() <= 65535
            && (names
                ? !address.getAddress().isEmpty()
                : NetUtil.isValidIpV4Address(address.getAddress())
                    || NetUtil.isValidIpV6Address(address.getAddress()))
            && address.getProtocol() == SocketAddress.Protocol.TCP;
    int weight = proto.hasLoadBalancingWeight() ? proto.getLoadBalancingWeight().getValue() : 1;
    ParseScope field = group.field("lb_endpoints", index);
    LB_ENDPOINT.check(proto, field);
    ENDPOINT.check(proto.getEndpoint(), field.field("endpoint"));
    if (weight < 1) {
      field.field("load_balancing_weight").error(Integer.toUnsignedString(weight), "1 or more");
      weight = 1;
    }
    boolean pipe = proto.getEndpoint().getAddress().hasPipe() && !names;
    boolean internal = proto.getEndpoint().getAddress().hasEnvoyInternalAddress() && !names;
    if (!plain
        && !(pipe && isPipe(proto, field.field("endpoint").field("address")))
        && !(internal && isInternal(proto, field.field("endpoint").field("address")))) {
      explain(proto, names, field.field("endpoint").field("address"));
      return Optional.empty();
    }
    if (plain) {
      SOCKET.check(address, field.field("endpoint").field("address").field("socket_address"));
    }
    HealthStatus health =
        switch (proto.getHealthStatus()) {
          case UNKNOWN -> HealthStatus.UNKNOWN;
          case HEALTHY -> HealthStatus.HEALTHY;
          case UNHEALTHY -> HealthStatus.UNHEALTHY;
          case DRAINING -> HealthStatus.DRAINING;
          case TIMEOUT -> HealthStatus.TIMEOUT;
          case DEGRADED -> HealthStatus.DEGRADED;
          case UNRECOGNIZED -> HealthStatus.UNKNOWN;
        };
    return Optional.of(
        new EndpointAssignment.Endpoint(
            address(proto.getEndpoint().getAddress()),
            proto.getEndpoint().getHostname(),
            weight,
            health,
            metadata.get(proto.getMetadata()),
            metadata.lb(proto.getMetadata()),
            metadata.tunnel(proto.getMetadata()),
            proto.getEndpoint().hasHealthCheckConfig()
                ? HealthCheckParser.target(
                    proto.getEndpoint().getHealthCheckConfig(),
                    field.field("endpoint").field("health_check_config"))
                : HealthCheck.Target.DEFAULT));
  }

  private static HostPort address(io.envoyproxy.envoy.config.core.v3.Address address) {
    if (address.hasPipe()) {
      return IpResolution.pipe(address.getPipe().getPath());
    }
    if (address.hasEnvoyInternalAddress()) {
      EnvoyInternalAddress internal = address.getEnvoyInternalAddress();
      return IpResolution.internal(internal.getServerListenerName(), internal.getEndpointId());
    }
    return new HostPort(
        address.getSocketAddress().getAddress(), address.getSocketAddress().getPortValue());
  }

  private static boolean isInternal(LbEndpoint proto, ParseScope scope) {
    EnvoyInternalAddress internal = proto.getEndpoint().getAddress().getEnvoyInternalAddress();
    INTERNAL.check(internal, scope.field("envoy_internal_address"));
    return !internal.getServerListenerName().isEmpty();
  }

  private static boolean isPipe(LbEndpoint proto, ParseScope scope) {
    Pipe pipe = proto.getEndpoint().getAddress().getPipe();
    PIPE.check(pipe, scope.field("pipe"));
    String path = pipe.getPath();
    return !path.isEmpty() && path.charAt(0) != '@' && path.length() <= PIPE_CHARS_MAX;
  }

  /**
   * What endpoints' metadata says about transport sockets and load balancing, each different one
   * kept once.
   *
   * @param otherwise of the locality
   */
  private record MetadataPool(
      Map<Struct, Map<String, Object>> known, Map<String, Object> otherwise) {
    MetadataPool of(Metadata locality) {
      return new MetadataPool(known, get(locality));
    }

    Map<String, Object> get(Metadata metadata) {
      Struct struct = metadata.getFilterMetadataMap().get(TRANSPORT_SOCKET_MATCH);
      if (struct == null) {
        return otherwise;
      }
      return shared(struct);
    }

    Map<String, Object> lb(Metadata metadata) {
      Struct struct = metadata.getFilterMetadataMap().get(LOAD_BALANCING);
      return struct == null ? Map.of() : shared(struct);
    }

    Map<String, Object> tunnel(Metadata metadata) {
      Struct struct = metadata.getFilterMetadataMap().get(TUNNEL);
      return struct == null ? Map.of() : shared(struct);
    }

    private Map<String, Object> shared(Struct struct) {
      return known.computeIfAbsent(struct, key -> io.meltemi.proxy.parse.Metadata.fields(key));
    }
  }

  private static void explain(LbEndpoint proto, boolean names, ParseScope scope) {
    if (proto.getEndpoint().getAddress().hasPipe()) {
      scope
          .field("pipe")
          .error(
              proto.getEndpoint().getAddress().getPipe().getPath(),
              names
                  ? "a host name, because the cluster resolves names"
                  : "a path of 1 to " + PIPE_CHARS_MAX + " characters that is not abstract");
      return;
    }
    if (!proto.getEndpoint().getAddress().hasSocketAddress()) {
      scope.unsupported(
          proto
              .getEndpoint()
              .getAddress()
              .getAddressCase()
              .name()
              .toLowerCase(java.util.Locale.ROOT));
      return;
    }
    SocketAddress address = proto.getEndpoint().getAddress().getSocketAddress();
    scope
        .field("socket_address")
        .error(
            address.getProtocol()
                + " "
                + address.getAddress()
                + ":"
                + address.getPortValue()
                + address.getNamedPort(),
            (names ? "a host name" : "an IP address") + " and a port_value of at most 65535, TCP");
  }
}
