/**
 * Connections to hosts: one pool per event loop and host, leased to one stream at a time. A
 * connection stays on the loop of its pool. Implements Envoy's HTTP/1.1 connection pool.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.upstream;
