package io.meltemi.config.traffic;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Map;
import java.util.Optional;

/** Label sets and the selectors over workloads. */
public final class Selectors {
  private Selectors() {}

  /** Reads labels under Kubernetes' syntax. */
  public static Labels labels(ObjectReader reader, String field) {
    Map<String, String> labels = reader.stringMap(field);
    labels.forEach(
        (key, value) -> {
          if (!Names.isLabelKey(key)) {
            reader.error(field, '"' + key + '"', "a label key such as app or example.com/app");
          }
          if (!Names.isLabelValue(value)) {
            reader.error(
                field,
                key + ": \"" + value + '"',
                "at most 63 letters, digits and inner '-', '_' or '.'");
          }
        });
    return Labels.of(labels);
  }

  /**
   * Reads a workload selector.
   *
   * @param field the selector's field
   * @param labelsField {@code labels} or {@code matchLabels}
   * @param warnEmpty whether a selector without labels is doubtful
   */
  public static Optional<Labels> workloads(
      ObjectReader reader, String field, String labelsField, boolean warnEmpty) {
    return reader.object(field, selector -> workloads(selector, labelsField, warnEmpty));
  }

  private static Labels workloads(ObjectReader reader, String labelsField, boolean warnEmpty) {
    Map<String, String> labels = reader.stringMap(labelsField);
    if (labels.isEmpty() && warnEmpty) {
      reader.warn(
          "",
          "a selector without labels",
          labelsField + "; every workload of the namespace is meant");
    }
    labels.forEach(
        (key, value) -> {
          if (key.isEmpty()) {
            reader.error(labelsField, "an empty key", "a label key such as app");
          }
          if (key.contains("*") || value.contains("*")) {
            reader.error(
                labelsField,
                key + ": " + value,
                "plain values; wildcards do not work in selectors");
          }
        });
    return Labels.of(labels);
  }
}
