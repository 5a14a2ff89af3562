/** Istio's WorkloadEntry: one endpoint outside the platform. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.workloadentry;
