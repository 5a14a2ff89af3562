/**
 * The filter that changes headers and trailers of both directions by lists of mutations. Event loop
 * of the stream. Implements Envoy's {@code header_mutation.v3}, of chains and of routes.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.headermutation;
