package io.meltemi.config.kind.envoyfilter;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.ApplyTo;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Body;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Operation;
import io.meltemi.config.kind.envoyfilter.EnvoyFilter.Patch;
import io.meltemi.config.kind.envoyfilter.PatchMatch.Context;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.traffic.TargetRef;
import io.meltemi.config.traffic.TargetRefParser;
import io.meltemi.config.yaml.JsonText;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads EnvoyFilter. Bodies of patches are read by whoever knows Envoy's messages. */
public final class EnvoyFilterParser {
  private static final int PORT_MAX = 65_535;
  private static final int VERSION_CHARS_MAX = 1_024;
  private static final String HTTP_CONNECTION_MANAGER =
      "envoy.filters.network.http_connection_manager";

  private static final Set<String> TYPED =
      Set.of("typedConfig", "typed_config", "configDiscovery", "config_discovery");

  /** Such as envoy.router, before filters were named by their families. */
  private static final Pattern DEPRECATED_NAME = Pattern.compile("envoy\\.[a-z_]+");

  private static final Pattern V2 =
      Pattern.compile("type\\.googleapis\\.com/envoy\\.(.*\\.)?v2(alpha[0-9]*)?\\..*");

  private EnvoyFilterParser() {}

  public static EnvoyFilter parse(ObjectReader document, Metadata metadata) {
    return document
        .object("spec", EnvoyFilterParser::spec)
        .orElseGet(() -> new EnvoyFilter(Optional.empty(), List.of(), 0, List.of()));
  }

  private static EnvoyFilter spec(ObjectReader reader) {
    Optional<Labels> selector = Selectors.workloads(reader, "workloadSelector", "labels", true);
    List<TargetRef> targets = reader.objects("targetRefs", EnvoyFilterParser::target);
    if (selector.isPresent() && !targets.isEmpty()) {
      reader.error("targetRefs", "targetRefs beside workloadSelector", "one of the two");
    }
    if (targets.size() > TargetRefParser.TARGETS_MAX) {
      reader.error(
          "targetRefs", targets.size() + " targets", "at most " + TargetRefParser.TARGETS_MAX);
    }
    return new EnvoyFilter(
        selector,
        targets,
        (int) reader.longInteger("priority", Integer.MIN_VALUE, Integer.MAX_VALUE).orElse(0),
        reader.objects("configPatches", EnvoyFilterParser::patch));
  }

  private static TargetRef target(ObjectReader reader) {
    reader.require("kind", "a kind such as Gateway");
    reader.require("name", "the name of a resource");
    TargetRefParser.checkNamespace(reader);
    if (!reader.string("kind").isEmpty()) {
      TargetRefParser.checkKind(reader);
    }
    return TargetRefParser.of(reader);
  }

  private static Patch patch(ObjectReader reader) {
    ApplyTo applyTo = reader.enumeration("applyTo", ApplyTo.class).orElse(ApplyTo.INVALID);
    if (applyTo == ApplyTo.INVALID && !reader.has("applyTo")) {
      reader.error("applyTo", "nothing", "what to change, such as HTTP_FILTER");
    } else if (applyTo == ApplyTo.BOOTSTRAP) {
      reader.warn("applyTo", "BOOTSTRAP", "no BOOTSTRAP, which is not applied any more");
    }
    PatchMatch match = reader.object("match", r -> match(r, applyTo)).orElse(PatchMatch.ANY);
    reader.require("patch", "an object with operation and value");
    Change change =
        reader
            .object("patch", r -> change(r, applyTo))
            .orElseGet(() -> new Change(Operation.INVALID, new Body("", reader.origin())));
    return new Patch(reader.path(""), applyTo, match, change.operation(), change.body());
  }

  private record Change(Operation operation, Body body) {}

  private static Change change(ObjectReader reader, ApplyTo applyTo) {
    Operation operation =
        reader.enumeration("operation", Operation.class).orElse(Operation.INVALID);
    if (operation == Operation.INVALID && !reader.has("operation")) {
      reader.error("operation", "nothing", "what to do, such as MERGE");
    } else if (!isDone(operation, applyTo)) {
      reader.warn("operation", operation.name(), "another for " + applyTo + "; this has no effect");
    }
    // where a filter without a place is added is decided by the operation alone
    reader.ignore("filterClass");
    Optional<String> json = reader.node("value").map(JsonText::of);
    if (json.isEmpty() && operation != Operation.REMOVE) {
      reader.error("value", "nothing", "the part to add or merge");
    }
    switch (applyTo) {
      case NETWORK_FILTER, HTTP_FILTER, LISTENER_FILTER -> checkFilter(reader, operation);
      default -> {}
    }
    return new Change(operation, new Body(json.orElse(""), reader.origin("value")));
  }

  /** False for an operation that Istio passes over. */
  private static boolean isDone(Operation operation, ApplyTo applyTo) {
    return switch (applyTo) {
      case ROUTE_CONFIGURATION ->
          operation == Operation.MERGE || operation == Operation.MERGE_AND_REPLACE_LIST;
      case EXTENSION_CONFIG -> operation == Operation.ADD;
      case INVALID, NETWORK_FILTER, HTTP_FILTER, LISTENER_FILTER -> true;
      default -> operation != Operation.REPLACE;
    };
  }

  /** Filters are known by the type of their configuration; names alone tell nothing. */
  private static void checkFilter(ObjectReader reader, Operation operation) {
    reader.node("value").ifPresent(value -> checkTypes(reader, value));
    if (!(reader.node("value").orElse(null) instanceof YamlMap filter)) {
      return;
    }
    boolean whole =
        switch (operation) {
          case ADD, INSERT_BEFORE, INSERT_AFTER, INSERT_FIRST, REPLACE -> true;
          case INVALID, MERGE, REMOVE, MERGE_AND_REPLACE_LIST -> false;
        };
    boolean typed = filter.fields().keySet().stream().anyMatch(TYPED::contains);
    if (whole && !typed) {
      reader.warn("value", "a filter by name alone", "typed_config with an @type");
    }
    YamlField name = filter.fields().get("name");
    if (name != null && name.value() instanceof YamlScalar text) {
      checkName(reader, "value", text.text());
    }
  }

  private static void checkTypes(ObjectReader reader, YamlNode node) {
    switch (node) {
      case YamlMap map ->
          map.fields()
              .forEach(
                  (name, field) -> {
                    if (name.equals("@type")
                        && field.value() instanceof YamlScalar type
                        && V2.matcher(type.text()).matches()) {
                      reader.error("value", '"' + type.text() + '"', "a type of Envoy's API v3");
                    }
                    checkTypes(reader, field.value());
                  });
      case YamlList list -> list.items().forEach(item -> checkTypes(reader, item));
      case YamlScalar _ -> {}
    }
  }

  private static void checkName(ObjectReader reader, String field, String name) {
    if (DEPRECATED_NAME.matcher(name).matches()) {
      reader.warn(
          field,
          '"' + name + '"',
          "the name of today, such as " + HTTP_CONNECTION_MANAGER + "; this is deprecated");
    }
  }

  private static PatchMatch match(ObjectReader reader, ApplyTo applyTo) {
    Context context = reader.enumeration("context", Context.class).orElse(Context.ANY);
    boolean listenerClass =
        switch (applyTo) {
          case LISTENER, FILTER_CHAIN, NETWORK_FILTER, HTTP_FILTER, LISTENER_FILTER -> true;
          default -> false;
        };
    boolean routeClass =
        applyTo == ApplyTo.ROUTE_CONFIGURATION
            || applyTo == ApplyTo.VIRTUAL_HOST
            || applyTo == ApplyTo.HTTP_ROUTE;
    only(reader, "listener", listenerClass, applyTo);
    only(reader, "routeConfiguration", routeClass, applyTo);
    only(reader, "cluster", applyTo == ApplyTo.CLUSTER, applyTo);
    boolean waypoint = context == Context.WAYPOINT;
    if (waypoint != reader.has("waypoint")
        || (waypoint
            && (reader.has("listener")
                || reader.has("routeConfiguration")
                || reader.has("cluster")))) {
      reader.error(
          "",
          waypoint ? "context WAYPOINT" : reader.written("waypoint"),
          "a waypoint match if and only if the context is WAYPOINT");
    }
    reader.object("waypoint", EnvoyFilterParser::waypoint);
    Proxy proxy = reader.object("proxy", EnvoyFilterParser::proxy).orElse(new Proxy("", Map.of()));
    return new PatchMatch(
        context,
        proxy.version(),
        proxy.metadata(),
        reader.object("listener", r -> listener(r, applyTo)),
        reader.object("routeConfiguration", EnvoyFilterParser::routes),
        reader.object(
            "cluster",
            r ->
                new PatchMatch.OfCluster(
                    port(r, "portNumber"),
                    r.string("service"),
                    r.string("subset"),
                    r.string("name"))));
  }

  private static void only(ObjectReader reader, String field, boolean allowed, ApplyTo applyTo) {
    if (!allowed && applyTo != ApplyTo.INVALID && reader.has(field)) {
      reader.error(field, reader.written(field), "a match that fits applyTo " + applyTo);
    }
  }

  private static ObjectReader waypoint(ObjectReader reader) {
    port(reader, "portNumber");
    reader.object("filter", EnvoyFilterParser::filter);
    reader.object("route", r -> r.string("name"));
    return reader;
  }

  private record Proxy(String version, Map<String, String> metadata) {}

  private static Proxy proxy(ObjectReader reader) {
    String version = reader.string("proxyVersion");
    if (version.length() > VERSION_CHARS_MAX) {
      reader.error("proxyVersion", version.length() + " characters", "at most 1024");
    } else {
      try {
        Pattern.compile(version);
      } catch (PatternSyntaxException e) {
        reader.error("proxyVersion", '"' + version + '"', "an RE2 expression: " + e.getMessage());
      }
    }
    return new Proxy(version, reader.stringMap("metadata"));
  }

  private static PatchMatch.OfListener listener(ObjectReader reader, ApplyTo applyTo) {
    reader.ignore("portName");
    return new PatchMatch.OfListener(
        port(reader, "portNumber"),
        reader.string("name"),
        reader.string("listenerFilter"),
        reader.object("filterChain", r -> chain(r, applyTo)));
  }

  private record Filter(String name, String subFilter) {}

  private static Filter filter(ObjectReader reader) {
    checkName(reader, "name", reader.string("name"));
    return new Filter(
        reader.string("name"), reader.object("subFilter", r -> r.string("name")).orElse(""));
  }

  private static PatchMatch.OfChain chain(ObjectReader reader, ApplyTo applyTo) {
    if (reader.has("filter")
        && applyTo != ApplyTo.NETWORK_FILTER
        && applyTo != ApplyTo.HTTP_FILTER) {
      reader.error(
          "filter",
          reader.written("filter"),
          "none unless applyTo is NETWORK_FILTER or HTTP_FILTER");
    }
    reader.ignore("transportSocket");
    Filter filter =
        reader.object("filter", EnvoyFilterParser::filter).orElseGet(() -> new Filter("", ""));
    if (!filter.subFilter().isEmpty()
        && (applyTo != ApplyTo.HTTP_FILTER || !filter.name().equals(HTTP_CONNECTION_MANAGER))) {
      reader.error(
          "filter",
          "a subFilter",
          "none unless applyTo is HTTP_FILTER and the filter is " + HTTP_CONNECTION_MANAGER);
    }
    String protocols = reader.string("applicationProtocols");
    return new PatchMatch.OfChain(
        reader.string("name"),
        reader.string("sni"),
        reader.string("transportProtocol"),
        protocols.isEmpty()
            ? List.of()
            : Arrays.stream(protocols.split(",")).map(String::strip).toList(),
        port(reader, "destinationPort"),
        filter.name(),
        filter.subFilter());
  }

  private static PatchMatch.OfRoutes routes(ObjectReader reader) {
    return new PatchMatch.OfRoutes(
        port(reader, "portNumber"),
        reader.string("portName"),
        reader.string("gateway"),
        reader.string("name"),
        reader.object("vhost", EnvoyFilterParser::virtualHost));
  }

  private static PatchMatch.OfVirtualHost virtualHost(ObjectReader reader) {
    return new PatchMatch.OfVirtualHost(
        reader.string("name"),
        reader.string("domainName"),
        reader.object(
            "route",
            r ->
                new PatchMatch.OfRoute(
                    r.string("name"),
                    r.enumeration("action", PatchMatch.OfRoute.Action.class)
                        .orElse(PatchMatch.OfRoute.Action.ANY))));
  }

  private static int port(ObjectReader reader, String field) {
    return reader.integer(field, 0, PORT_MAX).orElse(0);
  }
}
