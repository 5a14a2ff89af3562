/** {@code istio.stats} for connections. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.istiostats;
