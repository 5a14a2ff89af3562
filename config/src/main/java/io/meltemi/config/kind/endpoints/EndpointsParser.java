package io.meltemi.config.kind.endpoints;

import io.meltemi.config.kind.endpoints.Endpoints.Address;
import io.meltemi.config.kind.endpoints.Endpoints.Port;
import io.meltemi.config.kind.endpoints.Endpoints.Subset;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;

/** Reads Endpoints. */
public final class EndpointsParser {
  private EndpointsParser() {}

  public static Endpoints parse(ObjectReader document, Metadata metadata) {
    return new Endpoints(document.objects("subsets", EndpointsParser::subset));
  }

  private static Subset subset(ObjectReader reader) {
    return new Subset(
        reader.objects("addresses", EndpointsParser::address),
        reader.objects("notReadyAddresses", EndpointsParser::address),
        reader.objects("ports", EndpointsParser::port));
  }

  private static Address address(ObjectReader reader) {
    String ip = reader.string("ip");
    if (!Names.isIp(ip)) {
      reader.error("ip", ip.isEmpty() ? "nothing" : '"' + ip + '"', "an address");
    }
    String pod =
        reader
            .object("targetRef", r -> r.string("kind").equals("Pod") ? r.string("name") : "")
            .orElse("");
    return new Address(ip, reader.string("hostname"), reader.string("nodeName"), pod);
  }

  private static Port port(ObjectReader reader) {
    reader.require("port", "a port from 1 to 65535");
    String protocol = reader.string("protocol");
    return new Port(
        reader.string("name"),
        reader.integer("port", 1, 65535).orElse(1),
        protocol.isEmpty() ? "TCP" : protocol,
        reader.string("appProtocol"));
  }
}
