/**
 * HTTP on the byte level, used by both sides of the proxy, on the event loop of the connection.
 *
 * <p>HTTP/1.1: heads into header blocks and back, body framing. Implements RFC 9112 and the syntax
 * of RFC 9110, strictly: what two implementations might read differently is refused.
 *
 * <p>HTTP/2: {@link io.meltemi.proxy.codec.Http2Connection} is one connection of either role; it
 * cuts frames, keeps the HPACK tables, the windows and the table of streams. What is on a stream
 * goes through {@link io.meltemi.proxy.codec.Http2Stream}, which the user extends; what concerns
 * the connection through {@link io.meltemi.proxy.codec.Http2Listener}. Implements RFC 9113 and RFC
 * 7541; no pushes, no priorities.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.codec;
