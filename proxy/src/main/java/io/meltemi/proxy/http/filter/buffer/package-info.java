/**
 * The buffer filter: a request goes on when all of it is there. Event loop of the stream.
 * Implements Envoy's {@code buffer.v3.Buffer} and {@code BufferPerRoute}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.buffer;
