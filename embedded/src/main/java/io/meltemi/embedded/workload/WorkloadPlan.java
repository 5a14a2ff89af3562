package io.meltemi.embedded.workload;

import io.meltemi.common.validation.Origin;
import java.util.List;

/**
 * Everything that should run, and what stands in the way of the rest.
 *
 * @param pods in the order in which to start them
 */
public record WorkloadPlan(List<PodPlan> pods, List<Problem> problems) {
  public WorkloadPlan {
    pods = List.copyOf(pods);
    problems = List.copyOf(problems);
  }

  /** Something that a person has to put right, and where. */
  public record Problem(Origin origin, String text) {}
}
