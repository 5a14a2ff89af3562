package io.meltemi.controlplane.deployment;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway.Infrastructure;
import io.meltemi.config.kind.gatewayapi.ObjectRef;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import io.meltemi.config.yaml.YamlReader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What people lay over the objects of a gateway: ConfigMaps with a patch per object, those of its
 * class first, then the one that {@code infrastructure.parametersRef} names.
 */
final class Overlays {
  private static final String CLASS_DEFAULTS = "gateway.istio.io/defaults-for-class";
  private static final Map<String, String> KEYS =
      Map.of(
          "Deployment", "deployment",
          "Service", "service",
          "ServiceAccount", "serviceAccount",
          "HorizontalPodAutoscaler", "horizontalPodAutoscaler",
          "PodDisruptionBudget", "podDisruptionBudget");

  /** Made only where an overlay asks for them. */
  private static final List<String> ON_DEMAND =
      List.of("HorizontalPodAutoscaler", "PodDisruptionBudget");

  private static final List<String> FIXED =
      List.of("name", "generateName", "namespace", "uid", "ownerReferences", "finalizers");

  private final List<Resource<ConfigMap>> maps;

  private Overlays(List<Resource<ConfigMap>> maps) {
    this.maps = maps;
  }

  static Overlays of(
      Resource<KubernetesGateway> gateway, ConfigSnapshot snapshot, String rootNamespace) {
    List<Resource<ConfigMap>> maps = new ArrayList<>();
    String className = gateway.spec().gatewayClassName();
    snapshot.list(Kinds.CONFIG_MAP).stream()
        .filter(map -> map.namespace().equals(rootNamespace))
        .filter(map -> className.equals(map.metadata().labels().values().get(CLASS_DEFAULTS)))
        .findFirst()
        .ifPresent(maps::add);
    Optional<ObjectRef> parameters =
        gateway.spec().infrastructure().flatMap(Infrastructure::parametersRef);
    parameters.ifPresent(ref -> maps.add(parameters(ref, gateway.namespace(), snapshot)));
    for (Resource<ConfigMap> map : maps) {
      for (String key : map.spec().data().keySet()) {
        if (!KEYS.containsValue(key)) {
          throw new IllegalArgumentException(
              map + ": unsupported overlay \"" + key + "\" (supported: " + supported() + ")");
        }
      }
    }
    return new Overlays(maps);
  }

  private static Resource<ConfigMap> parameters(
      ObjectRef ref, String namespace, ConfigSnapshot snapshot) {
    if (!ref.is("", "ConfigMap")) {
      throw new IllegalArgumentException(
          "unknown infrastructure parameters type " + ref.group() + "/" + ref.kind());
    }
    return snapshot
        .get(Kinds.CONFIG_MAP, new ResourceName(namespace, ref.name()))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "parametersRef targeting configmap \""
                        + namespace
                        + "/"
                        + ref.name()
                        + "\", but configmap does not exist"));
  }

  private static String supported() {
    return String.join(", ", new TreeSet<>(KEYS.values()));
  }

  /** The object with what is laid over it; empty when nobody asked for it. */
  Optional<Manifest> over(Manifest manifest) {
    String key = Objects.requireNonNull(KEYS.get(manifest.kind()), "a kind that is made here");
    Map<String, Object> content = manifest.content();
    boolean wanted = !ON_DEMAND.contains(manifest.kind());
    for (Resource<ConfigMap> map : maps) {
      String text = map.spec().data().get(key);
      if (text != null) {
        content = StrategicMerge.merge(content, patch(text, map, key));
        wanted = true;
      }
    }
    Map<?, ?> before = (Map<?, ?>) Objects.requireNonNull(manifest.content().get("metadata"));
    Object after = content.get("metadata");
    for (String field : FIXED) {
      if (!(after instanceof Map<?, ?> metadata)
          || !Objects.equals(before.get(field), metadata.get(field))) {
        throw new IllegalArgumentException("illegal change of metadata." + field + " by " + key);
      }
    }
    return wanted
        ? Optional.of(new Manifest(manifest.kind(), manifest.id(), content))
        : Optional.empty();
  }

  private static Map<?, ?> patch(String text, Resource<ConfigMap> map, String key) {
    YamlReader.Result read = YamlReader.read(text, map + "/" + key, YamlLimits.DEFAULT);
    if (!read.allErrors().isEmpty()) {
      throw new IllegalArgumentException(read.allErrors().getFirst().toString());
    }
    if (read.documents().isEmpty()) {
      return Map.of();
    }
    if (value(read.documents().getFirst().root()) instanceof Map<?, ?> patch) {
      return patch;
    }
    throw new IllegalArgumentException(map + ": " + key + " is no object");
  }

  private static @Nullable Object value(YamlNode node) {
    return switch (node) {
      case YamlMap map -> {
        Map<String, Object> fields = new LinkedHashMap<>();
        map.fields().forEach((name, field) -> fields.put(name, value(field.value())));
        yield fields;
      }
      case YamlList list -> {
        List<Object> items = new ArrayList<>();
        list.items().forEach(item -> items.add(value(item)));
        yield items;
      }
      case YamlScalar scalar -> scalar(scalar);
    };
  }

  private static @Nullable Object scalar(YamlScalar scalar) {
    return switch (scalar.type()) {
      case NULL -> null;
      case STRING -> scalar.text();
      case BOOLEAN -> "tToOyY".indexOf(scalar.text().charAt(0)) >= 0 && !isOff(scalar.text());
      case INTEGER, FLOAT -> {
        try {
          yield new BigDecimal(scalar.text());
        } catch (NumberFormatException _) {
          yield scalar.text();
        }
      }
    };
  }

  private static boolean isOff(String text) {
    return text.equalsIgnoreCase("off");
  }
}
