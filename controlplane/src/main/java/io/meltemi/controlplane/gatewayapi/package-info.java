/**
 * The Kubernetes Gateway API and Ingress as the Istio resources that say the same, with the status
 * that each of their objects gets. Pure functions of a snapshot and the services; any thread.
 *
 * @see <a href="https://gateway-api.sigs.k8s.io/">Gateway API</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.gatewayapi;
