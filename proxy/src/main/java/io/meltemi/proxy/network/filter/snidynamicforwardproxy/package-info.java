/**
 * {@code envoy.filters.network.sni_dynamic_forward_proxy}: the server name of a TLS connection is
 * the host that the TCP proxy behind it connects to. Event loops.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.snidynamicforwardproxy;
