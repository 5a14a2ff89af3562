/** {@code istio.stats} for requests. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.istiostats;
