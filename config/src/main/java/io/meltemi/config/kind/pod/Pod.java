package io.meltemi.config.kind.pod;

import java.util.List;

/** A pod and what is known of its state. */
public record Pod(PodSpec spec, Status status) {

  /**
   * State.
   *
   * @param phase {@code Pending}, {@code Running}, {@code Succeeded}, {@code Failed} or empty
   * @param ips the first is the primary one; may be empty
   * @param ready condition {@code Ready} is {@code True}
   */
  public record Status(String phase, List<String> ips, String hostIp, boolean ready) {
    public Status {
      ips = List.copyOf(ips);
    }
  }
}
