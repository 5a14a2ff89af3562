/**
 * The admin interface in Envoy's shapes. Runs on a thread of its own and never on an event loop.
 * See <a href="https://www.envoyproxy.io/docs/envoy/latest/operations/admin">administration
 * interface</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.admin;
