/**
 * Connections to hosts: one pool per event loop and host. An HTTP/1.1 connection is leased to one
 * stream at a time, an HTTP/2 connection to many. A connection stays on the loop of its pool.
 * Implements Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/connection_pooling">connection
 * pools</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.upstream;
