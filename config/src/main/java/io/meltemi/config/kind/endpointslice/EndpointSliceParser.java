package io.meltemi.config.kind.endpointslice;

import io.meltemi.config.kind.endpointslice.EndpointSlice.AddressType;
import io.meltemi.config.kind.endpointslice.EndpointSlice.Conditions;
import io.meltemi.config.kind.endpointslice.EndpointSlice.Endpoint;
import io.meltemi.config.kind.endpointslice.EndpointSlice.Port;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads EndpointSlice. */
public final class EndpointSliceParser {
  private EndpointSliceParser() {}

  public static EndpointSlice parse(ObjectReader document, Metadata metadata) {
    AddressType type = addressType(document);
    return new EndpointSlice(
        type,
        metadata.labels().get(EndpointSlice.SERVICE_NAME_LABEL, ""),
        document.objects("endpoints", r -> endpoint(r, type)),
        document.objects("ports", EndpointSliceParser::port));
  }

  private static AddressType addressType(ObjectReader reader) {
    String type = reader.string("addressType");
    return switch (type) {
      case "IPv4" -> AddressType.IPV4;
      case "IPv6" -> AddressType.IPV6;
      case "FQDN" -> AddressType.FQDN;
      default -> {
        reader.error(
            "addressType", type.isEmpty() ? "nothing" : '"' + type + '"', "IPv4, IPv6 or FQDN");
        yield AddressType.IPV4;
      }
    };
  }

  private static Endpoint endpoint(ObjectReader reader, AddressType type) {
    List<String> addresses = reader.strings("addresses");
    if (reader.isEmpty("addresses")) {
      reader.error("addresses", "nothing", "at least one address");
    }
    for (int i = 0; i < addresses.size(); i++) {
      String address = addresses.get(i);
      boolean good =
          switch (type) {
            case IPV4 -> Names.isIpv4(address);
            case IPV6 -> Names.isIpv6(address);
            case FQDN -> Names.isFqdn(address);
          };
      if (!good) {
        reader.error(
            "addresses", i, '"' + address + '"', "an address of the slice's addressType " + type);
      }
    }
    String pod =
        reader
            .object("targetRef", r -> r.string("kind").equals("Pod") ? r.string("name") : "")
            .orElse("");
    return new Endpoint(
        addresses,
        reader.object("conditions", EndpointSliceParser::conditions).orElse(Conditions.READY),
        reader.string("hostname"),
        reader.string("nodeName"),
        reader.string("zone"),
        pod);
  }

  private static Conditions conditions(ObjectReader reader) {
    boolean ready = reader.optionalBool("ready").orElse(true);
    return new Conditions(
        ready,
        reader.optionalBool("serving").orElse(true),
        reader.optionalBool("terminating").orElse(!ready));
  }

  private static Port port(ObjectReader reader) {
    String protocol = reader.string("protocol");
    return new Port(
        reader.string("name"),
        reader.integer("port", 1, 65535),
        protocol.isEmpty() ? "TCP" : protocol,
        reader.string("appProtocol"));
  }
}
