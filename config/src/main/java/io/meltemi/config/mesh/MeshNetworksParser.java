package io.meltemi.config.mesh;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.config.mesh.MeshNetworks.Gateway;
import io.meltemi.config.mesh.MeshNetworks.Members;
import io.meltemi.config.mesh.MeshNetworks.Network;
import io.meltemi.config.mesh.MeshNetworks.Where;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import java.util.Locale;

/** Reads the mesh's networks from the ConfigMap {@code istio}. */
public final class MeshNetworksParser {
  private MeshNetworksParser() {}

  /** Reads a text that is a value inside another file. */
  public static Validation<MeshNetworks> parseEmbedded(String text, Origin within) {
    return MeshText.parse(
        YamlReader.readEmbedded(text, within, YamlLimits.DEFAULT),
        within,
        "an object of networks",
        MeshNetworks.NONE,
        (map, problems) -> {
          ObjectReader reader = ObjectReader.of(map, problems);
          MeshNetworks networks =
              new MeshNetworks(reader.objectMap("networks", MeshNetworksParser::network));
          reader.close();
          return networks;
        });
  }

  private static Network network(ObjectReader reader) {
    return new Network(
        reader.objects("endpoints", MeshNetworksParser::members),
        reader.objects("gateways", MeshNetworksParser::gateway));
  }

  private static Members members(ObjectReader reader) {
    String range = reader.string("fromCidr");
    String cluster = reader.string("fromRegistry");
    if (range.isEmpty() == cluster.isEmpty()) {
      reader.error(
          "fromCidr", range.isEmpty() ? "nothing" : "both", "either fromCidr or fromRegistry");
    } else if (cluster.isEmpty() && !(range.contains("/") && Names.isIpOrCidr(range))) {
      reader.error("fromCidr", '"' + range + '"', "a range of addresses such as 10.1.0.0/16");
    }
    return cluster.isEmpty() ? new Members.Range(range) : new Members.Cluster(cluster);
  }

  private static Gateway gateway(ObjectReader reader) {
    String address = reader.string("address");
    String service = reader.string("registryServiceName");
    if (address.isEmpty() == service.isEmpty()) {
      reader.error(
          "address",
          address.isEmpty() ? "nothing" : "both",
          "either address or registryServiceName");
    } else if (service.isEmpty() && !Names.isIp(address)) {
      reader.warn("address", '"' + address + '"', "an IP address; names are not resolved");
    }
    reader.require("port", "a port from 1 to 65535");
    if (reader.has("locality")) {
      reader.warn("locality", reader.written("locality"), "no value: it has no effect");
      reader.ignore("locality");
    }
    return new Gateway(
        service.isEmpty()
            ? new Where.Address(address)
            : new Where.Service(service.toLowerCase(Locale.ROOT)),
        reader.integer("port", 1, 65535).orElse(1));
  }
}
