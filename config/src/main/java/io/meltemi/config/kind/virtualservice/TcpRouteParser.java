package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Destination;
import io.meltemi.config.traffic.DestinationParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.OptionalInt;

/** Reads {@code tcp} routes, and what TLS routes have in common with them. */
final class TcpRouteParser {
  private TcpRouteParser() {}

  static TcpRoute parse(ObjectReader reader) {
    List<TcpRoute.Match> match = reader.objects("match", TcpRouteParser::match);
    return new TcpRoute(match, route(reader));
  }

  static List<TcpRoute.WeightedDestination> route(ObjectReader reader) {
    if (reader.isEmpty("route")) {
      reader.error("route", "nothing", "at least one destination");
    }
    List<TcpRoute.WeightedDestination> route = reader.objects("route", TcpRouteParser::weighted);
    DestinationParser.checkWeights(
        reader, "route", route.stream().map(TcpRoute.WeightedDestination::weight).toList());
    return route;
  }

  private static TcpRoute.WeightedDestination weighted(ObjectReader reader) {
    reader.require("destination", "an object with host");
    return new TcpRoute.WeightedDestination(
        reader
            .object("destination", DestinationParser::parse)
            .orElseGet(() -> new Destination("", "", OptionalInt.empty())),
        reader.count("weight").orElse(0));
  }

  private static TcpRoute.Match match(ObjectReader reader) {
    if (reader.optionalString("sourceSubnet").isPresent()) {
      reader.warn(
          "sourceSubnet", reader.written("sourceSubnet"), "no such field; Istio ignores it too");
    }
    return new TcpRoute.Match(
        subnets(reader), reader.integer("port", 1, 65535), VirtualServiceParser.source(reader));
  }

  static List<String> subnets(ObjectReader reader) {
    List<String> subnets = reader.strings("destinationSubnets");
    for (int i = 0; i < subnets.size(); i++) {
      if (!Names.isIpOrCidr(subnets.get(i))) {
        reader.error(
            "destinationSubnets",
            i,
            '"' + subnets.get(i) + '"',
            "an address such as 10.0.0.1 or a range such as 10.0.0.0/8");
      }
    }
    return subnets;
  }
}
