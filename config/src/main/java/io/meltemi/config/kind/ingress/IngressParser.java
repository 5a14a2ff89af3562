package io.meltemi.config.kind.ingress;

import io.meltemi.config.kind.ingress.Ingress.Backend;
import io.meltemi.config.kind.ingress.Ingress.Path;
import io.meltemi.config.kind.ingress.Ingress.PathType;
import io.meltemi.config.kind.ingress.Ingress.Rule;
import io.meltemi.config.kind.ingress.Ingress.Tls;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads Ingress under the checks that the Kubernetes API makes. */
public final class IngressParser {
  private static final Backend NO_BACKEND = new Backend.ToResource("", "");

  private IngressParser() {}

  public static Ingress parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with rules or a defaultBackend");
    return document
        .object("spec", IngressParser::spec)
        .orElseGet(() -> new Ingress(Optional.empty(), Optional.empty(), List.of(), List.of()));
  }

  private static Ingress spec(ObjectReader spec) {
    if (spec.isEmpty("rules") && !spec.has("defaultBackend")) {
      spec.error("rules", "nothing", "rules, or a defaultBackend");
    }
    Optional<String> className = spec.optionalString("ingressClassName");
    if (className.isPresent() && !Names.isDnsSubdomain(className.get())) {
      spec.error("ingressClassName", '"' + className.get() + '"', "the name of an IngressClass");
    }
    return new Ingress(
        className,
        spec.object("defaultBackend", IngressParser::backend),
        spec.objects("tls", IngressParser::tls),
        spec.objects("rules", IngressParser::rule));
  }

  private static Tls tls(ObjectReader reader) {
    List<String> hosts = reader.strings("hosts");
    for (int i = 0; i < hosts.size(); i++) {
      if (!isHost(hosts.get(i))) {
        reader.error("hosts", i, '"' + hosts.get(i) + '"', "a host name, '*.' in front allowed");
      }
    }
    return new Tls(hosts, reader.string("secretName"));
  }

  private static Rule rule(ObjectReader reader) {
    String host = reader.string("host");
    if (!host.isEmpty() && (!isHost(host) || Names.isIp(host))) {
      reader.error("host", '"' + host + '"', "a host name, '*.' in front allowed, no address");
    }
    List<Path> paths =
        reader
            .object(
                "http",
                http -> {
                  if (http.isEmpty("paths")) {
                    http.error("paths", "nothing", "at least one path");
                  }
                  return http.objects("paths", IngressParser::path);
                })
            .orElse(List.of());
    return new Rule(host, paths);
  }

  private static boolean isHost(String text) {
    return Names.isDnsSubdomain(text.startsWith("*.") ? text.substring(2) : text);
  }

  private static Path path(ObjectReader reader) {
    String path = reader.string("path");
    if (!reader.has("pathType")) {
      reader.warn(
          "pathType", "nothing", "a path type; Kubernetes does not take a path without one");
    }
    String word = reader.string("pathType");
    PathType type =
        switch (word) {
          case "Exact" -> PathType.EXACT;
          case "Prefix" -> PathType.PREFIX;
          default -> PathType.IMPLEMENTATION_SPECIFIC;
        };
    if (reader.has("pathType")
        && type == PathType.IMPLEMENTATION_SPECIFIC
        && !word.equals("ImplementationSpecific")) {
      reader.error("pathType", '"' + word + '"', "Exact, Prefix or ImplementationSpecific");
    }
    if (type != PathType.IMPLEMENTATION_SPECIFIC || !path.isEmpty()) {
      checkPath(reader, path, type);
    }
    reader.require("backend", "where the path goes");
    return new Path(
        path, type, reader.object("backend", IngressParser::backend).orElse(NO_BACKEND));
  }

  private static void checkPath(ObjectReader reader, String path, PathType type) {
    if (!path.startsWith("/")) {
      reader.error("path", '"' + path + '"', "a path that begins with '/'");
    } else if (type != PathType.IMPLEMENTATION_SPECIFIC) {
      for (String part : List.of("//", "/./", "/../", "%2f", "%2F")) {
        if (path.contains(part)) {
          reader.error("path", '"' + path + '"', "a path without '" + part + "'");
        }
      }
      if (path.endsWith("/..") || path.endsWith("/.")) {
        reader.error("path", '"' + path + '"', "a path that does not end with '/.' or '/..'");
      }
    }
  }

  private static Backend backend(ObjectReader reader) {
    Optional<Backend> service = reader.object("service", IngressParser::service);
    Optional<Backend> resource =
        reader.object("resource", r -> new Backend.ToResource(r.string("kind"), r.string("name")));
    if (reader.has("service") == reader.has("resource")) {
      reader.error(
          "",
          reader.has("service") ? "service and resource" : "neither service nor resource",
          "one of them");
    }
    return service.or(() -> resource).orElse(NO_BACKEND);
  }

  private record ServicePort(OptionalInt number, String name) {}

  private static Backend service(ObjectReader reader) {
    reader.require("name", "the name of a Service");
    reader.require("port", "a port by name or number");
    ServicePort port =
        reader
            .object("port", IngressParser::port)
            .orElseGet(() -> new ServicePort(OptionalInt.empty(), ""));
    return new Backend.ToService(reader.string("name"), port.number(), port.name());
  }

  private static ServicePort port(ObjectReader reader) {
    OptionalInt number = reader.integer("number", 1, 65535);
    String name = reader.string("name");
    if (reader.has("number") == !name.isEmpty()) {
      reader.error(
          "", name.isEmpty() ? "neither name nor number" : "name and number", "one of them");
    }
    return new ServicePort(number, name);
  }
}
