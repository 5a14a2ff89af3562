/**
 * Istio's AuthorizationPolicy resource: who may do what to a workload. Immutable; any thread.
 *
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/security/authorization-policy/">AuthorizationPolicy</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.authorizationpolicy;
