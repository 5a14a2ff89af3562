/**
 * Pieces of Istio traffic configuration that several kinds share, such as connection pools.
 * Immutable; any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.traffic;
