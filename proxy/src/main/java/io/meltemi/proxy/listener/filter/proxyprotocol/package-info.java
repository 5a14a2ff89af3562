/**
 * The {@code proxy_protocol} listener filter: what a load balancer in front tells of the connection
 * it forwards (versions 1 and 2 of <a
 * href="https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt">the PROXY protocol</a>). Event
 * loop of the connection.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.listener.filter.proxyprotocol;
