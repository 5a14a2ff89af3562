/** Istio's Sidecar: what one workload's proxy listens on and can reach. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.sidecar;
