package io.meltemi.config.kind.deployment;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.pod.PodSpec;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A number of equal pods.
 *
 * @param replicas 1 when not written
 * @param selector {@code matchLabels}
 */
public record Deployment(int replicas, Labels selector, Template template) {

  /** Labels, annotations and containers of the pods. */
  public record Template(Labels labels, Map<String, String> annotations, PodSpec spec) {
    public Template {
      annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
    }
  }
}
