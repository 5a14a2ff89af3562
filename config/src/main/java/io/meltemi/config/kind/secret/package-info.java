/** The Kubernetes Secret (core/v1), whose values are never printed. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.secret;
