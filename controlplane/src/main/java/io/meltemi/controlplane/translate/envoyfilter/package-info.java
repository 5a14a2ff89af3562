/**
 * Changes that people make to generated configuration (Istio's EnvoyFilter), applied to the
 * messages after they were made. Pure functions over immutable records; any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.envoyfilter;
