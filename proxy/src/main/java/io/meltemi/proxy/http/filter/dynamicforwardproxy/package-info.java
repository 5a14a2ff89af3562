/**
 * {@code envoy.filters.http.dynamic_forward_proxy}: looks the host of a request up before it is
 * routed to a cluster of such hosts. Event loops.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.dynamicforwardproxy;
