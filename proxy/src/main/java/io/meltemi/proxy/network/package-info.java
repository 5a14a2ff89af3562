/**
 * Network filters: what a connection's bytes run through once its filter chain is chosen. A filter
 * is a Netty handler on the connection's event loop; the last of a chain ends it, as {@code
 * TcpProxy} and the HTTP connection manager do.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network;
