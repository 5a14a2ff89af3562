/**
 * What the mesh knows of services and their endpoints, computed from Kubernetes Services,
 * EndpointSlices and Pods and from Istio's ServiceEntries and WorkloadEntries. The records are
 * immutable and may be read by any thread; {@link io.meltemi.controlplane.registry.ServiceRegistry}
 * is owned by the push thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.registry;
