package io.meltemi.config.traffic;

/**
 * A resource of the own namespace that a policy is bound to instead of workloads.
 *
 * @param group empty, or {@code core}, for a Service
 */
public record TargetRef(String group, String kind, String name) {}
