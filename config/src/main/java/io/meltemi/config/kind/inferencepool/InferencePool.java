package io.meltemi.config.kind.inferencepool;

import io.meltemi.common.labels.Labels;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Pods that serve a model, and who picks one of them for a request. */
public record InferencePool(
    Labels selector, List<Integer> targetPorts, Optional<EndpointPicker> endpointPicker) {

  /**
   * The service to ask.
   *
   * @param group empty for the core group
   * @param failOpen true when any pod may be taken while the picker is away
   */
  public record EndpointPicker(
      String group, String kind, String name, OptionalInt port, boolean failOpen) {}

  public InferencePool {
    targetPorts = List.copyOf(targetPorts);
  }
}
