/**
 * Role based access control: which policies of a set take a request or a connection. Policies are
 * parsed once on the configuration thread into conditions, which are compiled into sets and indexes
 * so that ten thousand policies or principals cost as much as one. Immutable; decided on any event
 * loop without allocation. Implements Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto">{@code
 * config.rbac.v3}</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.rbac;
