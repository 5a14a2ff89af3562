/**
 * What the translations of the world into Envoy's messages share: values, names and the meaning of
 * Istio's rules that decide both routes and listeners. Pure functions over immutable records; any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate;
