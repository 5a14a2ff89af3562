package io.meltemi.controlplane.push;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.net.Locality;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.mesh.ProxyConfig;
import io.meltemi.config.mesh.ProxyConfig.GatewayTopology.ForwardClientCert;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads the node of a discovery request into a {@link ProxyNode}, collecting every error. */
final class ProxyNodeParser {
  private static final String PLACEMENT_KEY = "MELTEMI_LOCAL";
  private static final String CERTIFICATES_KEY = "MELTEMI_CERTIFICATES";
  private static final int NODE_ID_PARTS = 4;

  /** Stands in for an address already reported as missing. */
  private static final String MISSING_IP = "0.0.0.0";

  private final Validation.Collector found = new Validation.Collector();
  private final Origin origin;

  private ProxyNodeParser(Origin origin) {
    this.origin = origin;
  }

  /**
   * Parses a node whose id has the form {@code type~ip~name.namespace~dnsDomain}.
   *
   * @param origin where the node came from, such as the peer's address
   */
  static Validation<ProxyNode> parse(io.envoyproxy.envoy.config.core.v3.Node node, Origin origin) {
    return new ProxyNodeParser(origin).parse(node);
  }

  private Validation<ProxyNode> parse(io.envoyproxy.envoy.config.core.v3.Node node) {
    String[] parts = node.getId().split("~", -1);
    if (parts.length != NODE_ID_PARTS) {
      found.error(origin, "node.id", node.getId(), "type~ip~name.namespace~dnsDomain");
      return found.finish(() -> unreachable("node id"));
    }
    Struct metadata = node.getMetadata();
    ProxyNode.Type type = type(parts[0]);
    List<String> ips = ips(parts[1], text(metadata, "INSTANCE_IPS"));
    Map<String, String> labels = strings(metadata, "LABELS");
    Locality locality =
        new Locality(
            node.getLocality().getRegion(),
            node.getLocality().getZone(),
            node.getLocality().getSubZone());
    ProxyNode.Metadata typed =
        new ProxyNode.Metadata(
            namespace(text(metadata, "NAMESPACE"), parts[2], parts[3]),
            Labels.of(labels),
            text(metadata, "SERVICE_ACCOUNT"),
            text(metadata, "CLUSTER_ID"),
            text(metadata, "NETWORK"),
            text(metadata, "NODE_NAME"),
            interceptionMode(text(metadata, "INTERCEPTION_MODE")),
            port(text(metadata, "HTTP_PROXY_PORT"), "node.metadata.HTTP_PROXY_PORT"),
            isTrue(text(metadata, "UNPRIVILEGED_POD")),
            isTrue(text(metadata, "DNS_CAPTURE")),
            isTrue(text(metadata, "HTTP10")),
            text(metadata, "ISTIO_VERSION"),
            certificates(metadata),
            topology(metadata),
            scalars(metadata));
    Optional<LocalPlacement> placement =
        metadata.containsFields(PLACEMENT_KEY)
            ? Optional.of(placement(metadata.getFieldsOrThrow(PLACEMENT_KEY)))
            : Optional.empty();
    return found.finish(
        () -> new ProxyNode(type, parts[2], parts[3], ips, locality, typed, placement));
  }

  private static ProxyNode unreachable(String what) {
    throw new IllegalStateException("no value without a valid " + what);
  }

  private ProxyNode.Type type(String written) {
    switch (written) {
      case "sidecar":
        return ProxyNode.Type.SIDECAR;
      case "router":
        return ProxyNode.Type.ROUTER;
      case "waypoint":
        return ProxyNode.Type.WAYPOINT;
      default:
        found.error(origin, "node.id", written, "a node type of sidecar, router or waypoint");
        return ProxyNode.Type.SIDECAR;
    }
  }

  /** The address of the id, followed by the others that metadata lists. */
  private List<String> ips(String first, String listed) {
    List<String> all = new ArrayList<>();
    if (!first.isEmpty()) {
      all.add(first);
    }
    for (String ip : listed.split(",")) {
      if (!ip.isBlank() && !all.contains(ip.strip())) {
        all.add(ip.strip());
      }
    }
    if (all.isEmpty()) {
      found.error(origin, "node.id", "", "an IP address after the node type");
      all.add(MISSING_IP);
    }
    return all;
  }

  /** Metadata wins; else the part of the id after the dot; else the first label of the domain. */
  private static String namespace(String written, String id, String dnsDomain) {
    if (!written.isEmpty()) {
      return written;
    }
    int dot = id.lastIndexOf('.');
    if (dot >= 0) {
      return id.substring(dot + 1);
    }
    int end = dnsDomain.indexOf('.');
    return end < 0 ? dnsDomain : dnsDomain.substring(0, end);
  }

  private ProxyNode.InterceptionMode interceptionMode(String written) {
    return switch (written) {
      case "", "REDIRECT" -> ProxyNode.InterceptionMode.REDIRECT;
      case "TPROXY" -> ProxyNode.InterceptionMode.TPROXY;
      case "NONE" -> ProxyNode.InterceptionMode.NONE;
      default -> {
        found.error(origin, "node.metadata.INTERCEPTION_MODE", written, "REDIRECT, TPROXY or NONE");
        yield ProxyNode.InterceptionMode.REDIRECT;
      }
    };
  }

  private static boolean isTrue(String written) {
    return written.equals("1") || written.toLowerCase(Locale.ROOT).equals("true");
  }

  /** 0 when empty. */
  private int port(String written, String path) {
    if (written.isEmpty()) {
      return 0;
    }
    try {
      int port = Integer.parseInt(written);
      if (port >= 1 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException _) {
      // reported below, with the ports out of range
    }
    found.error(origin, path, written, "1 to 65535");
    return 0;
  }

  private LocalPlacement placement(Value value) {
    String path = "node.metadata." + PLACEMENT_KEY;
    if (!value.hasStructValue()) {
      found.error(origin, path, value.toString().strip(), "an object");
      return new LocalPlacement(Map.of(), Map.of(), Optional.empty(), Map.of());
    }
    Struct placement = value.getStructValue();
    Map<Integer, LocalPlacement.Inbound> inbound = new TreeMap<>();
    fields(placement, "inbound")
        .forEach(
            (port, entry) -> {
              String at = path + ".inbound." + port;
              Struct pair = entry.getStructValue();
              Optional<HostPort> bind = address(text(pair, "bind"), at + ".bind");
              Optional<HostPort> app = address(text(pair, "app"), at + ".app");
              if (bind.isPresent() && app.isPresent()) {
                inbound.put(port(port, at), new LocalPlacement.Inbound(bind.get(), app.get()));
              }
            });
    Map<HostPort, HostPort> outbound = new LinkedHashMap<>();
    fields(placement, "outbound")
        .forEach(
            (service, bind) -> {
              String at = path + ".outbound." + service;
              Optional<HostPort> from = address(service, at);
              Optional<HostPort> to = address(bind.getStringValue(), at);
              if (from.isPresent() && to.isPresent()) {
                outbound.put(from.get(), to.get());
              }
            });
    Map<Integer, HostPort> gateway = new TreeMap<>();
    fields(placement, "gateway")
        .forEach(
            (port, bind) -> {
              String at = path + ".gateway." + port;
              address(bind.getStringValue(), at).ifPresent(to -> gateway.put(port(port, at), to));
            });
    String httpProxy = text(placement, "httpProxy");
    return new LocalPlacement(
        inbound,
        outbound,
        httpProxy.isEmpty() ? Optional.empty() : address(httpProxy, path + ".httpProxy"),
        gateway);
  }

  private Optional<HostPort> address(String written, String path) {
    try {
      HostPort address = HostPort.parse(written);
      if (!address.host().isEmpty()) {
        return Optional.of(address);
      }
    } catch (IllegalArgumentException _) {
      // reported below, with the addresses that lack a host
    }
    found.error(origin, path, written, "host:port");
    return Optional.empty();
  }

  private static Map<String, Value> fields(Struct struct, String key) {
    return struct.containsFields(key)
        ? struct.getFieldsOrThrow(key).getStructValue().getFieldsMap()
        : Map.of();
  }

  private static Map<String, String> strings(Struct struct, String key) {
    Map<String, String> values = new TreeMap<>();
    fields(struct, key).forEach((name, value) -> values.put(name, scalar(value)));
    return values;
  }

  /** A proxy that shares its machine has no agent unless it says so. */
  private static boolean certificates(Struct metadata) {
    return metadata.containsFields(CERTIFICATES_KEY)
        ? isTrue(text(metadata, CERTIFICATES_KEY))
        : !metadata.containsFields(PLACEMENT_KEY);
  }

  /** What the proxy's own ProxyConfig says, which a pod's annotation may have set. */
  private Optional<ProxyConfig.GatewayTopology> topology(Struct metadata) {
    Value written = fields(metadata, "PROXY_CONFIG").get("gatewayTopology");
    if (written == null || !written.hasStructValue()) {
      return Optional.empty();
    }
    Struct topology = written.getStructValue();
    String path = "node.metadata.PROXY_CONFIG.gatewayTopology.";
    ForwardClientCert forward = ForwardClientCert.UNDEFINED;
    String name = text(topology, "forwardClientCertDetails");
    if (!name.isEmpty()) {
      try {
        forward = ForwardClientCert.valueOf(name);
      } catch (IllegalArgumentException _) {
        found.error(
            origin,
            path + "forwardClientCertDetails",
            name,
            "one of " + List.of(ForwardClientCert.values()));
      }
    }
    String hops = text(topology, "numTrustedProxies");
    return Optional.of(
        new ProxyConfig.GatewayTopology(
            hops.isEmpty() ? 0 : count(hops, path + "numTrustedProxies"),
            forward,
            topology.containsFields("proxyProtocol")));
  }

  private int count(String written, String path) {
    try {
      int count = Integer.parseInt(written);
      if (count >= 0) {
        return count;
      }
    } catch (NumberFormatException _) {
      // reported below, with the negative ones
    }
    found.error(origin, path, written, "a number from 0");
    return 0;
  }

  private static Map<String, String> scalars(Struct metadata) {
    Map<String, String> values = new TreeMap<>();
    metadata
        .getFieldsMap()
        .forEach(
            (name, value) -> {
              if (!value.hasStructValue() && !value.hasListValue()) {
                values.put(name, scalar(value));
              }
            });
    return values;
  }

  private static String text(Struct struct, String key) {
    return struct.containsFields(key) ? scalar(struct.getFieldsOrThrow(key)) : "";
  }

  private static String scalar(Value value) {
    return switch (value.getKindCase()) {
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
      case NUMBER_VALUE -> Long.toString((long) value.getNumberValue());
      case NULL_VALUE, STRUCT_VALUE, LIST_VALUE, KIND_NOT_SET -> "";
    };
  }
}
