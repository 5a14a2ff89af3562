/**
 * Connections that never leave the proxy: from an upstream address to a listener of its own, as
 * tunnels need them. Both ends live on one event loop.
 *
 * @see <a
 *     href="https://www.envoyproxy.io/docs/envoy/latest/configuration/other_features/internal_listener">Internal
 *     listener</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.transport.internal;
