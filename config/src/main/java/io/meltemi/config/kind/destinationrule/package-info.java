/** Istio's DestinationRule: policies and subsets of a destination. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.destinationrule;
