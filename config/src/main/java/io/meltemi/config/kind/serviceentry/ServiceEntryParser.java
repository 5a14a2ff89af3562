package io.meltemi.config.kind.serviceentry;

import io.meltemi.config.kind.serviceentry.ServiceEntry.AllocatedAddress;
import io.meltemi.config.kind.serviceentry.ServiceEntry.Location;
import io.meltemi.config.kind.serviceentry.ServiceEntry.Resolution;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntryParser;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.traffic.Port;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads ServiceEntry. */
public final class ServiceEntryParser {
  private static final int ITEMS_MAX = 256;
  private static final String WAYPOINT_LABEL = "istio.io/use-waypoint";

  private ServiceEntryParser() {}

  public static ServiceEntry parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with hosts, ports and resolution");
    List<AllocatedAddress> allocated =
        document.object("status", ServiceEntryParser::status).orElse(List.of());
    return document
        .object("spec", spec -> spec(spec, metadata, allocated))
        .orElseGet(
            () ->
                new ServiceEntry(
                    List.of(),
                    List.of(),
                    List.of(),
                    Location.MESH_EXTERNAL,
                    Resolution.NONE,
                    List.of(),
                    Optional.empty(),
                    List.of(),
                    List.of(),
                    List.of()));
  }

  private static List<AllocatedAddress> status(ObjectReader reader) {
    reader.ignore("conditions", "validationMessages", "observedGeneration");
    return reader.objects(
        "addresses", r -> new AllocatedAddress(r.string("value"), r.string("host")));
  }

  private static ServiceEntry spec(
      ObjectReader reader, Metadata metadata, List<AllocatedAddress> allocated) {
    Set<String> names = new HashSet<>();
    Set<Integer> numbers = new HashSet<>();
    Resolution resolution =
        reader.enumeration("resolution", Resolution.class).orElse(Resolution.NONE);
    ServiceEntry entry =
        new ServiceEntry(
            reader.strings("hosts"),
            reader.strings("addresses"),
            reader.objects("ports", r -> port(r, names, numbers)),
            reader.enumeration("location", Location.class).orElse(Location.MESH_EXTERNAL),
            resolution,
            reader.objects("endpoints", r -> endpoint(r, resolution, names)),
            Selectors.workloads(reader, "workloadSelector", "labels", true),
            Hosts.exportTo(reader, metadata.namespace(), true),
            reader.strings("subjectAltNames"),
            allocated);
    checkHosts(reader, entry);
    checkAddresses(reader, entry);
    checkEndpoints(reader, entry);
    if (resolution == Resolution.DYNAMIC_DNS) {
      checkDynamicDns(reader, entry, metadata);
    }
    return entry;
  }

  private static Port port(ObjectReader reader, Set<String> names, Set<Integer> numbers) {
    OptionalInt number = reader.integer("number", 1, 65535);
    if (!reader.has("number")) {
      reader.error("number", "nothing", "a port from 1 to 65535");
    } else if (number.isPresent() && !numbers.add(number.getAsInt())) {
      reader.error("number", reader.written("number"), "each port number once");
    }
    String name = reader.string("name");
    if (name.isEmpty()) {
      reader.error("name", "nothing", "a name, unique within the service entry");
    } else if (!Names.isLabelWord(name)) {
      reader.error("name", '"' + name + '"', "letters, digits and inner '-'");
    } else if (!names.add(name)) {
      reader.error("name", '"' + name + '"', "each port name once");
    }
    String protocol = reader.string("protocol");
    Protocol parsed = Protocol.parse(protocol);
    if (!protocol.isEmpty() && parsed.isUnsupported()) {
      reader.error("protocol", '"' + protocol + '"', "a protocol such as HTTP, HTTPS, GRPC or TCP");
    }
    return new Port(number.orElse(0), parsed, name, reader.integer("targetPort", 1, 65535));
  }

  private static WorkloadEntry endpoint(
      ObjectReader reader, Resolution resolution, Set<String> ports) {
    WorkloadEntry endpoint = WorkloadEntryParser.parse(reader);
    for (String name : endpoint.ports().keySet()) {
      if (!ports.contains(name)) {
        reader.error(
            "ports",
            '"' + name + '"',
            "the name of a port of the service entry"
                + (ports.isEmpty()
                    ? ""
                    : ": " + String.join(", ", ports.stream().sorted().toList())));
      }
    }
    String address = endpoint.address();
    if (address.isEmpty() || (address.startsWith("unix://") && resolution == Resolution.STATIC)) {
      WorkloadEntryParser.checkAddress(reader, endpoint);
      return endpoint;
    }
    switch (resolution) {
      case STATIC -> {
        if (!Names.isIp(address)) {
          reader.error(
              "address",
              '"' + address + '"',
              "an address for resolution STATIC, or resolution DNS");
        }
      }
      case DNS, DNS_ROUND_ROBIN -> {
        if (!Names.isIp(address) && !Names.isFqdn(address)) {
          reader.error("address", '"' + address + '"', "an address or a host name without port");
        }
      }
      case NONE, DYNAMIC_DNS -> {}
    }
    return endpoint;
  }

  private static void checkHosts(ObjectReader reader, ServiceEntry entry) {
    int size = reader.size("hosts");
    if (size == 0 || size > ITEMS_MAX) {
      reader.error(
          "hosts", size == 0 ? "nothing" : size + " hosts", "1 to " + ITEMS_MAX + " hosts");
    }
    boolean dns =
        entry.resolution() == Resolution.DNS || entry.resolution() == Resolution.DNS_ROUND_ROBIN;
    boolean named = dns && entry.endpoints().isEmpty() && entry.workloadSelector().isEmpty();
    for (int i = 0; i < entry.hosts().size(); i++) {
      String host = entry.hosts().get(i);
      if (host.equals("*")) {
        reader.error("hosts", i, "'*'", "a name, or a wildcard such as *.example.com");
      } else if (host.startsWith("*")
          && !host.startsWith("*.")
          && Names.isFqdn(host.substring(1))) {
        reader.warn("hosts", i, '"' + host + '"', "'*' only as the whole first label");
      } else if (!Names.isWildcardDomain(host)) {
        reader.error("hosts", i, '"' + host + '"', Hosts.EXPECTED);
      } else if (named && !Names.isFqdn(host)) {
        reader.error(
            "hosts",
            i,
            '"' + host + '"',
            "a name without wildcard, or endpoints, for resolution " + entry.resolution());
      }
    }
  }

  private static void checkAddresses(ObjectReader reader, ServiceEntry entry) {
    boolean ranges =
        entry.resolution() == Resolution.NONE || entry.resolution() == Resolution.STATIC;
    if (entry.addresses().size() > ITEMS_MAX) {
      reader.error("addresses", entry.addresses().size() + " addresses", "at most " + ITEMS_MAX);
    }
    for (int i = 0; i < entry.addresses().size(); i++) {
      String address = entry.addresses().get(i);
      if (!Names.isIpOrCidr(address)) {
        reader.error(
            "addresses", i, '"' + address + '"', "an address or a range such as 10.0.0.0/8");
      } else if (address.contains("/") && !ranges) {
        reader.error(
            "addresses",
            i,
            '"' + address + '"',
            "no range with resolution " + entry.resolution() + "; only with NONE and STATIC");
      }
    }
    if (!entry.addresses().isEmpty()) {
      return;
    }
    for (int i = 0; i < entry.ports().size(); i++) {
      Protocol protocol = entry.ports().get(i).protocol();
      if (!protocol.isHttp() && !protocol.isTls()) {
        reader.warn(
            "ports",
            i,
            protocol.isUnsupported() ? "no protocol" : protocol.name(),
            "addresses beside such a port; without them it takes all traffic to the port number");
        if (entry.hosts().size() > 1 && protocol.isTcp()) {
          reader.error(
              "hosts",
              "several hosts with a " + protocol + " port",
              "one host, or addresses, since " + protocol + " does not tell the host");
        }
      }
    }
  }

  private static void checkEndpoints(ObjectReader reader, ServiceEntry entry) {
    boolean endpoints = !entry.endpoints().isEmpty();
    boolean selector = entry.workloadSelector().isPresent();
    if (endpoints && selector) {
      reader.error("workloadSelector", "workloadSelector beside endpoints", "only one of the two");
    }
    switch (entry.resolution()) {
      case NONE -> {
        if (endpoints) {
          reader.error("endpoints", "endpoints with resolution NONE", "resolution STATIC or DNS");
        }
        if (selector) {
          reader.warn(
              "workloadSelector", "workloadSelector with resolution NONE", "resolution STATIC");
        }
      }
      case STATIC -> {
        boolean unix = entry.endpoints().stream().anyMatch(e -> e.address().startsWith("unix://"));
        if (unix && entry.ports().size() != 1) {
          reader.error(
              "ports", entry.ports().size() + " ports", "exactly one port with unix endpoints");
        }
      }
      case DNS_ROUND_ROBIN -> {
        if (entry.endpoints().size() > 1) {
          reader.error(
              "endpoints",
              entry.endpoints().size() + " endpoints",
              "at most one with resolution DNS_ROUND_ROBIN");
        }
      }
      case DNS, DYNAMIC_DNS -> {}
    }
  }

  private static void checkDynamicDns(ObjectReader reader, ServiceEntry entry, Metadata metadata) {
    if (!entry.endpoints().isEmpty()) {
      reader.error("endpoints", "endpoints with resolution DYNAMIC_DNS", "none");
    }
    if (!entry.addresses().isEmpty()) {
      reader.error("addresses", "addresses with resolution DYNAMIC_DNS", "none");
    }
    for (int i = 0; i < entry.hosts().size(); i++) {
      if (!entry.hosts().get(i).startsWith("*")) {
        reader.error(
            "hosts", i, '"' + entry.hosts().get(i) + '"', "a wildcard for resolution DYNAMIC_DNS");
      }
    }
    for (int i = 0; i < entry.ports().size(); i++) {
      switch (entry.ports().get(i).protocol()) {
        case HTTP, HTTP2, GRPC, TLS -> {}
        case HTTPS, GRPC_WEB, HTTP_PROXY, HBONE, MONGO, MYSQL, REDIS, TCP, UDP, UNSUPPORTED ->
            reader.error(
                "ports",
                i,
                entry.ports().get(i).protocol().name(),
                "HTTP, TLS, GRPC or HTTP2 for resolution DYNAMIC_DNS");
      }
    }
    if (entry.location() == Location.MESH_INTERNAL
        && !metadata.labels().get(WAYPOINT_LABEL, "none").equals("none")) {
      reader.error(
          "location",
          "MESH_INTERNAL with resolution DYNAMIC_DNS",
          "MESH_EXTERNAL, or no label " + WAYPOINT_LABEL);
    }
  }
}
