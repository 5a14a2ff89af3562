/** The Kubernetes Service (core/v1), as far as a mesh reads it. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.service;
