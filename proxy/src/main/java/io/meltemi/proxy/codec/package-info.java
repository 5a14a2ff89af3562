/**
 * HTTP/1.1 on the byte level: heads into header blocks and back, body framing. Used by both sides
 * of the proxy, on the event loop of the connection. Implements RFC 9112 and the syntax of RFC
 * 9110, strictly: what two implementations might read differently is refused.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.codec;
