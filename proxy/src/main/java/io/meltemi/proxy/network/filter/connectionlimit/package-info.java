/**
 * The network filter that bounds how many connections a chain has at once. Event loop of the
 * connection; the count is shared. Implements Envoy's {@code connection_limit.v3.ConnectionLimit}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.connectionlimit;
