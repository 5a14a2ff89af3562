/**
 * Hosts drawn by the weights that their own load reports give them. Any event loop. Implements
 * Envoy's {@code client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.cluster.lb.clientsideweighted;
