/**
 * The rate limit filter: asks a service whether a request is within its limits. Event loop of the
 * stream. Implements Envoy's {@code ratelimit.v3.RateLimit} and {@code RateLimitPerRoute}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.ratelimit;
