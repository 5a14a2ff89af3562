package io.meltemi.config.kind.workloadgroup;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A template for workload entries that register by themselves.
 *
 * @param labels put on every entry
 * @param annotations put on every entry, sorted by key
 * @param probe how an agent checks its workload
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/workload-group/">WorkloadGroup</a>
 */
public record WorkloadGroup(
    Labels labels, Map<String, String> annotations, WorkloadEntry template, Optional<Probe> probe) {

  /** Times in seconds; what is not written has Kubernetes' default. */
  public record Probe(
      int initialDelaySeconds,
      int timeoutSeconds,
      int periodSeconds,
      int successThreshold,
      int failureThreshold,
      Check check) {}

  /** What a probe does. */
  public sealed interface Check {
    /** Upper-case scheme; host may be empty. */
    record HttpGet(String path, int port, String host, String scheme, List<Header> headers)
        implements Check {
      public HttpGet {
        headers = List.copyOf(headers);
      }
    }

    record TcpSocket(String host, int port) implements Check {}

    record Exec(List<String> command) implements Check {
      public Exec {
        command = List.copyOf(command);
      }
    }

    record Grpc(int port, String service) implements Check {}

    /** Nothing is set: always ready. */
    record None() implements Check {}
  }

  public record Header(String name, String value) {}

  public WorkloadGroup {
    annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
  }
}
