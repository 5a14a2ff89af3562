/** The Kubernetes ServiceAccount (core/v1). Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.serviceaccount;
