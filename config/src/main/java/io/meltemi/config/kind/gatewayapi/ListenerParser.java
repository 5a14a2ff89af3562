package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.Listener.AllowedRoutes;
import io.meltemi.config.kind.gatewayapi.Listener.From;
import io.meltemi.config.kind.gatewayapi.Listener.Namespaces;
import io.meltemi.config.kind.gatewayapi.Listener.RouteKind;
import io.meltemi.config.kind.gatewayapi.Listener.Tls;
import io.meltemi.config.traffic.LabelSelectorParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the listeners of Gateway and ListenerSet. */
final class ListenerParser {
  private static final Set<String> WITHOUT_TLS = Set.of("HTTP", "TCP", "UDP");
  private static final Set<String> WITHOUT_HOST = Set.of("TCP", "UDP");
  private static final Pattern PROTOCOL =
      Pattern.compile(
          "[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?"
              + "|.*[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]+");

  private ListenerParser() {}

  private record Address(int port, String protocol, Optional<String> hostname) {}

  /** The listeners, each with a name and an address of its own. */
  static List<Listener> parseAll(ObjectReader spec) {
    Fields.require(spec, "listeners", "at least one listener");
    List<Listener> listeners = spec.objects("listeners", ListenerParser::parse);
    Fields.size(spec, "listeners", 1, 64);
    Fields.each(spec, "listeners", listeners.stream().map(Listener::name).toList());
    Map<Address, Integer> seen = new HashMap<>();
    for (int i = 0; i < listeners.size(); i++) {
      Listener one = listeners.get(i);
      Integer earlier =
          seen.putIfAbsent(new Address(one.port(), one.protocol(), one.hostname()), i);
      if (earlier != null) {
        spec.error(
            "listeners",
            i,
            "port, protocol and hostname of element " + earlier,
            "each combination once");
      }
    }
    return listeners;
  }

  private static Listener parse(ObjectReader reader) {
    Fields.require(reader, "name", "a name, unique within the gateway");
    Fields.require(reader, "port", "a port from 1 to 65535");
    Fields.require(reader, "protocol", "HTTP, HTTPS, TLS or TCP");
    String protocol =
        Fields.text(reader, "protocol", 255, PROTOCOL, "HTTP, HTTPS, TLS or TCP").orElse("");
    Optional<String> hostname = Fields.hostname(reader, "hostname", true);
    if (hostname.isPresent() && WITHOUT_HOST.contains(protocol)) {
      reader.error("hostname", '"' + hostname.get() + '"', "none for protocol " + protocol);
    }
    Optional<Tls> tls = reader.object("tls", ListenerParser::tls);
    if (tls.isPresent() && WITHOUT_TLS.contains(protocol)) {
      reader.error("tls", "tls settings", "none for protocol " + protocol);
    }
    if (tls.isPresent() && protocol.equals("HTTPS") && tls.get().passthrough()) {
      reader.error("tls", "mode Passthrough", "mode Terminate for protocol HTTPS");
    }
    if (protocol.equals("TLS")) {
      Fields.require(reader, "tls", "tls settings for protocol TLS");
    }
    return new Listener(
        Fields.sectionName(reader, "name").orElse(""),
        hostname,
        Fields.port(reader, "port").orElse(0),
        protocol,
        tls,
        reader.object("allowedRoutes", ListenerParser::allowed).orElse(AllowedRoutes.SAME));
  }

  private static Tls tls(ObjectReader reader) {
    boolean passthrough =
        Fields.word(reader, "mode", List.of("Terminate", "Passthrough"))
            .orElse("Terminate")
            .equals("Passthrough");
    List<ObjectRef> certificates = reader.objects("certificateRefs", Fields::secretRef);
    Fields.size(reader, "certificateRefs", 0, 64);
    Map<String, String> options = reader.stringMap("options");
    Fields.entries(reader, "options", options, 16);
    if (!passthrough && certificates.isEmpty() && options.isEmpty()) {
      reader.error(
          "certificateRefs", "nothing", "at least one certificate, or options, for Terminate");
    }
    return new Tls(passthrough, certificates, options);
  }

  private static AllowedRoutes allowed(ObjectReader reader) {
    List<RouteKind> kinds = reader.objects("kinds", ListenerParser::routeKind);
    Fields.size(reader, "kinds", 0, 8);
    return new AllowedRoutes(
        reader
            .object("namespaces", r -> namespaces(r, From.SAME))
            .orElse(AllowedRoutes.SAME.namespaces()),
        kinds);
  }

  /** Namespaces with the given default. */
  static Namespaces namespaces(ObjectReader reader, From missing) {
    List<String> words =
        missing == From.NONE
            ? List.of("All", "Selector", "Same", "None")
            : List.of("All", "Selector", "Same");
    From from =
        switch (Fields.word(reader, "from", words).orElse("")) {
          case "All" -> From.ALL;
          case "Selector" -> From.SELECTOR;
          case "Same" -> From.SAME;
          case "None" -> From.NONE;
          default -> missing;
        };
    return new Namespaces(from, reader.object("selector", LabelSelectorParser::parse));
  }

  private static RouteKind routeKind(ObjectReader reader) {
    Fields.require(reader, "kind", "a kind such as HTTPRoute");
    return new RouteKind(Fields.group(reader, "group"), Fields.kind(reader, "kind").orElse(""));
  }
}
