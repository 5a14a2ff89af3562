package io.meltemi.config.kind.peerauthentication;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication.Mode;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads PeerAuthentication. */
public final class PeerAuthenticationParser {
  private static final int PORT_MAX = 65_535;

  private PeerAuthenticationParser() {}

  public static PeerAuthentication parse(ObjectReader document, Metadata metadata) {
    return document
        .object("spec", PeerAuthenticationParser::spec)
        .orElseGet(() -> new PeerAuthentication(Optional.empty(), Mode.UNSET, Map.of()));
  }

  private static PeerAuthentication spec(ObjectReader reader) {
    Optional<Labels> selector = Selectors.workloads(reader, "selector", "matchLabels", false);
    Map<Integer, Mode> ports = new TreeMap<>();
    reader
        .objectMap("portLevelMtls", PeerAuthenticationParser::mode)
        .forEach((port, mode) -> port(reader, port).ifPresent(number -> ports.put(number, mode)));
    if (!ports.isEmpty() && selector.filter(labels -> !labels.isEmpty()).isEmpty()) {
      reader.error(
          "portLevelMtls", reader.written("portLevelMtls"), "a selector with labels beside it");
    }
    if (ports.isEmpty() && reader.has("portLevelMtls")) {
      reader.error("portLevelMtls", "no port", "at least one port, or no portLevelMtls");
    }
    return new PeerAuthentication(
        selector.filter(labels -> !labels.isEmpty()),
        reader.object("mtls", PeerAuthenticationParser::mode).orElse(Mode.UNSET),
        ports);
  }

  private static Mode mode(ObjectReader reader) {
    return reader.enumeration("mode", Mode.class).orElse(Mode.UNSET);
  }

  private static Optional<Integer> port(ObjectReader reader, String written) {
    try {
      int port = Integer.parseInt(written);
      if (port >= 1 && port <= PORT_MAX) {
        return Optional.of(port);
      }
    } catch (NumberFormatException _) {
      // reported below, with the numbers out of range
    }
    reader.error("portLevelMtls", '"' + written + '"', "ports from 1 to 65535 as names");
    return Optional.empty();
  }
}
