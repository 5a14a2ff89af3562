/** Istio's VirtualService: how requests for a host are routed. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.virtualservice;
