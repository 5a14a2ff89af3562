package io.meltemi.config.kind.gateway;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.gateway.Gateway.Host;
import io.meltemi.config.kind.gateway.Gateway.Server;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.traffic.Port;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.config.traffic.ServerTlsParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads Gateway. */
public final class GatewayParser {
  /** Marks gateways that were made from the Gateway API, whose hosts may name no namespace. */
  private static final String SEMANTICS_ANNOTATION = "internal.istio.io/gateway-semantics";

  private static final Port NO_PORT = new Port(0, Protocol.UNSUPPORTED, "", OptionalInt.empty());

  private GatewayParser() {}

  public static Gateway parse(ObjectReader document, Metadata metadata) {
    if (!Names.isDnsLabel(metadata.name())) {
      document.error("metadata", metadata.name(), "a name without dots (a DNS-1123 label)");
    }
    document.require("spec", "an object with servers");
    boolean generated = "gateway".equals(metadata.annotations().get(SEMANTICS_ANNOTATION));
    return document
        .object("spec", spec -> spec(spec, generated))
        .orElseGet(() -> new Gateway(Labels.EMPTY, List.of()));
  }

  private static Gateway spec(ObjectReader reader, boolean generated) {
    if (reader.isEmpty("servers")) {
      reader.error("servers", "nothing", "at least one server");
    }
    Set<String> portNames = new HashSet<>();
    Set<String> names = new HashSet<>();
    List<Server> servers = reader.objects("servers", r -> server(r, generated, portNames, names));
    return new Gateway(Selectors.labels(reader, "selector"), servers);
  }

  private static Server server(
      ObjectReader reader, boolean generated, Set<String> portNames, Set<String> names) {
    String bind = reader.string("bind");
    if (!bind.isEmpty() && !bind.startsWith("unix://") && !Names.isIp(bind)) {
      reader.error("bind", '"' + bind + '"', "an address or unix:// and a path");
    }
    reader.require("port", "an object with number, name and protocol");
    boolean unix = bind.startsWith("unix://");
    Port port = reader.object("port", r -> port(r, unix, portNames)).orElse(NO_PORT);
    Optional<ServerTls> tls = reader.object("tls", ServerTlsParser::parse);
    String name = reader.string("name");
    if (!name.isEmpty() && !names.add(name)) {
      reader.error("name", '"' + name + '"', "each server name once");
    }
    checkTls(reader, port.protocol(), tls);
    return new Server(
        port, bind, hosts(reader, generated), tls, name, reader.string("defaultEndpoint"));
  }

  private static Port port(ObjectReader reader, boolean unix, Set<String> portNames) {
    if (reader.has("targetPort")) {
      reader.error(
          "targetPort", reader.written("targetPort"), "none; the gateway's Service tells it");
    }
    OptionalInt number = reader.integer("number", unix ? 0 : 1, 65535);
    if (number.isEmpty() && !reader.has("number") && !unix) {
      reader.error("number", "nothing", "a port from 1 to 65535");
    }
    String name = reader.string("name");
    if (name.isEmpty()) {
      reader.error("name", "nothing", "a name, unique within the gateway");
    } else if (!portNames.add(name)) {
      reader.error("name", '"' + name + '"', "each port name once");
    }
    String protocol = reader.string("protocol");
    Protocol parsed = Protocol.parse(protocol);
    if (parsed.isUnsupported()) {
      reader.error(
          "protocol",
          protocol.isEmpty() ? "nothing" : '"' + protocol + '"',
          "one of HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, REDIS, MYSQL, TCP, TLS");
    }
    return new Port(number.orElse(0), parsed, name, OptionalInt.empty());
  }

  private static void checkTls(ObjectReader reader, Protocol protocol, Optional<ServerTls> tls) {
    if (protocol.isTls()) {
      if (tls.isEmpty()) {
        reader.error("tls", "nothing", "tls settings for a port of protocol " + protocol);
      } else if (tls.get().httpsRedirect()) {
        reader.warn("tls", "httpsRedirect on a TLS port", "httpsRedirect only on HTTP servers");
      }
    } else if (tls.isPresent() && !tls.get().httpsRedirect() && !protocol.isUnsupported()) {
      reader.error(
          "tls",
          "tls settings on a plain-text port",
          "protocol HTTPS or TLS, or only httpsRedirect");
    }
  }

  private static List<Host> hosts(ObjectReader reader, boolean generated) {
    List<String> written = reader.strings("hosts");
    if (reader.isEmpty("hosts")) {
      reader.error("hosts", "nothing", "at least one host, such as '*'");
    }
    List<Host> hosts = new ArrayList<>();
    for (int i = 0; i < written.size(); i++) {
      String text = written.get(i);
      int slash = text.indexOf('/');
      String namespace = slash < 0 ? "*" : text.substring(0, slash);
      String host = text.substring(slash + 1);
      boolean special =
          namespace.equals("*") || namespace.equals(".") || (generated && namespace.equals("~"));
      if (!special && !Names.isDnsLabel(namespace)) {
        reader.error("hosts", i, '"' + text + '"', "a namespace, '*' or '.' before the slash");
      }
      if (!Names.isWildcardDomain(host) && !Names.isIp(host)) {
        reader.error("hosts", i, '"' + text + '"', Hosts.EXPECTED);
      }
      hosts.add(new Host(namespace, host));
    }
    return hosts;
  }
}
