package io.meltemi.config.resource;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import io.meltemi.config.yaml.YamlReader;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns documents into resources by their {@code apiVersion} and {@code kind}. Any thread. */
public final class ResourceDecoder {
  private static final String DEFAULT_NAMESPACE = "default";

  private static final String DRY_RUN = "istio.io/dry-run";

  /** Marks that only the platform itself may put on a resource. */
  private static final List<String> RESERVED_ANNOTATIONS =
      List.of(
          DRY_RUN,
          "internal.istio.io/parents",
          "internal.istio.io/parent-namespace",
          "internal.istio.io/webhook-always-reject");

  private final Map<String, ResourceKind<?>> kinds = new HashMap<>();

  public ResourceDecoder(List<ResourceKind<?>> kinds) {
    for (ResourceKind<?> kind : kinds) {
      this.kinds.put(kind.group() + "/" + kind.kind(), kind);
    }
  }

  /** Decodes one document; a list gives one result per item. */
  public List<Decoded> decode(YamlReader.Document document) {
    List<Decoded> results = new ArrayList<>();
    decode(document, results, true);
    return results;
  }

  private void decode(YamlReader.Document whole, List<Decoded> results, boolean listAllowed) {
    YamlNode document = whole.root();
    if (!(document instanceof YamlMap map)) {
      results.add(
          unreadable(
              document.origin(),
              "",
              document.describe(),
              "a resource with apiVersion, kind and metadata"));
      return;
    }
    String kind = text(map, "kind");
    String apiVersion = text(map, "apiVersion");
    if (kind.isEmpty() || apiVersion.isEmpty()) {
      results.add(
          unreadable(
              map.origin(),
              kind.isEmpty() ? "kind" : "apiVersion",
              "nothing",
              kind.isEmpty()
                  ? "a kind such as VirtualService"
                  : "a group and version such as networking.istio.io/v1"));
      return;
    }
    if (kind.endsWith("List") && field(map, "items") instanceof YamlList items) {
      if (!listAllowed) {
        results.add(unreadable(map.origin(), "kind", kind + " in a list", "a single resource"));
        return;
      }
      if (!whole.errors().isEmpty()) {
        results.add(new Decoded.Unreadable(map.origin(), whole.errors()));
        return;
      }
      for (YamlNode item : items.items()) {
        decode(new YamlReader.Document(item, List.of()), results, false);
      }
      return;
    }
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    ResourceKind<?> known = kinds.get(group + "/" + kind);
    results.add(
        known == null
            ? unknown(map, apiVersion, kind)
            : decode(map, whole.errors(), known, apiVersion));
  }

  private Decoded unknown(YamlMap map, String apiVersion, String kind) {
    String hint =
        kinds.values().stream()
            .filter(candidate -> candidate.kind().equalsIgnoreCase(kind))
            .findFirst()
            .map(candidate -> "; " + candidate.kind() + " is in " + candidate.apiVersion())
            .orElse("");
    String name = field(map, "metadata") instanceof YamlMap metadata ? text(metadata, "name") : "";
    return new Decoded.UnknownKind(
        map.origin(),
        new Violation(
            origin(map, "kind"),
            "kind",
            apiVersion + " " + kind + (name.isEmpty() ? "" : " " + name),
            "a kind that is understood; the resource has no effect" + hint));
  }

  private static <T> Decoded decode(
      YamlMap map, List<Violation> syntaxErrors, ResourceKind<T> kind, String apiVersion) {
    Validation.Collector problems = new Validation.Collector();
    for (Violation error : syntaxErrors) {
      problems.error(error.origin(), error.path(), error.found(), error.expected());
    }
    ObjectReader reader = reader(map, kind, problems);
    reader.ignore("apiVersion", "kind", "status");
    String version = apiVersion.substring(apiVersion.indexOf('/') + 1);
    if (!kind.versions().contains(version)) {
      reader.error(
          "apiVersion",
          apiVersion,
          "one of the versions " + String.join(", ", kind.versions()) + " of " + kind.kind());
    }
    Metadata metadata =
        reader.object("metadata", r -> metadata(r, kind)).orElseGet(() -> Metadata.of("", ""));
    if (metadata.name().isEmpty()) {
      reader.error("metadata.name", "nothing", "a name");
      return new Decoded.Unreadable(map.origin(), errors(problems));
    }
    T spec = kind.parser().parse(reader, metadata);
    reader.close();
    if (!problems.hasErrors()) {
      kind.notYetTranslated()
          .find(
              map,
              (origin, path, written) ->
                  problems.warn(
                      origin,
                      path,
                      written,
                      "no value for now: parsed and validated, not yet translated"));
    }
    Validation<Resource<T>> result =
        problems.finish(() -> new Resource<>(kind, metadata, spec, map.origin()));
    return switch (result) {
      case Validation.Valid<Resource<T>>(Resource<T> resource, List<Violation> warnings) ->
          new Decoded.Accepted(resource, warnings);
      case Validation.Invalid<Resource<T>>(List<Violation> errors, List<Violation> warnings) ->
          new Decoded.Rejected(kind, metadata.id(), map.origin(), errors, warnings);
    };
  }

  private static ObjectReader reader(
      YamlMap map, ResourceKind<?> kind, Validation.Collector problems) {
    if (kind.isIstio()) {
      return ObjectReader.of(map, problems);
    }
    return kind.isGatewayApi()
        ? ObjectReader.exact(map, problems)
        : ObjectReader.lenient(map, problems);
  }

  private static List<Violation> errors(Validation.Collector problems) {
    return problems.finish(() -> "").errors();
  }

  private static Metadata metadata(ObjectReader reader, ResourceKind<?> kind) {
    reader.ignore(
        "uid",
        "selfLink",
        "managedFields",
        "finalizers",
        "generateName",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "clusterName");
    String name = reader.string("name");
    if (!name.isEmpty() && !Names.isDnsSubdomain(name)) {
      reader.warn(
          "name",
          '"' + name + '"',
          "lower-case letters, digits, '-' and '.'; Kubernetes does not take such a name");
    }
    String namespace = reader.string("namespace");
    if (!kind.namespaced()) {
      namespace = "";
    } else if (namespace.isEmpty()) {
      namespace = DEFAULT_NAMESPACE;
    } else if (!Names.isDnsLabel(namespace)) {
      reader.error(
          "namespace",
          '"' + namespace + '"',
          "lower-case letters, digits and '-' (a DNS-1123 label)");
    }
    Map<String, String> annotations = reader.stringMap("annotations");
    if (kind.isIstio()) {
      for (String reserved : RESERVED_ANNOTATIONS) {
        boolean known = reserved.equals(DRY_RUN) && kind.kind().equals("AuthorizationPolicy");
        if (annotations.containsKey(reserved) && !known) {
          reader.error("annotations", reserved, "no such annotation on a " + kind.kind());
        }
      }
    }
    List<Metadata.Owner> owners = reader.objects("ownerReferences", ResourceDecoder::owner);
    return new Metadata(
        new ResourceName(namespace, name),
        Labels.of(labels(reader)),
        annotations,
        creationTimestamp(reader),
        reader.longInteger("generation", 0, Long.MAX_VALUE).orElse(0),
        reader.string("resourceVersion"),
        owners);
  }

  private static Map<String, String> labels(ObjectReader reader) {
    Map<String, String> labels = reader.stringMap("labels");
    labels.forEach(
        (key, value) -> {
          if (!Names.isLabelKey(key)) {
            reader.error("labels", '"' + key + '"', "a label key such as app or example.com/app");
          }
          if (!Names.isLabelValue(value)) {
            reader.error(
                "labels",
                key + ": \"" + value + '"',
                "at most 63 letters, digits and inner '-', '_' or '.'");
          }
        });
    return labels;
  }

  private static Metadata.Owner owner(ObjectReader reader) {
    reader.ignore("apiVersion", "uid", "blockOwnerDeletion");
    return new Metadata.Owner(
        reader.string("kind"), reader.string("name"), reader.bool("controller"));
  }

  private static Instant creationTimestamp(ObjectReader reader) {
    Optional<String> text = reader.optionalString("creationTimestamp");
    if (text.isEmpty()) {
      return Instant.EPOCH;
    }
    try {
      return Instant.parse(text.get());
    } catch (DateTimeException _) {
      reader.error(
          "creationTimestamp", '"' + text.get() + '"', "a time such as 2026-01-31T12:00:00Z");
      return Instant.EPOCH;
    }
  }

  private static Decoded unreadable(Origin origin, String path, String found, String expected) {
    return new Decoded.Unreadable(origin, List.of(new Violation(origin, path, found, expected)));
  }

  private static String text(YamlMap map, String name) {
    return field(map, name) instanceof YamlScalar scalar && !scalar.isNull() ? scalar.text() : "";
  }

  private static @Nullable YamlNode field(YamlMap map, String name) {
    YamlField field = map.fields().get(name);
    return field == null ? null : field.value();
  }

  private static Origin origin(YamlMap map, String name) {
    YamlNode node = field(map, name);
    return node == null ? map.origin() : node.origin();
  }
}
