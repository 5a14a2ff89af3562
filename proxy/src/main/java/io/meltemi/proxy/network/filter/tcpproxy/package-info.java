/**
 * The TCP proxy: bytes of a connection to one host of a cluster and back. Both connections live on
 * one event loop. Implements Envoy's {@code tcp_proxy.v3.TcpProxy}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.tcpproxy;
