package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/** Reads what all kinds of routes have. */
final class RouteParser {
  static final int RULES_MAX = 16;
  private static final int MATCHES_PER_ROUTE_MAX = 128;

  private RouteParser() {}

  /** The references to parents. */
  static List<ParentRef> parentRefs(ObjectReader spec) {
    Fields.word(spec, "useDefaultGateways", List.of("All", "None"));
    List<ParentRef> refs = spec.objects("parentRefs", RouteParser::parentRef);
    Fields.size(spec, "parentRefs", 0, 32);
    for (int i = 0; i < refs.size(); i++) {
      for (int j = 0; j < i; j++) {
        checkPair(spec, refs, i, j);
      }
    }
    return refs;
  }

  static ParentRef parentRef(ObjectReader reader) {
    return new ParentRef(
        Fields.group(reader, "group"),
        Fields.kind(reader, "kind"),
        Fields.namespace(reader),
        Fields.objectName(reader),
        Fields.sectionName(reader, "sectionName"),
        Fields.port(reader, "port"));
  }

  private static void checkPair(ObjectReader spec, List<ParentRef> refs, int i, int j) {
    ParentRef one = refs.get(i);
    ParentRef other = refs.get(j);
    if (!one.effectiveGroup().equals(other.effectiveGroup())
        || !one.effectiveKind().equals(other.effectiveKind())
        || !one.name().equals(other.name())
        || !one.namespace().equals(other.namespace())) {
      return;
    }
    if (one.sectionName().isPresent() != other.sectionName().isPresent()
        || one.port().isPresent() != other.port().isPresent()) {
      spec.error(
          "parentRefs",
          i,
          "the parent of element " + j + " with other fields",
          "sectionName, port or both in each reference to one parent");
    } else if (one.sectionName().equals(other.sectionName()) && one.port().equals(other.port())) {
      spec.error(
          "parentRefs",
          i,
          "the parent of element " + j + " again",
          "another sectionName or port in each reference to one parent");
    }
  }

  /** Rules with names of their own. */
  static <T> List<T> rules(
      ObjectReader spec,
      int min,
      int max,
      Function<ObjectReader, T> parser,
      Function<T, String> name) {
    List<T> rules = spec.objects("rules", parser);
    Fields.size(spec, "rules", min, max);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      String one = name.apply(rules.get(i));
      if (!one.isEmpty() && names.contains(one)) {
        spec.error("rules", i, "the name \"" + one + "\" again", "each rule name once");
      }
      names.add(one);
    }
    return rules;
  }

  static void checkMatchCount(ObjectReader spec, int matches) {
    if (matches > MATCHES_PER_ROUTE_MAX) {
      spec.error("rules", matches + " matches", "at most " + MATCHES_PER_ROUTE_MAX + " in a route");
    }
  }

  /** A backend that may have filters of its own. */
  static Backend backend(ObjectReader reader, HttpFilterParser filters) {
    return new Backend(backendRef(reader), weight(reader), filters.parseAll(reader));
  }

  /** A backend of connections. */
  static Backend streamBackend(ObjectReader reader) {
    return new Backend(backendRef(reader), weight(reader), List.of());
  }

  private static int weight(ObjectReader reader) {
    return reader.integer("weight", 0, 1_000_000).orElse(1);
  }

  static BackendRef backendRef(ObjectReader reader) {
    String group = Fields.group(reader, "group").orElse("");
    String kind = Fields.kind(reader, "kind").orElse("Service");
    OptionalInt port = Fields.port(reader, "port");
    if (group.isEmpty() && kind.equals("Service") && !reader.has("port")) {
      reader.error("port", "nothing", "a port of the Service");
    }
    return new BackendRef(
        new ObjectRef(group, kind, Fields.objectName(reader), Fields.namespace(reader)), port);
  }

  /** A backend reference that is required. */
  static BackendRef requiredBackendRef(ObjectReader reader) {
    Fields.require(reader, "backendRef", "a reference to a backend");
    return reader
        .object("backendRef", RouteParser::backendRef)
        .orElseGet(() -> new BackendRef(Fields.nothing(), OptionalInt.empty()));
  }

  static Optional<SessionPersistence> sessionPersistence(ObjectReader rule) {
    return rule.object("sessionPersistence", RouteParser::session);
  }

  static SessionPersistence session(ObjectReader reader) {
    boolean header =
        Fields.word(reader, "type", List.of("Cookie", "Header")).orElse("Cookie").equals("Header");
    Optional<java.time.Duration> timeout = Fields.duration(reader, "absoluteTimeout");
    Optional<String> cookie =
        reader.object(
            "cookie",
            c -> {
              boolean permanent =
                  Fields.word(c, "lifetimeType", List.of("Permanent", "Session"))
                      .orElse("Session")
                      .equals("Permanent");
              if (permanent && !reader.has("absoluteTimeout")) {
                reader.error("absoluteTimeout", "nothing", "a duration for a permanent cookie");
              }
              Fields.text(c, "path", 0, 1024);
              return Fields.token(c, "name").orElse("");
            });
    Optional<String> headerName =
        reader.object(
            "header",
            h -> {
              Fields.require(h, "name", "the name of a header");
              return Fields.token(h, "name").orElse("");
            });
    if (header) {
      Fields.require(reader, "header", "the header of type Header");
      refuse(reader, "cookie", "none for type Header");
    } else {
      Fields.require(reader, "cookie", "the cookie of type Cookie");
      refuse(reader, "header", "none for type Cookie");
    }
    return new SessionPersistence(
        header ? SessionPersistence.Type.HEADER : SessionPersistence.Type.COOKIE,
        (header ? headerName : cookie).orElse(""),
        timeout);
  }

  private static void refuse(ObjectReader reader, String field, String expected) {
    if (reader.has(field)) {
      reader.error(field, "a " + field, expected);
    }
  }
}
