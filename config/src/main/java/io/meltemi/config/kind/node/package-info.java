/** The Kubernetes Node (core/v1), as far as localities need it. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.node;
