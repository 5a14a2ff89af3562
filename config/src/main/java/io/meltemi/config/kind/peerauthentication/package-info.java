/** Istio's PeerAuthentication: which connections a workload takes. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.peerauthentication;
