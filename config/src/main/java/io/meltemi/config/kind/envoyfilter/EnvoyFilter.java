package io.meltemi.config.kind.envoyfilter;

import io.meltemi.common.labels.Labels;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.traffic.TargetRef;
import java.util.List;
import java.util.Optional;

/**
 * Changes to the configuration that is made for proxies (kind {@code EnvoyFilter}).
 *
 * @param workloadSelector unset means every proxy of the namespace, and in the root namespace of
 *     the mesh
 * @param targets in place of a selector; any of them
 * @param priority lower ones are applied first
 * @param patches in the order in which they are applied
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/envoy-filter/">EnvoyFilter</a>
 */
public record EnvoyFilter(
    Optional<Labels> workloadSelector, List<TargetRef> targets, int priority, List<Patch> patches) {

  /**
   * One change.
   *
   * @param path of the patch in the resource
   */
  public record Patch(
      String path, ApplyTo applyTo, PatchMatch match, Operation operation, Body body) {}

  /**
   * The part of a message to add or merge, as JSON.
   *
   * @param json empty for none
   * @param origin where it is written
   */
  public record Body(String json, Origin origin) {}

  /** What is changed. */
  public enum ApplyTo {
    INVALID,
    LISTENER,
    FILTER_CHAIN,
    NETWORK_FILTER,
    HTTP_FILTER,
    ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
    HTTP_ROUTE,
    CLUSTER,
    EXTENSION_CONFIG,
    BOOTSTRAP,
    LISTENER_FILTER
  }

  /** How it is changed. */
  public enum Operation {
    INVALID,
    MERGE,
    ADD,
    REMOVE,
    INSERT_BEFORE,
    INSERT_AFTER,
    INSERT_FIRST,
    REPLACE,
    MERGE_AND_REPLACE_LIST
  }

  public EnvoyFilter {
    targets = List.copyOf(targets);
    patches = List.copyOf(patches);
  }
}
