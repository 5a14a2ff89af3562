/**
 * Endpoints for Envoy's EDS ({@code ClusterLoadAssignment}). Pure functions over immutable records;
 * any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.endpoint;
