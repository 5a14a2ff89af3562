package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads {@code tls} routes of a virtual service with the given hosts. */
final class TlsRouteParser {
  private final List<String> hosts;

  TlsRouteParser(List<String> hosts) {
    this.hosts = List.copyOf(hosts);
  }

  TlsRoute parse(ObjectReader reader) {
    if (reader.isEmpty("match")) {
      reader.error("match", "nothing", "at least one match with sniHosts");
    }
    List<TlsRoute.Match> match = reader.objects("match", this::match);
    return new TlsRoute(match, TcpRouteParser.route(reader));
  }

  private TlsRoute.Match match(ObjectReader reader) {
    List<String> sniHosts = reader.strings("sniHosts");
    if (reader.isEmpty("sniHosts")) {
      reader.error("sniHosts", "nothing", "at least one server name");
    }
    for (int i = 0; i < sniHosts.size(); i++) {
      checkSni(reader, i, sniHosts.get(i));
    }
    return new TlsRoute.Match(
        sniHosts,
        TcpRouteParser.subnets(reader),
        reader.integer("port", 1, 65535),
        VirtualServiceParser.source(reader));
  }

  private void checkSni(ObjectReader reader, int index, String sni) {
    if (Names.isIp(sni)) {
      reader.warn(
          "sniHosts",
          index,
          '"' + sni + '"',
          "a name; most clients send no address as server name");
      return;
    }
    if (!VirtualServiceParser.isHost(sni, true)) {
      reader.error("sniHosts", index, '"' + sni + '"', Hosts.EXPECTED);
    } else if (hosts.stream().noneMatch(host -> Hosts.covers(host, sni))) {
      reader.error(
          "sniHosts",
          index,
          '"' + sni + '"',
          "a name among the hosts of the virtual service: " + String.join(", ", hosts));
    }
  }
}
