package io.meltemi.config.kind.sidecar;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.sidecar.Sidecar.CaptureMode;
import io.meltemi.config.kind.sidecar.Sidecar.Egress;
import io.meltemi.config.kind.sidecar.Sidecar.EgressHost;
import io.meltemi.config.kind.sidecar.Sidecar.Ingress;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.ConnectionPool;
import io.meltemi.config.traffic.ConnectionPoolParser;
import io.meltemi.config.traffic.Hosts;
import io.meltemi.config.traffic.OutboundTrafficPolicyParser;
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
import java.util.regex.Pattern;

/** Reads Sidecar. */
public final class SidecarParser {
  private static final String UNIX = "unix://";
  private static final Pattern DEFAULT_ENDPOINT =
      Pattern.compile("(127\\.0\\.0\\.1|\\[::1\\]|0\\.0\\.0\\.0|\\[::\\]):([0-9]{1,5})");
  private static final Sidecar NOTHING =
      new Sidecar(Optional.empty(), List.of(), List.of(), Optional.empty(), Optional.empty());
  private static final Port NO_PORT = new Port(0, Protocol.UNSUPPORTED, "", OptionalInt.empty());

  private SidecarParser() {}

  public static Sidecar parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with ingress, egress or outboundTrafficPolicy");
    return document.object("spec", SidecarParser::spec).orElse(NOTHING);
  }

  private static Sidecar spec(ObjectReader reader) {
    Optional<Labels> selector = Selectors.workloads(reader, "workloadSelector", "labels", true);
    if (reader.isEmpty("ingress")
        && reader.isEmpty("egress")
        && !reader.has("outboundTrafficPolicy")
        && !reader.has("inboundConnectionPool")) {
      reader.error(
          "", "nothing set", "ingress, egress, outboundTrafficPolicy or inboundConnectionPool");
    }
    Set<Integer> ports = new HashSet<>();
    List<Ingress> ingress = reader.objects("ingress", r -> ingress(r, ports));
    return new Sidecar(
        selector,
        ingress,
        egress(reader),
        reader.object("inboundConnectionPool", ConnectionPoolParser::parse),
        reader.object("outboundTrafficPolicy", r -> OutboundTrafficPolicyParser.parse(r, false)));
  }

  private static Ingress ingress(ObjectReader reader, Set<Integer> ports) {
    reader.require("port", "an object with number and protocol");
    Port port = reader.object("port", r -> port(r, false)).orElse(NO_PORT);
    if (port.number() != 0 && !ports.add(port.number())) {
      reader.error("port", Integer.toString(port.number()), "each port of ingress once");
    }
    String bind = reader.string("bind");
    if (!bind.isEmpty() && !Names.isIp(bind)) {
      reader.error("bind", '"' + bind + '"', "an address");
    }
    String endpoint = reader.string("defaultEndpoint");
    checkEndpoint(reader, endpoint);
    Optional<ServerTls> tls = reader.object("tls", SidecarParser::tls);
    if (tls.isPresent() && !port.protocol().isTls()) {
      reader.error("tls", "tls settings with protocol " + port.protocol(), "protocol HTTPS or TLS");
    }
    Optional<ConnectionPool> pool = reader.object("connectionPool", ConnectionPoolParser::parse);
    if (pool.isPresent() && pool.get().http().isPresent() && port.protocol().isTcp()) {
      reader.warn(
          "connectionPool", "http limits on a " + port.protocol() + " port", "tcp limits only");
    }
    return new Ingress(port, bind, captureMode(reader), endpoint, tls, pool);
  }

  private static CaptureMode captureMode(ObjectReader reader) {
    return reader.enumeration("captureMode", CaptureMode.class).orElse(CaptureMode.DEFAULT);
  }

  private static Port port(ObjectReader reader, boolean zeroAllowed) {
    if (reader.has("targetPort")) {
      reader.error("targetPort", reader.written("targetPort"), "none; use defaultEndpoint");
    }
    OptionalInt number = reader.integer("number", zeroAllowed ? 0 : 1, 65535);
    if (!zeroAllowed && !reader.has("number")) {
      reader.error("number", "nothing", "a port from 1 to 65535");
    }
    String protocol = reader.string("protocol");
    Protocol parsed = Protocol.parse(protocol);
    if (!protocol.isEmpty() && parsed.isUnsupported()) {
      reader.error("protocol", '"' + protocol + '"', "a protocol such as HTTP, HTTPS, GRPC or TCP");
    }
    return new Port(number.orElse(0), parsed, reader.string("name"), OptionalInt.empty());
  }

  private static void checkEndpoint(ObjectReader reader, String endpoint) {
    if (endpoint.isEmpty()) {
      return;
    }
    if (endpoint.startsWith(UNIX)) {
      String path = endpoint.substring(UNIX.length());
      if ((!path.startsWith("/") && !path.startsWith("@")) || path.length() < 2) {
        reader.error("defaultEndpoint", '"' + endpoint + '"', "unix:// and the path of a socket");
      }
      return;
    }
    var matcher = DEFAULT_ENDPOINT.matcher(endpoint);
    int port = matcher.matches() ? Integer.parseInt(matcher.group(2)) : 0;
    if (port < 1 || port > 65535) {
      reader.error(
          "defaultEndpoint",
          '"' + endpoint + '"',
          "127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT, [::]:PORT or unix:///path");
    }
  }

  private static ServerTls tls(ObjectReader reader) {
    ServerTls tls = ServerTlsParser.parse(reader);
    switch (tls.mode()) {
      case ISTIO_MUTUAL, AUTO_PASSTHROUGH ->
          reader.error("mode", tls.mode().name(), "SIMPLE, MUTUAL or OPTIONAL_MUTUAL");
      case PASSTHROUGH, SIMPLE, MUTUAL, OPTIONAL_MUTUAL -> {}
    }
    for (String field :
        List.of(
            "httpsRedirect",
            "subjectAltNames",
            "credentialName",
            "credentialNames",
            "tlsCertificates",
            "caCertCredentialName")) {
      if (reader.has(field)) {
        reader.error(field, reader.written(field), "no such setting in a sidecar");
      }
    }
    return tls;
  }

  private static List<Egress> egress(ObjectReader reader) {
    Set<Integer> ports = new HashSet<>();
    List<Egress> egress = reader.objects("egress", r -> egress(r, ports));
    for (int i = 0; i < egress.size() - 1; i++) {
      if (egress.get(i).port().isEmpty() && egress.get(i).bind().isEmpty()) {
        reader.error("egress", i, "a listener without port", "it as the last one, and only once");
      }
    }
    return egress;
  }

  private static Egress egress(ObjectReader reader, Set<Integer> ports) {
    String bind = reader.string("bind");
    boolean unix = bind.startsWith(UNIX);
    CaptureMode capture = captureMode(reader);
    Optional<Port> port = reader.object("port", r -> port(r, unix));
    if (port.isEmpty()) {
      if (!bind.isEmpty()) {
        reader.error("bind", '"' + bind + '"', "port beside bind");
      }
    } else if (unix) {
      if (port.get().number() != 0) {
        reader.error(
            "port", "port " + port.get().number() + " with a unix bind", "no number, or 0");
      }
      if (capture == CaptureMode.IPTABLES) {
        reader.error("captureMode", "IPTABLES with a unix bind", "DEFAULT or NONE");
      }
    } else {
      if (!bind.isEmpty() && !Names.isIp(bind)) {
        reader.error("bind", '"' + bind + '"', "an address, or unix:///path");
      }
      if (port.get().number() != 0 && !ports.add(port.get().number())) {
        reader.error("port", Integer.toString(port.get().number()), "each port of egress once");
      }
    }
    return new Egress(port, bind, capture, hosts(reader));
  }

  private static List<EgressHost> hosts(ObjectReader reader) {
    List<String> written = reader.strings("hosts");
    if (reader.isEmpty("hosts")) {
      reader.error("hosts", "nothing", "at least one host, such as */* or ./*");
    }
    Set<String> seen = new HashSet<>();
    List<EgressHost> hosts = new ArrayList<>();
    boolean all = written.contains("*/*");
    for (int i = 0; i < written.size(); i++) {
      String text = written.get(i);
      int slash = text.indexOf('/');
      if (slash < 0) {
        reader.error("hosts", i, '"' + text + '"', "<namespace>/<host>, such as ./" + text);
        continue;
      }
      String namespace = text.substring(0, slash);
      String host = text.substring(slash + 1);
      boolean exclude = namespace.startsWith("~") && namespace.length() > 1;
      String named = exclude ? namespace.substring(1) : namespace;
      boolean special = named.equals("*") || named.equals(".") || named.equals("~");
      if (!special && !Names.isDnsLabel(named)) {
        reader.error("hosts", i, '"' + text + '"', "a namespace, '*', '.' or '~' before the slash");
      }
      if (!Names.isWildcardDomain(host)) {
        reader.error("hosts", i, '"' + text + '"', Hosts.EXPECTED);
      }
      if (!seen.add(text)) {
        reader.warn("hosts", i, '"' + text + '"', "each host once");
      } else if (all && !exclude && !text.equals("*/*") && !namespace.equals("~")) {
        reader.warn("hosts", i, '"' + text + '"', "no other host beside */*, which is all hosts");
      }
      hosts.add(new EgressHost(named, host, exclude));
    }
    return hosts;
  }
}
