/**
 * Transport sockets: TLS towards clients and hosts, its certificates, secrets and checks. Contexts
 * are made on the configuration thread or at first use; handlers belong to the event loop of their
 * connection. Implements Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto">TLS
 * transport socket</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.transport;
