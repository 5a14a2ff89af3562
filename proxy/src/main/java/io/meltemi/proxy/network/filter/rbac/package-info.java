/**
 * The network filter of role based access control: closes connections that its policies do not let
 * pass. Event loop of the connection. Implements Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/rbac/v3/rbac.proto">{@code
 * rbac.v3.RBAC}</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.rbac;
