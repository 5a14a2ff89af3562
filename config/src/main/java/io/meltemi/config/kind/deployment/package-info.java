/** The Kubernetes Deployment (apps/v1), as far as a mesh reads it. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.deployment;
