/**
 * AuthorizationPolicies as RBAC filters of Envoy (rbac.v3), for requests and for connections. Any
 * thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.authz;
