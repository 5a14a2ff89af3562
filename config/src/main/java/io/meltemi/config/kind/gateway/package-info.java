/** Istio's Gateway: servers at the edge of the mesh. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.gateway;
