/**
 * The filter against cross-site request forgery: requests that change something must come from the
 * site itself or from one that is listed. Event loop of the stream. Implements Envoy's {@code
 * csrf.v3.CsrfPolicy}, of chains and of routes.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.csrf;
