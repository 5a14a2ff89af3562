/**
 * What our control plane costs under a load of simulated sidecars, beside what the reference cost
 * under the same.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.controlplane;
