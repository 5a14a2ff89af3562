/** The Kubernetes Ingress and IngressClass (networking.k8s.io/v1). Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.ingress;
