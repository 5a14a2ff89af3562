package io.meltemi.proxy.rbac;

/**
 * Under which names the decisions of a filter are reported.
 *
 * @param namespace of dynamic metadata: the filter's canonical name
 * @param stats of the counters
 * @param fields of dynamic metadata
 * @param perPolicy whether each policy has counters of its own
 * @param tellsEnforced whether the outcome of the enforced rules goes to dynamic metadata too
 */
public record RbacLabels(
    String namespace, Prefixes stats, Prefixes fields, boolean perPolicy, boolean tellsEnforced) {

  /**
   * What names begin with.
   *
   * @param rules for the enforced rules; may be empty
   * @param shadow for the shadow rules; may be empty
   */
  public record Prefixes(String rules, String shadow) {}
}
