/** Istio's WorkloadGroup: a template of workload entries. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.workloadgroup;
