/**
 * The filter that ends a chain: sends requests to clusters, with retries, timeouts, rewrites,
 * redirects, direct responses and mirroring. Runs on the event loop of the stream. Implements
 * Envoy's {@code envoy.filters.http.router}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.router;
