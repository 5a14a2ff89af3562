/**
 * The filter that lets bodies pass at a rate, shared by all streams of a chain or route. Event loop
 * of the stream; buckets are shared by loops. Implements Envoy's {@code bandwidth_limit.v3}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.bandwidthlimit;
