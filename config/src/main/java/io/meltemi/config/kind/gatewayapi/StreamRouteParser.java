package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.StreamRoute.Rule;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads TLSRoute, TCPRoute and UDPRoute. */
public final class StreamRouteParser {
  private StreamRouteParser() {}

  /** TCPRoute and UDPRoute; the version v1 takes one rule. */
  public static StreamRoute parse(ObjectReader document, Metadata metadata) {
    boolean old = document.string("apiVersion").endsWith("/v1alpha2");
    document.require("spec", "an object with parentRefs and rules");
    return document
        .object("spec", spec -> spec(spec, old ? RouteParser.RULES_MAX : 1, List.of()))
        .orElseGet(() -> new StreamRoute(List.of(), List.of(), List.of()));
  }

  /** TLSRoute; the version v1 asks for names and takes one rule, the older ones did not. */
  public static StreamRoute parseTls(ObjectReader document, Metadata metadata) {
    boolean v1alpha2 = document.string("apiVersion").endsWith("/v1alpha2");
    document.require("spec", "an object with parentRefs, hostnames and rules");
    return document
        .object("spec", spec -> tlsSpec(spec, v1alpha2))
        .orElseGet(() -> new StreamRoute(List.of(), List.of(), List.of()));
  }

  private static StreamRoute tlsSpec(ObjectReader spec, boolean v1alpha2) {
    List<String> hostnames = Fields.hostnames(spec, "hostnames", 1024);
    if (!v1alpha2) {
      if (spec.isEmpty("hostnames")) {
        spec.error("hostnames", "nothing", "at least one server name");
      }
      for (int i = 0; i < hostnames.size(); i++) {
        if (Names.isIp(hostnames.get(i))) {
          spec.error("hostnames", i, '"' + hostnames.get(i) + '"', "a name, no address");
        }
      }
    }
    return spec(spec, v1alpha2 ? RouteParser.RULES_MAX : 1, hostnames);
  }

  private static StreamRoute spec(ObjectReader spec, int rulesMax, List<String> hostnames) {
    Fields.require(spec, "rules", "at least one rule");
    return new StreamRoute(
        RouteParser.parentRefs(spec),
        hostnames,
        RouteParser.rules(spec, 1, rulesMax, StreamRouteParser::rule, Rule::name));
  }

  private static Rule rule(ObjectReader reader) {
    Fields.require(reader, "backendRefs", "at least one backend");
    List<Backend> backends = reader.objects("backendRefs", RouteParser::streamBackend);
    Fields.size(reader, "backendRefs", 1, 16);
    return new Rule(Fields.sectionName(reader, "name").orElse(""), backends);
  }
}
