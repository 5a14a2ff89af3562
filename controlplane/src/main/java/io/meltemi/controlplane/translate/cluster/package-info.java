/**
 * Clusters for Envoy's CDS ({@code cluster.v3.Cluster}). Pure functions over immutable records; any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.cluster;
