package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads VirtualService; what spans several fields is checked here, each route by its own parser.
 */
public final class VirtualServiceParser {
  /** Server names of Istio's own SNI routing, which hold underscores. */
  private static final Pattern SNI_DNAT = Pattern.compile("outbound_\\.[0-9]+_\\.[^.]*_\\.(.+)");

  private VirtualServiceParser() {}

  public static VirtualService parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with hosts and http, tls or tcp");
    return document
        .object("spec", spec -> spec(spec, metadata))
        .orElseGet(
            () ->
                new VirtualService(
                    List.of(), List.of(), List.of(), List.of(), List.of(), List.of()));
  }

  private static VirtualService spec(ObjectReader reader, Metadata metadata) {
    List<String> hosts = reader.strings("hosts");
    List<String> gateways = reader.strings("gateways");
    boolean delegate = hosts.isEmpty();
    boolean mesh = gateways.isEmpty() || gateways.contains(VirtualService.MESH_GATEWAY);
    if (delegate) {
      checkDelegate(reader, gateways);
    } else {
      checkGateways(reader, gateways);
      checkHosts(reader, hosts, mesh);
    }
    if (reader.isEmpty("http") && reader.isEmpty("tls") && reader.isEmpty("tcp")) {
      reader.error("", "no route", "http, tls or tcp");
    }
    boolean gatewayBound =
        gateways.stream().anyMatch(name -> !name.equals(VirtualService.MESH_GATEWAY));
    HttpRouteParser http = new HttpRouteParser(delegate, gatewayBound);
    TlsRouteParser tls = new TlsRouteParser(delegate ? List.of("*") : hosts);
    return new VirtualService(
        hosts,
        gateways,
        reader.objects("http", http::parse),
        reader.objects("tls", tls::parse),
        reader.objects("tcp", TcpRouteParser::parse),
        Hosts.exportTo(reader, metadata.namespace(), false));
  }

  private static void checkDelegate(ObjectReader reader, List<String> gateways) {
    if (!gateways.isEmpty()) {
      reader.error(
          "gateways",
          String.join(", ", gateways),
          "none in a delegate, which has no hosts; or hosts, for a virtual service of its own");
    }
    for (String field : List.of("tls", "tcp")) {
      if (reader.size(field) > 0) {
        reader.error(field, field + " routes", "only http in a delegate, which has no hosts");
      }
    }
  }

  /** Checks names of gateways, of a virtual service or of one match. */
  static void checkGateways(ObjectReader reader, List<String> gateways) {
    for (int i = 0; i < gateways.size(); i++) {
      String name = gateways.get(i);
      int slash = name.indexOf('/');
      if (slash >= 0) {
        if (!Names.isDnsLabel(name.substring(0, slash))
            || !Names.isDnsLabel(name.substring(slash + 1))) {
          reader.error("gateways", i, '"' + name + '"', "<namespace>/<name> of DNS-1123 labels");
        }
      } else if (name.contains(".")) {
        checkLegacyGateway(reader, i, name);
      } else if (!Names.isDnsLabel(name)) {
        reader.error(
            "gateways", i, '"' + name + '"', "<namespace>/<name>, the name of a gateway, or mesh");
      }
    }
  }

  private static void checkLegacyGateway(ObjectReader reader, int index, String name) {
    if (!Names.isFqdn(name)) {
      reader.error("gateways", index, '"' + name + '"', "<namespace>/<name>");
      return;
    }
    String[] parts = name.split("\\.");
    reader.warn(
        "gateways",
        index,
        '"' + name + '"',
        parts[1] + "/" + parts[0] + "; the form with dots is deprecated");
  }

  private static void checkHosts(ObjectReader reader, List<String> hosts, boolean mesh) {
    List<String> good = new ArrayList<>();
    for (int i = 0; i < hosts.size(); i++) {
      String host = hosts.get(i);
      if (!checkHost(reader, i, host, mesh)) {
        continue;
      }
      for (String other : good) {
        if (Hosts.overlap(other, host)) {
          reader.error("hosts", i, '"' + host + '"', "a host not covered by \"" + other + '"');
        }
      }
      good.add(host);
    }
  }

  private static boolean checkHost(ObjectReader reader, int index, String host, boolean mesh) {
    if (host.equals("*") && mesh) {
      reader.error(
          "hosts",
          index,
          "'*'",
          "a host name; '*' is only for virtual services bound to gateways and not to mesh");
      return false;
    }
    if (Names.isIp(host)) {
      if (mesh) {
        reader.error(
            "hosts", index, '"' + host + '"', "a host name; addresses are only for gateways");
      }
      return !mesh;
    }
    if (!isHost(host, !mesh)) {
      reader.error("hosts", index, '"' + host + '"', Hosts.EXPECTED);
      return false;
    }
    return true;
  }

  /** A host of a virtual service or an SNI match; a gateway's may have Istio's own SNI form. */
  static boolean isHost(String host, boolean atGateway) {
    if (atGateway) {
      Matcher matcher = SNI_DNAT.matcher(host);
      if (matcher.matches()) {
        return Names.isWildcardDomain(matcher.group(1));
      }
    }
    return Names.isWildcardDomain(host);
  }

  /** Reads the part of a match that is decided by proxy. */
  static SourceMatch source(ObjectReader reader) {
    String namespace = reader.string("sourceNamespace");
    if (!namespace.isEmpty() && !Names.isDnsLabel(namespace)) {
      reader.error("sourceNamespace", '"' + namespace + '"', "the name of a namespace");
    }
    List<String> gateways = new ArrayList<>(reader.strings("gateways"));
    checkGateways(reader, gateways);
    return new SourceMatch(Selectors.labels(reader, "sourceLabels"), namespace, gateways);
  }
}
