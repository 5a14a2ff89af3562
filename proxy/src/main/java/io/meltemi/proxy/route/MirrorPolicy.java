package io.meltemi.proxy.route;

import io.meltemi.proxy.matcher.Fraction;

/**
 * Copies of requests sent to another cluster, whose answers are dropped.
 *
 * @param cluster {@link ClusterSpecifier.Single} or {@link ClusterSpecifier.FromHeader}
 * @param share of the requests that are copied
 * @param hostSuffix whether the copy's authority gets {@code -shadow} behind its host
 */
public record MirrorPolicy(ClusterSpecifier cluster, Fraction share, boolean hostSuffix) {}
