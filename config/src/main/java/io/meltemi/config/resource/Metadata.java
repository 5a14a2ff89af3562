package io.meltemi.config.resource;

import io.meltemi.common.labels.Labels;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Kubernetes object metadata, as far as a mesh reads it.
 *
 * @param id namespace and name
 * @param annotations sorted by key
 * @param creationTimestamp {@link Instant#EPOCH} when not written, which makes the resource the
 *     oldest
 * @param generation 0 when not written
 * @param resourceVersion empty when not written
 * @param owners {@code ownerReferences}, in order
 */
public record Metadata(
    ResourceName id,
    Labels labels,
    Map<String, String> annotations,
    Instant creationTimestamp,
    long generation,
    String resourceVersion,
    List<Owner> owners) {

  /** An owner reference; {@code controller} marks the managing one. */
  public record Owner(String kind, String name, boolean controller) {}

  public Metadata {
    annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
    owners = List.copyOf(owners);
  }

  /** Only a name, everything else unset. */
  public static Metadata of(String namespace, String name) {
    return of(namespace, name, Labels.EMPTY);
  }

  /** A name and labels, everything else unset. */
  public static Metadata of(String namespace, String name, Labels labels) {
    return new Metadata(
        new ResourceName(namespace, name), labels, Map.of(), Instant.EPOCH, 0, "", List.of());
  }

  public String namespace() {
    return id.namespace();
  }

  public String name() {
    return id.name();
  }
}
