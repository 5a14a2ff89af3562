/**
 * RDS: from virtual services, services and gateways to Envoy's route configurations (Istio's {@code
 * VirtualService} page is the specification). Pure functions of one proxy and one push context; any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.route;
