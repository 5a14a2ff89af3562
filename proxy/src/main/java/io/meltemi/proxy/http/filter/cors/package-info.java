/**
 * The CORS filter: answers preflights and marks responses for browsers. Event loop of the stream.
 * Implements Envoy's {@code cors.v3.Cors} and its per-route {@code CorsPolicy}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.cors;
