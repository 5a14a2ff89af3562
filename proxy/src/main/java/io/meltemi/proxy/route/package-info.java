/**
 * Route tables: which virtual host and route answer a request, and what that route says. Parsed
 * once on the configuration thread, immutable afterwards, matched on every event loop without
 * allocation. Implements Envoy's {@code config.route.v3}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.route;
