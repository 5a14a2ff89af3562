package io.meltemi.embedded.workload;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.embedded.image.ImageCommand;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One pod that should run. Its name tells its content: a pod with the same name need not be
 * touched.
 *
 * @param workload the deployment, or the name of a gateway without one
 * @param role what runs beside its proxy
 */
public record PodPlan(
    ResourceName name,
    String workload,
    Labels labels,
    Map<String, String> annotations,
    PodSpec spec,
    Role role) {
  public PodPlan {
    annotations = Map.copyOf(annotations);
  }

  /** What a pod is. */
  public sealed interface Role {
    /**
     * Programs behind a sidecar.
     *
     * @param ports the ports of the pod that the sidecar serves
     */
    record Application(List<Program> programs, SortedSet<Integer> ports) implements Role {
      public Application {
        programs = List.copyOf(programs);
        ports = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(ports));
      }
    }

    /** A proxy alone. */
    record IngressGateway() implements Role {}
  }

  /**
   * A container and how its image runs here.
   *
   * @param ports the ports of the pod that this program answers, its first one first
   */
  public record Program(PodSpec.Container container, ImageCommand command, List<Integer> ports) {
    public Program {
      ports = List.copyOf(ports);
    }
  }

  public String namespace() {
    return name.namespace();
  }
}
