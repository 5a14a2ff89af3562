/**
 * The kinds of the Kubernetes Gateway API (gateway.networking.k8s.io) and the checks that its CRDs
 * make, schema and rules. Immutable; any thread.
 *
 * @see <a href="https://gateway-api.sigs.k8s.io/reference/spec/">Gateway API</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.gatewayapi;
