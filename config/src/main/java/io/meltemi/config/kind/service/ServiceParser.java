package io.meltemi.config.kind.service;

import io.meltemi.config.kind.service.Service.External;
import io.meltemi.config.kind.service.Service.Port;
import io.meltemi.config.kind.service.Service.TargetPort;
import io.meltemi.config.kind.service.Service.Traffic;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.ScalarType;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the Kubernetes Service; fields of no meaning to a mesh are passed over. */
public final class ServiceParser {
  private static final Service NOTHING =
      new Service(
          Service.Type.CLUSTER_IP,
          List.of(),
          "",
          io.meltemi.common.labels.Labels.EMPTY,
          List.of(),
          new Traffic(false, false, false, ""),
          new External(List.of(), List.of()));

  private ServiceParser() {}

  public static Service parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with ports");
    List<String> loadBalancer =
        document
            .object(
                "status",
                status ->
                    status.object("loadBalancer", ServiceParser::loadBalancer).orElse(List.of()))
            .orElse(List.of());
    return document.object("spec", spec -> spec(spec, loadBalancer)).orElse(NOTHING);
  }

  private static List<String> loadBalancer(ObjectReader reader) {
    return reader.objects(
        "ingress",
        ingress -> ingress.optionalString("ip").orElseGet(() -> ingress.string("hostname")));
  }

  private static Service spec(ObjectReader reader, List<String> loadBalancer) {
    Service.Type type = type(reader);
    List<String> clusterIps = clusterIps(reader);
    String externalName = reader.string("externalName");
    if (type == Service.Type.EXTERNAL_NAME) {
      if (!Names.isFqdn(externalName)) {
        reader.error(
            "externalName",
            externalName.isEmpty() ? "nothing" : '"' + externalName + '"',
            "a host name for type ExternalName");
      }
    } else if (reader.isEmpty("ports") && !clusterIps.equals(List.of("None"))) {
      reader.error("ports", "nothing", "at least one port");
    }
    boolean several = reader.size("ports") > 1;
    Set<String> names = new HashSet<>();
    List<Port> ports = reader.objects("ports", r -> port(r, several, names));
    return new Service(
        type,
        clusterIps,
        externalName,
        Selectors.labels(reader, "selector"),
        ports,
        new Traffic(
            reader.string("internalTrafficPolicy").equals("Local"),
            reader.string("externalTrafficPolicy").equals("Local"),
            reader.bool("publishNotReadyAddresses"),
            reader.string("trafficDistribution")),
        new External(reader.strings("externalIPs"), loadBalancer));
  }

  private static Service.Type type(ObjectReader reader) {
    String type = reader.string("type");
    return switch (type) {
      case "", "ClusterIP" -> Service.Type.CLUSTER_IP;
      case "NodePort" -> Service.Type.NODE_PORT;
      case "LoadBalancer" -> Service.Type.LOAD_BALANCER;
      case "ExternalName" -> Service.Type.EXTERNAL_NAME;
      default -> {
        reader.error("type", '"' + type + '"', "ClusterIP, NodePort, LoadBalancer or ExternalName");
        yield Service.Type.CLUSTER_IP;
      }
    };
  }

  private static List<String> clusterIps(ObjectReader reader) {
    List<String> ips = new ArrayList<>(reader.strings("clusterIPs"));
    String first = reader.string("clusterIP");
    if (ips.isEmpty() && !first.isEmpty()) {
      ips.add(first);
    }
    for (String ip : ips) {
      if (!ip.equals("None") && !Names.isIp(ip)) {
        reader.error("clusterIP", '"' + ip + '"', "an address or None");
      }
    }
    return ips;
  }

  private static Port port(ObjectReader reader, boolean several, Set<String> names) {
    String name = reader.string("name");
    if (name.isEmpty() && several) {
      reader.error("name", "nothing", "a name, since there are several ports");
    } else if (!names.add(name)) {
      reader.error("name", '"' + name + '"', "each port name once");
    }
    reader.require("port", "a port from 1 to 65535");
    int port = reader.integer("port", 1, 65535).orElse(1);
    String protocol = reader.string("protocol");
    switch (protocol) {
      case "", "TCP", "UDP", "SCTP" -> {}
      default -> reader.error("protocol", '"' + protocol + '"', "TCP, UDP or SCTP");
    }
    return new Port(
        name,
        port,
        targetPort(reader, port),
        protocol.isEmpty() ? "TCP" : protocol,
        reader.string("appProtocol"),
        reader.integer("nodePort", 0, 65535).orElse(0));
  }

  private static TargetPort targetPort(ObjectReader reader, int port) {
    YamlNode node = reader.node("targetPort").orElse(null);
    if (node == null) {
      return new TargetPort.ByNumber(port);
    }
    if (node instanceof YamlScalar scalar && scalar.type() == ScalarType.STRING) {
      if (!Names.isDnsLabel(scalar.text())) {
        reader.error("targetPort", scalar.describe(), "a port number or the name of a port");
      }
      return new TargetPort.ByName(scalar.text());
    }
    OptionalInt number = reader.integer("targetPort", 0, 65535);
    int target = number.orElse(port);
    return new TargetPort.ByNumber(target == 0 ? port : target);
  }
}
