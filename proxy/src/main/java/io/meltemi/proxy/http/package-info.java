/**
 * The HTTP connection manager: connections to streams, the filter chain, and the router. Everything
 * of a connection runs on its event loop. Implements Envoy's {@code HttpConnectionManager} and
 * {@code Router} configuration for HTTP/1.1.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http;
