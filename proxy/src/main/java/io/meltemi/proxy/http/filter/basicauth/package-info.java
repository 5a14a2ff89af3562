/**
 * The basic authentication filter: asks for a user's name and password (RFC 7617). Event loop of
 * the stream. Implements Envoy's {@code basic_auth.v3.BasicAuth} and {@code BasicAuthPerRoute}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.basicauth;
