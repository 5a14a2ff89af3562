/**
 * Mesh-wide settings (Istio's MeshConfig and ProxyConfig messages) with Istio's defaults.
 * Immutable; any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.mesh;
