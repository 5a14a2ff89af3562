package io.meltemi.proxy.rbac;

/**
 * Under which names the decisions of a filter are reported.
 *
 * @param namespace of dynamic metadata: the filter's canonical name
 * @param rulesPrefix of the stats and fields of the enforced rules; may be empty
 * @param shadowPrefix of those of the shadow rules; may be empty
 * @param perPolicy whether each policy has stats of its own
 */
public record RbacLabels(
    String namespace, String rulesPrefix, String shadowPrefix, boolean perPolicy) {}
