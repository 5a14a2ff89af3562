/**
 * The local rate limit filter: answers 429 to what exceeds token buckets of this proxy. Event loop
 * of the stream; the buckets are shared by all loops. Implements Envoy's {@code
 * local_ratelimit.v3.LocalRateLimit}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.localratelimit;
