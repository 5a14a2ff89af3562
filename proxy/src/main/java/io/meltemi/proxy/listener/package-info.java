/**
 * Listeners: sockets that accept, listener filters that peek, and the choice of the filter chain.
 * Parsed and put in force by the configuration thread; accepting and matching happen on the event
 * loop of the connection. Implements Envoy's {@code config.listener.v3}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.listener;
