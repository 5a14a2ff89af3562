/**
 * The JWT filter: lets requests pass whose tokens its providers vouch for (RFC 7519, RFC 7517).
 * Event loop of the stream; key sets are shared by all loops. Implements Envoy's {@code
 * jwt_authn.v3.JwtAuthentication} and {@code PerRouteConfig}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.jwtauthn;
