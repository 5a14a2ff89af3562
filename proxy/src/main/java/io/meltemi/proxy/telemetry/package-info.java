/**
 * Counters, gauges and histograms under Envoy's names, the record of one stream, response flags and
 * access logs. Counting is done on event loops without locks; scraping and log writing happen
 * elsewhere. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage">access
 * logging</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.telemetry;
