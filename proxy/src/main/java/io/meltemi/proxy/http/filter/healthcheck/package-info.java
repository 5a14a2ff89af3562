/**
 * The health check filter: answers checks of this proxy itself. Event loop of the stream.
 * Implements Envoy's {@code health_check.v3.HealthCheck}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.healthcheck;
