/**
 * Microbenchmarks of what a control plane does for a push: making the world, resources for a view,
 * their bytes, and what differs between two groups of them. With JMH.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.translation;
