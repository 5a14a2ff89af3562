/**
 * What a person or a tool may ask a running control plane: readiness, metrics under Istio's names,
 * and its state as JSON. Answered on virtual threads; state is read on the push thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.debug;
