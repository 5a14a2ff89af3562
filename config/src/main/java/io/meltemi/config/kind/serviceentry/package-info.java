/** Istio's ServiceEntry: services the platform does not know. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.serviceentry;
