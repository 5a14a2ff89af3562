/**
 * Upstream clusters: settings, hosts by priority and locality, load balancing, circuit breakers and
 * outlier detection. Everything is readable from any event loop without locks; changes come as one
 * swap of an immutable host set. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto">Envoy's
 * Cluster</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster;
