/**
 * The configuration in force: what the bootstrap and the control plane say becomes clusters, route
 * tables and listeners, warmed first and swapped at once. Everything here runs on the configuration
 * loop; event loops only see the volatile swaps. See Envoy's <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/cluster_manager#cluster-warming">warming</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.snapshot;
