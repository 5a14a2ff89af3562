/** The Kubernetes Namespace (core/v1). Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.namespace;
