package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import java.time.Instant;

/**
 * A resource as it was received.
 *
 * @param version as its source calls it; empty for a bootstrap's
 * @param body type and bytes
 * @param isStatic whether it stands in the bootstrap
 * @param state what became of it
 * @param error why it was refused; empty otherwise
 */
public record LoadedResource(
    String name,
    String version,
    Any body,
    Instant lastUpdated,
    boolean isStatic,
    State state,
    String error) {

  /** What became of a resource. */
  public enum State {
    ACTIVE,
    WARMING,
    REFUSED
  }

  LoadedResource in(State newState) {
    return new LoadedResource(name, version, body, lastUpdated, isStatic, newState, error);
  }
}
