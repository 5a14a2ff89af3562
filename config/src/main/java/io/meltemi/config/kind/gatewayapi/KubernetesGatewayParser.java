package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.KubernetesGateway.Address;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.FrontendValidation;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.Infrastructure;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.Tls;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads the Gateway API's Gateway. */
public final class KubernetesGatewayParser {
  private static final Pattern DOMAIN_PATH =
      Pattern.compile(
          ".*[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
              + "/[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+");
  private static final Pattern METADATA_KEY =
      Pattern.compile(
          "([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
              + "([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]");

  private KubernetesGatewayParser() {}

  public static KubernetesGateway parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with gatewayClassName and listeners");
    return document
        .object("spec", KubernetesGatewayParser::spec)
        .orElseGet(
            () ->
                new KubernetesGateway(
                    "", List.of(), List.of(), Optional.empty(), Optional.empty(), Tls.NONE));
  }

  private static KubernetesGateway spec(ObjectReader spec) {
    Fields.require(spec, "gatewayClassName", "the name of a GatewayClass, such as istio");
    Fields.word(spec, "defaultScope", List.of("All", "None"));
    List<Address> addresses = spec.objects("addresses", KubernetesGatewayParser::address);
    Fields.size(spec, "addresses", 0, 16);
    for (int i = 0; i < addresses.size(); i++) {
      Address one = addresses.get(i);
      String type = one.type().orElse("IPAddress");
      if (!one.value().isEmpty()
          && (type.equals("IPAddress") || type.equals("Hostname"))
          && addresses.subList(0, i).stream()
              .anyMatch(
                  other ->
                      other.value().equals(one.value())
                          && other.type().orElse("IPAddress").equals(type))) {
        spec.error("addresses", i, '"' + one.value() + "\" again", "each address once");
      }
    }
    return new KubernetesGateway(
        Fields.text(spec, "gatewayClassName", 1, 253).orElse(""),
        ListenerParser.parseAll(spec),
        addresses,
        spec.object("infrastructure", KubernetesGatewayParser::infrastructure),
        spec.object("allowedListeners", KubernetesGatewayParser::allowedListeners),
        spec.object("tls", KubernetesGatewayParser::tls).orElse(Tls.NONE));
  }

  private static Listener.Namespaces allowedListeners(ObjectReader reader) {
    return reader
        .object("namespaces", r -> ListenerParser.namespaces(r, Listener.From.NONE))
        .orElseGet(() -> new Listener.Namespaces(Listener.From.NONE, Optional.empty()));
  }

  private static Address address(ObjectReader reader) {
    Optional<String> type = Fields.text(reader, "type", 1, 253);
    type.ifPresent(
        text -> {
          boolean known =
              text.startsWith("Hostname")
                  || text.contains("IPAddress")
                  || text.contains("NamedAddress")
                  || DOMAIN_PATH.matcher(text).matches();
          if (!known) {
            reader.error(
                "type",
                '"' + text + '"',
                "IPAddress, Hostname, NamedAddress or a name such as example.com/type");
          }
        });
    String value = Fields.text(reader, "value", 0, 253).orElse("");
    String effective = type.orElse("IPAddress");
    if (effective.equals("IPAddress") && reader.has("value") && !Names.isIp(value)) {
      reader.error("value", '"' + value + '"', "an IPv4 or IPv6 address");
    }
    if (effective.equals("Hostname") && reader.has("value") && !Fields.isHostname(value, true)) {
      reader.error("value", '"' + value + '"', "a host name in lower case");
    }
    return new Address(type, value);
  }

  private static Infrastructure infrastructure(ObjectReader reader) {
    return new Infrastructure(
        keys(reader, "labels", 8, true),
        keys(reader, "annotations", 16, false),
        reader.object("parametersRef", Fields::explicitRef));
  }

  private static Map<String, String> keys(
      ObjectReader reader, String field, int max, boolean labels) {
    Map<String, String> map = reader.stringMap(field);
    Fields.entries(reader, field, map, max);
    map.forEach(
        (key, value) -> {
          int slash = key.indexOf('/');
          if (!METADATA_KEY.matcher(key).matches() || (slash < 0 ? key.length() : slash) >= 253) {
            reader.error(field, '"' + key + '"', "a key such as app or example.com/app");
          }
          if (labels && !Names.isLabelValue(value)) {
            reader.error(
                field,
                key + ": \"" + value + '"',
                "at most 63 letters, digits and inner '-', '_' or '.'");
          }
        });
    return map;
  }

  private static Tls tls(ObjectReader reader) {
    Optional<ObjectRef> client =
        reader
            .object("backend", backend -> backend.object("clientCertificateRef", Fields::secretRef))
            .flatMap(ref -> ref);
    return reader
        .object("frontend", frontend -> frontend(frontend, client))
        .orElseGet(() -> new Tls(client, Optional.empty(), Map.of()));
  }

  private static Tls frontend(ObjectReader reader, Optional<ObjectRef> client) {
    Fields.require(reader, "default", "the settings of ports without their own");
    Map<Integer, Optional<FrontendValidation>> perPort = new HashMap<>();
    List<Integer> ports = reader.objects("perPort", r -> port(r, perPort));
    Fields.size(reader, "perPort", 0, 64);
    Fields.each(reader, "perPort", ports);
    return new Tls(
        client,
        reader
            .object("default", KubernetesGatewayParser::validation)
            .flatMap(validation -> validation),
        perPort);
  }

  private static int port(ObjectReader reader, Map<Integer, Optional<FrontendValidation>> perPort) {
    Fields.require(reader, "port", "a port from 1 to 65535");
    Fields.require(reader, "tls", "the settings of the port");
    int port = Fields.port(reader, "port").orElse(0);
    perPort.put(
        port,
        reader
            .object("tls", KubernetesGatewayParser::validation)
            .flatMap(validation -> validation));
    return port;
  }

  private static Optional<FrontendValidation> validation(ObjectReader reader) {
    return reader.object(
        "validation",
        r -> {
          Fields.require(r, "caCertificateRefs", "at least one reference");
          List<ObjectRef> refs = r.objects("caCertificateRefs", Fields::explicitRefAnywhere);
          Fields.size(r, "caCertificateRefs", 1, 16);
          boolean fallback =
              Fields.word(r, "mode", List.of("AllowValidOnly", "AllowInsecureFallback"))
                  .orElse("AllowValidOnly")
                  .equals("AllowInsecureFallback");
          return new FrontendValidation(refs, fallback);
        });
  }
}
