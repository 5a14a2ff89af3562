/**
 * The HTTP filter of role based access control: answers 403 to what its policies do not let pass.
 * Event loop of the stream. Implements Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/rbac/v3/rbac.proto">{@code
 * rbac.v3.RBAC}</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.rbac;
