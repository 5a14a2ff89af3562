/** Kubernetes labels and selectors. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.common.labels;
